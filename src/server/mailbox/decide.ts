import type { RegardingRef } from '../../model/records.ts';
import type { Acceptor, Match, NotTrackedWhy, Question, TrackedWhy, UntrackedWhy } from '../../model/tracking-why.ts';
import { canonicalAddress, entryOf } from './rules/address-list.ts';
import { covers, type FolderRule } from './rules.ts';
import type { MailboxSettings } from './settings.ts';
import type { SourceFolder, SourceItem } from './source.ts';

/** What a daemon does with one mail, and why. Pure: the same facts give the same decision. */
export type Decision =
  /** To be handed over; `regarding` is the folder rule's. */
  | { readonly kind: 'track'; readonly why: TrackedWhy; readonly regarding: RegardingRef | null }
  /** Whether anybody wants it is for the CRM to say: see `decideByAnswer`. */
  | { readonly kind: 'ask'; readonly question: Question }
  /** Tracked already, and in a folder with another regarding record now: only while it is regarding what is said here. */
  | {
      readonly kind: 'relink';
      readonly why: TrackedWhy;
      readonly regarding: RegardingRef;
      readonly onlyIfRegarding: { readonly id: string | null };
    }
  | { readonly kind: 'untrack'; readonly why: UntrackedWhy; readonly keepRecord: boolean }
  | { readonly kind: 'leave'; readonly why: NotTrackedWhy }
  /** Tracked already; the CRM has the row, whoever brought it. */
  | { readonly kind: 'there'; readonly why: TrackedWhy }
  /** Decided before, and nothing has happened since that would change it. */
  | { readonly kind: 'nothing' };

/** What became of the mail before. */
export interface Before {
  /** It is in the CRM or on its way there, through this mailbox or as somebody else's row. */
  readonly tracked: boolean;
  /** Its category as it was last seen; null: never seen. */
  readonly wasMarked: boolean | null;
  /** Id of the record that a folder rule linked it to; null: no rule did. */
  readonly linkedByRule: string | null;
}

export const unseen: Before = { tracked: false, wasMarked: null, linkedByRule: null };

export interface Circumstances {
  readonly settings: MailboxSettings;
  readonly folder: Pick<SourceFolder, 'id' | 'role'>;
  /** The rule of the folder (`ruleOf`), if there is one. */
  readonly rule: FolderRule | undefined;
  /** When the mail came into this folder, ISO 8601; null: it was there when the folder was first looked through. */
  readonly filedAt: string | null;
  /** The mailbox's own addresses, canonical. */
  readonly own: ReadonlySet<string>;
  /** Addresses and domains of the organisation, canonical (address-list.ts). */
  readonly ours: ReadonlySet<string>;
  /** From when on mail is tracked automatically, ISO 8601: the later of all such limits. */
  readonly start: string;
  /** Its owner took it back. No rule overrules that; a category set since then does. */
  readonly untracked: boolean;
}

/**
 * Our category first, then the folder's rule, which are wishes of a person and ask no filter; then the automatic tracking, with
 * everything that keeps a mail from it, before anybody else is asked about the mail.
 */
export function decide(item: SourceItem, before: Before, facts: Circumstances): Decision {
  const { settings, rule, untracked } = facts;
  const isTaken = settings.category && item.isMarked && (!untracked || before.wasMarked === false);
  const isFiled = rule !== undefined && covers(rule, { receivedAt: item.receivedAt, filedAt: facts.filedAt });
  if (before.tracked && !untracked) return decideAgain(item, before, settings, isFiled ? rule : undefined);
  if (item.isDraft) return leave({ code: 'draft' });
  if (isTaken) return track({ code: 'category' }, isFiled ? rule.regarding : null);
  if (untracked) return leave({ code: 'untracked-by-owner' });
  if (isFiled) return track(ruleWhy(rule), rule.regarding);
  return decideAutomatic(item, facts);
}

function decideAgain(
  item: SourceItem,
  before: Before,
  settings: MailboxSettings,
  rule: FolderRule | undefined,
): Decision {
  if (settings.category && before.wasMarked === true && !item.isMarked)
    return {
      kind: 'untrack',
      why: { code: 'category-removed' },
      keepRecord: settings.categoryRemoved === 'keep',
    };
  const regarding = rule?.regarding ?? null;
  if (rule === undefined || regarding === null || regarding.id === before.linkedByRule) return { kind: 'nothing' };
  return { kind: 'relink', why: ruleWhy(rule), regarding, onlyIfRegarding: { id: before.linkedByRule } };
}

