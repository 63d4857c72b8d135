import { contentKeyOf, identifyMail, stampHeader } from '../../model/item-key.ts';
import { readHeaders } from '../../model/mail-headers.ts';
import { isGuid } from '../../model/uuid.ts';
import type { MailboxClaim } from './claim.ts';
import {
  areFoldersDue,
  folderOf,
  forgetCursor,
  forgetFolder,
  listFolders,
  readFolders,
  treeOf,
  type FolderRow,
} from './folders.ts';
import { checkCounts } from './heartbeat.ts';
import { storePage } from './items.ts';
import { reopenForLateRules } from './late-rules.ts';
import { setMarks } from './marks.ts';
import type { FoundMail } from './meet.ts';
import { canonicalAddress } from './rules/address-list.ts';
import { tellTroubles } from './rule-troubles.ts';
import { foldersOf, type FolderRule } from './rules.ts';
import type { MailboxSettings } from './settings.ts';
import { SourceError, type ChangePage, type MailSource, type SourceItem } from './source.ts';
import { workOff } from './work.ts';
import type { WorkServices } from './work-services.ts';

export interface PollServices extends WorkServices {
  readonly settingsOf: (claim: MailboxClaim) => MailboxSettings;
  /** Null: the CRM, which has some of them, does not answer now. */
  readonly rulesOf: (claim: MailboxClaim) => Promise<readonly FolderRule[] | null>;
  /** Canonical addresses and domains of the organisation. */
  readonly oursOf: () => Promise<ReadonlySet<string>>;
}

/** What one look into a mailbox brought. */
export interface Look {
  readonly found: number;
  /** There is more, at once. */
  readonly again: boolean;
  /** The CRM was away: what was found is decided when it is back. */
  readonly undecided: boolean;
  readonly cursors: readonly { readonly folderId: string; readonly cursor: string }[];
}

/** Pages of one folder in one run, so that a flood does not keep the others waiting. */
const mostPages = 10;
/** Folders of a run beside Inbox, Sent Items and those of rules: the others take turns. */
const mostOthers = 8;

/**
 * One look into a mailbox: what is new in its folders, then what is to be done about it.
 * @throws {SourceError | LostClaim}
 */
export async function poll(services: PollServices, claim: MailboxClaim, source: MailSource): Promise<Look> {
  const settings = services.settingsOf(claim);
  const rules = await services.rulesOf(claim);
  let folders = await readFolders(services.store, claim, source);
  if (rules !== null) {
    const tree = treeOf(folders);
    await tellTroubles(services.store, claim, { rules, tree, mayBeOver: areFoldersDue(claim) });
    if (await reopenForLateRules(services.store, claim, rules, tree))
      folders = await listFolders(services.store, claim.id);
  }
  const cursors: { folderId: string; cursor: string }[] = [];
  const whole: FolderRow[] = [];
  let found = 0;
  let again = false;
  let undecided = rules === null;
  for (const folder of watched(folders, settings, rules ?? [])) {
    const read = await readFolder(services, claim, source, folder);
    found += read.found;
    again ||= read.more;
    if (read.isWhole) whole.push(folder);
    if (read.cursor !== null) cursors.push({ folderId: folder.folder_id, cursor: read.cursor });
  }
  if (rules !== null) {
    const own = new Set([canonicalAddress(claim.address) ?? claim.address]);
    const ours = await services.oursOf();
    const worked = await workOff(services, { claim, source, settings, folders, rules, own, ours });
    again ||= worked.more;
    undecided = worked.undecided;
  }
  await setMarks(services.store, claim, source);
  const anew = await checkCounts(services.store, claim, source, whole);
  return {
    found,
    again: again || anew !== null,
    undecided,
    cursors: cursors.filter(({ folderId }) => folderId !== anew),
  };
}

/** Inbox, Sent Items and the folders of rules each time; where our category is looked for, the others by turns. */
function watched(folders: readonly FolderRow[], settings: MailboxSettings, rules: readonly FolderRule[]): FolderRow[] {
  const ruled = foldersOf(rules, folders.map(folderOf));
  const isMain = ({ folder_id: id, role }: FolderRow) =>
    ruled.has(id) || (role === 'inbox' && settings.incoming) || (role === 'sent' && settings.sentItems);
  const others = folders.filter((folder) => !isMain(folder) && !unwatched.has(folder.role));
  const turn = settings.category
    ? others.sort((a, b) => (a.polled_at ?? 0) - (b.polled_at ?? 0)).slice(0, mostOthers)
    : [];
  return [...folders.filter(isMain), ...turn];
}

const unwatched: ReadonlySet<FolderRow['role']> = new Set(['drafts', 'trash', 'junk']);

interface FolderRead {
  readonly found: number;
  readonly more: boolean;
  /** There is nothing left to be told. */
  readonly isWhole: boolean;
  /** To be stored with the end of the run; null: it is stored. */
  readonly cursor: string | null;
}

async function readFolder(
  services: PollServices,
  claim: MailboxClaim,
  source: MailSource,
  folder: FolderRow,
): Promise<FolderRead> {
  let { cursor } = folder;
  let found = 0;
  for (let page = 0; page < mostPages; page += 1) {
    const changes = await changesOf(services, claim, source, { ...folder, cursor });
    if (typeof changes === 'string') return { found, more: changes === 'cursor-lost', isWhole: false, cursor: null };
    const isEmpty = changes.items.length === 0 && changes.gone.length === 0;
    if (isEmpty && !changes.more) return { found, more: false, isWhole: true, cursor: changes.cursor };
    found += await storePage(services.store, claim, folder, { ...changes, mails: await name(services, changes.items) });
    if (!changes.more) return { found, more: false, isWhole: true, cursor: null };
    ({ cursor } = changes);
  }
  return { found, more: true, isWhole: false, cursor: null };
}

/** The server forgot where we were, and the next run begins anew; or the folder is gone, which is not the mailbox's trouble. */
async function changesOf(
  { store }: PollServices,
  claim: MailboxClaim,
  source: MailSource,
  folder: FolderRow,
): Promise<ChangePage | 'cursor-lost' | 'gone'> {
  try {
    return await source.changes(folder.folder_id, folder.cursor, new Date(folder.since));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.code === 'not-found') {
      await forgetFolder(store, claim, folder);
      return 'gone';
    }
    if (error.code !== 'cursor-lost') throw error;
    await forgetCursor(store, claim, folder);
    return error.code;
  }
}

async function name({ tenantId, digest }: PollServices, items: readonly SourceItem[]): Promise<FoundMail[]> {
  return Promise.all(
    items.map(async (item) => {
      const stamp = readHeaders(item.headers ?? '').get(stampHeader);
      const stamped = stamp !== undefined && isGuid(stamp) ? { ...item, stamp } : item;
      const identity = await identifyMail(tenantId, stamped, digest);
      return { item, identity, contentKey: await contentKeyOf(tenantId, identity.fingerprint, digest) };
    }),
  );
}
