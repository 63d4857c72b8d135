import type { ImapFlow } from 'imapflow';
import { SourceError } from '../source.ts';
import type { FolderState } from './cursor.ts';
import { hasFlag, trackedKeyword } from './item.ts';
import { openFolder, searchUids, type OpenFolder } from './select.ts';
import { join, listUids, sizeOf, subtract, takeHighest, takeLowest, uidSet, type UidSet } from './uid-set.ts';

/** Most UIDs that wait in a cursor. */
const chunk = 5_000;
/** Without QRESYNC the cursor itself has to say what was there: so many of the newest mails. */
const windowSize = 5_000;
const day = 86_400_000;

/**
 * Opens a folder and compares it with what is told of it. Three kinds of servers:
 * - with QRESYNC (RFC 7162) one question answers what changed and what vanished since a mod-sequence;
 * - with CONDSTORE only, the same question answers what changed;
 * - otherwise, and for what vanished in the second case, the UIDs that are there and those with our keyword are compared with
 *   the window in the cursor: exact for the newest 5,000 mails. What is older comes and goes unnoticed there, but for the count.
 */
export async function openLook(
  client: ImapFlow,
  path: string,
  before: FolderState | null,
  since: Date,
): Promise<FolderState> {
  const folder = await openFolder(client, path);
  if (before === null) return beginLook(client, folder, since);
  if (before.validity !== folder.validity) throw lost('it numbers the mails of this folder anew (UIDVALIDITY)');
  const isOlder = before.modseq !== null && folder.modseq !== null && BigInt(folder.modseq) < BigInt(before.modseq);
  if (isOlder || folder.next < before.next) throw lost('it was set back');
  const window = await compareWindow(client, folder, before);
  const isUnchanged = before.modseq !== null && before.modseq === folder.modseq;
  const isCompared = isUnchanged || before.modseq === null;
  return {
    path,
    validity: folder.validity,
    since: null,
    seen: before.next,
    next: folder.next,
    at: isCompared ? before.next : 1,
    base: before.modseq,
    modseq: folder.modseq,
    exists: folder.exists,
    todo: window.changed,
    gone: window.gone,
    window: window.next,
  };
}

/** Walks on: through what was told of once, then through what is new. */
export async function search(client: ImapFlow, state: FolderState): Promise<FolderState> {
  return state.at < state.seen ? searchChanged(client, state) : searchNew(client, state);
}

async function beginLook(client: ImapFlow, folder: OpenFolder, since: Date): Promise<FolderState> {
  const { path, validity, next, modseq, exists } = folder;
  const window = tellsVanished(client, folder)
    ? null
    : { known: [], marked: modseq === null ? await searchMarked(client, folder, next) : [] };
  const none = { base: null, todo: [], gone: [], window };
  return { path, validity, since: since.getTime(), seen: 1, next, at: 1, modseq, exists, ...none };
}

const tellsVanished = (client: ImapFlow, folder: OpenFolder) => folder.modseq !== null && client.enabled.has('QRESYNC');

async function searchNew(client: ImapFlow, state: FolderState): Promise<FolderState> {
  const { at, next, since, window } = state;
  const from = since === null || since < day ? {} : { since: new Date(since - day) };
  const { taken, rest } = takeLowest(await searchUids(client, [at, next - 1], from), chunk);
  return {
    ...state,
    todo: taken,
    at: rest[0]?.[0] ?? next,
    window: window && { ...window, known: takeHighest(join(window.known, taken), windowSize) },
  };
}

async function searchChanged(client: ImapFlow, state: FolderState): Promise<FolderState> {
  const { at, seen, base } = state;
  const changed: number[] = [];
  const vanished: number[] = [];
  const isOld = (uid: number | undefined): uid is number => uid !== undefined && at <= uid && uid < seen;
  const onExpunge = ({ uid }: { uid?: number }) => {
    if (isOld(uid)) vanished.push(uid);
  };
  client.on('expunge', onExpunge);
  try {
    const range = `${String(at)}:${String(seen - 1)}`;
    // imapflow adds VANISHED where QRESYNC is on; those come as events.
    const answers = client.fetch(range, { uid: true }, { uid: true, changedSince: BigInt(base ?? '0') });
    for await (const { uid } of answers) if (isOld(uid)) changed.push(uid);
  } finally {
    client.off('expunge', onExpunge);
  }
  const { taken, rest } = takeLowest(uidSet(changed), chunk);
  const end = rest[0]?.[0] ?? seen;
  // What vanished further on is told again by the next question.
  const gone = uidSet(vanished.filter((uid) => uid < end));
  return { ...state, todo: taken, at: end, gone: join(state.gone, gone) };
}

interface Comparison {
  readonly changed: UidSet;
  readonly gone: UidSet;
  readonly next: FolderState['window'];
}

async function compareWindow(client: ImapFlow, folder: OpenFolder, before: FolderState): Promise<Comparison> {
  const { window } = before;
  const isNeeded = !tellsVanished(client, folder);
  if (window === null) {
    if (isNeeded) throw lost('it does not tell any more what changed (QRESYNC)');
    return { changed: [], gone: [], next: null };
  }
  // No mail came and the number is the same: none left either.
  const isSame = folder.exists === before.exists && folder.next === before.next;
  const lowest = window.known[0]?.[0];
  const there = isSame || lowest === undefined ? window.known : await searchUids(client, [lowest, before.next - 1]);
  const gone = subtract(window.known, there);
  const marked = before.modseq === null ? await searchMarked(client, folder, before.next) : window.marked;
  const changed = subtract(differences(window.marked, marked), gone);
  return { changed, gone, next: isNeeded ? { known: subtract(window.known, gone), marked: window.marked } : null };
}

/** Of two sets that may have been cut to their newest, the part that can be compared. */
function differences(told: UidSet, marked: UidSet): UidSet {
  const isCut = sizeOf(told) >= windowSize || sizeOf(marked) >= windowSize;
  const lowest = isCut ? Math.max(told[0]?.[0] ?? 1, marked[0]?.[0] ?? 1) : 1;
  const both = join(subtract(told, marked), subtract(marked, told));
  return lowest === 1 ? both : uidSet(listUids(both).filter((uid) => uid >= lowest));
}

async function searchMarked(client: ImapFlow, folder: OpenFolder, below: number): Promise<UidSet> {
  // A keyword that the folder never had: imapflow would leave the condition out and find everything.
  const keyword = [...(folder.mailbox.flags ?? [])].find((flag) => hasFlag(new Set([flag]), trackedKeyword));
  if (keyword === undefined) return [];
  return takeHighest(await searchUids(client, [1, below - 1], { keyword }), windowSize);
}

function lost(what: string): SourceError {
  return new SourceError('cursor-lost', `IMAP: the server cannot be asked what happened since: ${what}.`);
}