function decideAutomatic(item: SourceItem, facts: Circumstances): Decision {
  const { settings, folder, rule } = facts;
  const question = questionOf(folder, settings);
  if (question === undefined)
    return leave(rule === undefined ? { code: 'folder-not-watched' } : { code: 'before-rule', rule: rule.id });
  if (settings.automatic === 'off') return leave({ code: 'automatic-off' });
  if (Date.parse(item.receivedAt) < Date.parse(facts.start)) return leave({ code: 'before-start', start: facts.start });
  if (item.from === null || item.from.address === '') return leave({ code: 'no-sender' });
  const never = neverTracked(item, facts);
  if (never !== undefined) return leave(never);
  if (settings.internal === 'skip' && isInternal(item, facts.ours)) return leave({ code: 'internal' });
  if (settings.private === 'skip' && item.sensitivity !== 'normal')
    return leave({ code: 'private', sensitivity: item.sensitivity });
  return { kind: 'ask', question };
}

function questionOf({ role }: Circumstances['folder'], settings: MailboxSettings): Question | undefined {
  if (role === 'inbox' && settings.incoming) return 'incoming';
  return role === 'sent' && settings.sentItems ? 'sent' : undefined;
}

/** Anybody on the mail counts: who must not appear in the CRM does not appear there as somebody's carbon copy either. */
function neverTracked(item: SourceItem, { settings, own }: Circumstances): NotTrackedWhy | undefined {
  if (settings.neverTrack.length === 0) return undefined;
  const list = new Set(settings.neverTrack);
  for (const { address } of everybody(item)) {
    const entry = own.has(canonicalAddress(address) ?? '') ? undefined : entryOf(list, address);
    if (entry !== undefined) return { code: 'never-list', entry, address };
  }
  return undefined;
}

/** Sender and all recipients are ours. A mail whose recipients are not shown went to this mailbox at least, which is ours. */
function isInternal(item: SourceItem, ours: ReadonlySet<string>): boolean {
  return everybody(item).every(({ address }) => address === '' || entryOf(ours, address) !== undefined);
}

function everybody({ from, to, cc, bcc }: SourceItem) {
  return [...(from === null ? [] : [from]), ...to, ...cc, ...bcc];
}

/** What the CRM answers when it is asked about a mail; `away` is no answer. */
export type CrmAnswer =
  | { readonly kind: 'accepted'; readonly by: Acceptor | null; readonly match: Match | null }
  | { readonly kind: 'already-there' }
  | { readonly kind: 'no-recipient-match' }
  /** Someone of ours is on it, and nobody's filter takes it. */
  | { readonly kind: 'not-accepted'; readonly asked: readonly Acceptor[] }
  /** The organisation tracks no sent mail automatically. */
  | { readonly kind: 'sent-not-tracked' }
  /** No, for a reason that only this CRM knows. */
  | { readonly kind: 'refused'; readonly reason: number | null };

export function decideByAnswer(question: Question, answer: CrmAnswer): Decision {
  switch (answer.kind) {
    case 'accepted':
      return track({ code: 'accepted', question, by: answer.by, match: answer.match }, null);
    case 'already-there':
      return { kind: 'there', why: { code: 'already-there' } };
    case 'no-recipient-match':
    case 'sent-not-tracked':
      return leave({ code: answer.kind });
    case 'not-accepted': {
      const { asked } = answer;
      const isNone = asked.length > 0 && asked.every(({ filter }) => filter === 'none');
      return leave({ code: isNone ? 'filter-none' : 'no-correlation-match', asked });
    }
    case 'refused':
      return leave({ code: 'refused-by-crm', reason: answer.reason });
  }
}

/**
 * The last look, after the whole mail was read: of an encrypted one only the headers go into the CRM, and where nobody asked for
 * it by hand, only if its owner agreed to that.
 */
export function decideByContent(
  why: TrackedWhy,
  { encrypted }: { readonly encrypted: boolean },
  settings: MailboxSettings,
): 'whole' | 'headers-only' | NotTrackedWhy {
  if (!encrypted) return 'whole';
  return why.code === 'accepted' && settings.encrypted === 'skip' ? { code: 'encrypted' } : 'headers-only';
}

function track(why: TrackedWhy, regarding: RegardingRef | null): Decision {
  return { kind: 'track', why, regarding };
}

function leave(why: NotTrackedWhy): Decision {
  return { kind: 'leave', why };
}

function ruleWhy({ id, folderId, origin }: FolderRule): TrackedWhy {
  return { code: 'folder-rule', rule: id, folder: folderId, origin };
}
