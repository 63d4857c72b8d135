import type { RegardingRef } from '../../model/records.ts';
import type { FolderRole, SourceFolder } from './source.ts';

/** Mail in a folder is tracked, and linked to the regarding record if there is one. */
export interface FolderRule {
  readonly id: string;
  /** Of the source; where it can, it stays the same when the folder is renamed or moved. */
  readonly folderId: string;
  readonly includeSubfolders: boolean;
  readonly regarding: RegardingRef | null;
  /** `new`: what arrives, or is put into the folder, from `since` on. */
  readonly appliesTo: 'new' | 'all';
  /** ISO 8601 */
  readonly since: string;
  /** `crm`: a row of the CRM's own table of tracked folders, which a client written for the original made. */
  readonly origin: 'own' | 'crm';
  /** What keeps it from being followed, whatever the folders are; absent: nothing. */
  readonly trouble?: RuleTrouble;
}

/** Why a rule does nothing until somebody changes it, or puts the folder back. */
export const ruleTroubles = [
  'folder-gone', // deleted, or nobody shows it to us any more
  'in-trash',
  'in-junk',
  'in-drafts',
  'outside-inbox', // the original tracks nothing outside the Inbox: only of a `crm` rule
  'unknown-regarding', // the record is of a table that a mail cannot be regarding here
] as const;
export type RuleTrouble = (typeof ruleTroubles)[number];

export interface FolderTree {
  folder(id: string): SourceFolder | undefined;
  /** The folder, its parent, and so on up to the root. */
  upwards(id: string): readonly SourceFolder[];
}

/** Folders as a server lists them: a parent that is missing ends the way up, and a circle is walked once. */
export function createFolderTree(folders: readonly SourceFolder[]): FolderTree {
  const byId = new Map(folders.map((folder) => [folder.id, folder]));
  const upwards = (id: string): readonly SourceFolder[] => {
    const way = new Set<SourceFolder>();
    let at = byId.get(id);
    while (at !== undefined && !way.has(at)) {
      way.add(at);
      at = at.parentId === null ? undefined : byId.get(at.parentId);
    }
    return [...way];
  };
  return { folder: (id) => byId.get(id), upwards };
}

const troubleOfRole: ReadonlyMap<FolderRole | null, RuleTrouble> = new Map([
  ['trash', 'in-trash'],
  ['junk', 'in-junk'],
  ['drafts', 'in-drafts'],
]);

/** A renamed folder, and one moved among ordinary folders, is tracked as before. */
export function troubleOf({ folderId, origin, trouble: own }: FolderRule, tree: FolderTree): RuleTrouble | null {
  const way = tree.upwards(folderId);
  if (way.length === 0) return 'folder-gone';
  for (const { role } of way) {
    const trouble = troubleOfRole.get(role);
    if (trouble !== undefined) return trouble;
  }
  if (origin === 'crm' && !way.some(({ role }) => role === 'inbox')) return 'outside-inbox';
  return own ?? null;
}

/**
 * The rule that a mail of this folder falls under: the folder's own, else that of the nearest folder above whose rule includes
 * sub-folders. Of two rules of one folder ours goes before the CRM's, and the older before the newer.
 */
export function ruleOf(rules: readonly FolderRule[], tree: FolderTree, folderId: string): FolderRule | undefined {
  const able = rules.filter((rule) => troubleOf(rule, tree) === null);
  for (const { id } of tree.upwards(folderId)) {
    const own = able.filter((rule) => rule.folderId === id && (id === folderId || rule.includeSubfolders));
    if (own.length > 0) return own.sort(inOrder)[0];
  }
  return undefined;
}

function inOrder(one: FolderRule, other: FolderRule): number {
  const place = ({ origin, since, id }: FolderRule) => `${origin === 'own' ? 0 : 1} ${since} ${id}`;
  return place(one) < place(other) ? -1 : 1;
}

/** Folders that have to be watched for these rules: theirs, and all below where a rule includes sub-folders. */
export function foldersOf(rules: readonly FolderRule[], folders: readonly SourceFolder[]): ReadonlySet<string> {
  const tree = createFolderTree(folders);
  return new Set(folders.map(({ id }) => id).filter((id) => ruleOf(rules, tree, id) !== undefined));
}

/** When a mail came into its folder; `filedAt` null: it was there when the folder was first looked through. */
export interface Arrival {
  readonly receivedAt: string;
  readonly filedAt: string | null;
}

export function covers({ appliesTo, since }: FolderRule, { receivedAt, filedAt }: Arrival): boolean {
  const from = Date.parse(since);
  return appliesTo === 'all' || Date.parse(receivedAt) >= from || (filedAt !== null && Date.parse(filedAt) >= from);
}

/** A mail of the folder, as it stands in the CRM now. */
export interface FiledMail extends Arrival {
  /** Of the daemon. */
  readonly itemId: string;
  readonly state: 'tracked' | 'not-tracked' | 'untracked-by-owner';
  /** As the CRM says now. */
  readonly regarding: RegardingRef | null;
  /** Id of the record that a folder rule linked it to last; null: no rule did. */
  readonly linkedByRule: string | null;
}

export const ruleEffects = [
  'track',
  'link', // tracked, regarding nothing so far
  'relink', // regarding what a rule said before
  'same', // nothing to be done
  'by-hand', // somebody chose what it is regarding, or that it is regarding nothing
  'untracked', // its owner took it back
  'before-rule', // the rule is for new mail only
] as const;
export type RuleEffect = (typeof ruleEffects)[number];

/**
 * What a rule means for one mail of its folder. A link that a person made, or took away, in the CRM is never overwritten:
 * only what a rule has said is a rule's to change.
 */
export function effectOf(rule: FolderRule, mail: FiledMail): RuleEffect {
  if (mail.state === 'untracked-by-owner') return 'untracked';
  if (!covers(rule, mail)) return 'before-rule';
  if (mail.state === 'not-tracked') return 'track';
  if (rule.regarding === null || rule.regarding.id === mail.regarding?.id) return 'same';
  if ((mail.regarding?.id ?? null) !== mail.linkedByRule) return 'by-hand';
  return mail.regarding === null ? 'link' : 'relink';
}

export interface RulePreview {
  readonly mails: readonly { readonly mail: FiledMail; readonly effect: RuleEffect }[];
  readonly counts: Readonly<Record<RuleEffect, number>>;
}

/** What would happen to the mails of a folder if this rule were in force: shown before it is, so that nothing comes as a surprise. */
export function previewRule(rule: FolderRule, mails: readonly FiledMail[]): RulePreview {
  const judged = mails.map((mail) => ({ mail, effect: effectOf(rule, mail) }));
  const counts = Object.fromEntries(
    ruleEffects.map((effect) => [effect, judged.filter((each) => each.effect === effect).length]),
  ) as Record<RuleEffect, number>;
  return { mails: judged, counts };
}
