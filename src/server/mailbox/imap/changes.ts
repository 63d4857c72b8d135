import type { ImapFlow } from 'imapflow';
import { SourceError, type ChangePage, type SourceItem } from '../source.ts';
import { readCursor, writeCursor, type FolderState } from './cursor.ts';
import { isMarked, itemQuery, toItem, writeItemId } from './item.ts';
import { openLook, search } from './look.ts';
import { stayInFolder } from './select.ts';
import { formatUids, isIn, join, listUids, subtract, takeLowest, uidSet, type UidSet } from './uid-set.ts';

const goneOnPage = 1_000;

export interface ChangesQuestion {
  readonly folderId: string;
  readonly cursor: string | null;
  readonly since: Date;
  /** Most items on the page. */
  readonly pageSize: number;
  readonly now: Date;
}

/** One page of what happened in a folder. Bounded in what it reads, keeps and answers, however large the folder is. */
export async function readPage(client: ImapFlow, question: ChangesQuestion): Promise<ChangePage> {
  const { folderId, cursor, since, pageSize, now } = question;
  const before = cursor === null ? null : readCursor(cursor, folderId);
  let state: FolderState;
  if (before === null || !hasMore(before)) {
    state = await openLook(client, folderId, before, since);
  } else {
    if ((await stayInFolder(client, folderId)) !== before.validity) throw renumbered();
    state = before;
  }
  while (state.todo.length === 0 && state.at < state.next) state = await search(client, state);

  const { taken, rest } = takeLowest(state.todo, pageSize);
  const read = await readItems(client, state, taken, now);
  const gone = takeLowest(state.gone, goneOnPage);
  const after: FolderState = { ...state, todo: rest, gone: gone.rest, window: told(state, taken, read.marked) };
  const more = hasMore(after);
  return {
    items: read.items,
    // On Gmail a mail that left a folder only lost a label: it is where its id says, and the folder it went to tells of it.
    gone: isGmail(client) ? [] : listUids(gone.taken).map((uid) => placeOf(state, uid)),
    cursor: writeCursor(more ? after : { ...after, since: null }),
    more,
  };
}

const hasMore = ({ todo, gone, at, next }: FolderState) => todo.length > 0 || gone.length > 0 || at < next;

export function renumbered(): SourceError {
  return new SourceError('cursor-lost', 'IMAP: the server numbers the mails of this folder anew (UIDVALIDITY).');
}

export function isGmail(client: ImapFlow): boolean {
  return client.capabilities.has('X-GM-EXT-1');
}

const placeOf = ({ validity, path }: FolderState, uid: number) =>
  writeItemId({ kind: 'uid', folderId: path, validity, uid });

async function readItems(client: ImapFlow, state: FolderState, uids: UidSet, now: Date) {
  const items: SourceItem[] = [];
  const marked: number[] = [];
  if (uids.length === 0) return { items, marked };
  for await (const mail of client.fetch(formatUids(uids), itemQuery, { uid: true })) {
    // A server may add news about the flags of any mail; those have no envelope, and come again at the next look.
    if (mail.envelope === undefined || !isIn(uids, mail.uid)) continue;
    if (isMarked(mail.flags)) marked.push(mail.uid);
    const id =
      isGmail(client) && mail.emailId !== undefined && /^\d{1,20}$/.test(mail.emailId)
        ? writeItemId({ kind: 'gmail', messageNumber: mail.emailId })
        : placeOf(state, mail.uid);
    const item = toItem(mail, id, state.path, now);
    // SEARCH SINCE knows days only, and those of the server's zone.
    if (state.since === null || Date.parse(item.receivedAt) >= state.since) items.push(item);
  }
  return { items, marked };
}

/** What the caller now knows to be marked. */
function told({ window }: FolderState, taken: UidSet, marked: readonly number[]): FolderState['window'] {
  return window && { ...window, marked: join(subtract(window.marked, taken), uidSet(marked)) };
}
