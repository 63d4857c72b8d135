import { relative } from 'node:path';
import { headLimit, headOf } from '../mime/head.ts';
import type { SourceItem } from '../source.ts';
import type { BoxPosition, FolderCursor } from './folder-cursor.ts';
import { itemIdOf } from './item-id.ts';
import { readRange, type MailFile, type MailPath } from './mail-path.ts';
import { splitMbox } from './mbox.ts';
import { digest, readSummary, threadHeadersOf } from './summary.ts';

/** Clocks of file systems, and what is being written while it is listed: so much of the past is looked at again, milliseconds. */
const margin = 2_000;
/** Marks that a cursor holds at most; with more of them some mails are told again instead. */
const mostMarks = 2_000;
/** Of an mbox before the place where reading goes on. */
const beforeLength = 256;

const markOf = (mail: MailPath, file: MailFile) =>
  digest(JSON.stringify([relative(mail.path, file.path), file.stamp, file.changed]), 6);
const boxOf = (mail: MailPath, file: MailFile) => digest(relative(mail.path, file.path), 6);

export interface ItemPage {
  readonly items: readonly SourceItem[];
  readonly next: FolderCursor;
  readonly more: boolean;
}

/** The next mails of a folder in the order in which their files changed. */
export async function readItems(
  mail: MailPath,
  files: readonly MailFile[],
  cursor: FolderCursor,
  size: number,
): Promise<ItemPage> {
  const scanned = Date.now();
  const told = new Set(cursor.told);
  const waiting = files
    .filter((file) => file.changed >= cursor.from && !told.has(markOf(mail, file)))
    .sort((a, b) => a.changed - b.changed || (a.path < b.path ? -1 : 1));
  const items: SourceItem[] = [];
  const boxes = new Map(Object.entries(cursor.boxes));
  let [done, isHalfRead] = [0, false];
  for (const file of waiting) {
    if (items.length >= size || isHalfRead) break;
    if (file.format === 'mbox') {
      const box = await readBox(mail, file, boxes.get(boxOf(mail, file)), size - items.length);
      boxes.set(boxOf(mail, file), box.position);
      items.push(...box.items);
      isHalfRead = box.more;
    } else {
      items.push(...(await readFile(mail, file)));
    }
    if (!isHalfRead) done += 1;
  }
  const rest = waiting.slice(done);
  const more = rest.length > 0;
  const next = advance(mail, cursor, { told, read: waiting.slice(0, done), rest, files, scanned });
  const since = more ? cursor.since : null;
  const wanted =
    cursor.since === null ? items : items.filter(({ receivedAt }) => Date.parse(receivedAt) >= Number(cursor.since));
  return { items: wanted, next: { ...next, since, boxes: Object.fromEntries(boxes) }, more };
}

interface Progress {
  readonly told: ReadonlySet<string>;
  readonly read: readonly MailFile[];
  readonly rest: readonly MailFile[];
  readonly files: readonly MailFile[];
  readonly scanned: number;
}

/** Nothing that waits, and nothing that may still appear, is older than where the cursor goes on. */
function advance(mail: MailPath, cursor: FolderCursor, { told, read, rest, files, scanned }: Progress): FolderCursor {
  const reached = rest[0]?.changed ?? Number.POSITIVE_INFINITY;
  const from = Math.max(cursor.from, Math.min(reached, scanned - margin));
  const known = new Set(read.map((file) => markOf(mail, file)));
  const marks = files
    .filter((file) => file.changed >= from)
    .map((file) => markOf(mail, file))
    .filter((mark) => known.has(mark) || told.has(mark));
  return { ...cursor, from, told: marks.slice(-mostMarks) };
}

async function readFile(mail: MailPath, file: MailFile): Promise<SourceItem[]> {
  // A mail that goes away while it is listed is one that was not there.
  const head = await readRange(file.path, 0, Math.min(file.size, headLimit)).catch(() => null);
  if (head === null) return [];
  const place = {
    id: itemIdOf(mail, file),
    folderId: file.folder,
    size: file.size,
    version: digest(file.path + file.stamp, 9),
  };
  return [await readItem(head, file, place, mail.kind === 'Maildir')];
}

/** The mails of an mbox from where it was left: mail programs write new mail behind the old. */
async function readBox(mail: MailPath, file: MailFile, known: BoxPosition | undefined, most: number) {
  const begin = known && known.at <= file.size && (await digestBefore(file, known.at)) === known.before ? known.at : 0;
  const items: SourceItem[] = [];
  let [at, more] = [file.size, false];
  for await (const span of splitMbox(file.path, file.size, begin)) {
    if (items.length === most) {
      [at, more] = [span.separator, true];
      break;
    }
    const head = await readRange(file.path, span.start, Math.min(span.length, headLimit));
    const part = { span: { start: span.start, length: span.length }, head };
    const place = {
      id: itemIdOf(mail, file, part),
      folderId: file.folder,
      size: span.length,
      version: digest(headOf(head), 9),
    };
    items.push(await readItem(head, file, place, false));
  }
  return { items, position: { at, before: await digestBefore(file, at) }, more };
}

async function digestBefore(file: MailFile, at: number): Promise<string> {
  const start = Math.max(at - beforeLength, 0);
  return digest(await readRange(file.path, start, at - start), 9);
}

type ItemPlace = Pick<SourceItem, 'id' | 'folderId' | 'size' | 'version'>;

async function readItem(head: Uint8Array, file: MailFile, place: ItemPlace, isMaildir: boolean): Promise<SourceItem> {
  const summary = await readSummary(head);
  // A Maildir's file keeps the time of delivery; elsewhere it is the time at which somebody exported the mail.
  const received = isMaildir ? file.modified : (summary.received ?? file.modified);
  const { subject, from, to, cc, bcc, sensitivity } = summary;
  return {
    ...place,
    internetMessageId: summary.messageId,
    subject,
    from,
    to,
    cc,
    bcc,
    sentAt: summary.sent === null ? null : new Date(summary.sent).toISOString(),
    receivedAt: new Date(Math.round(received)).toISOString(),
    sensitivity,
    isDraft: file.isDraft || /^drafts\b/i.test(file.folder),
    isMarked: false,
    headers: threadHeadersOf(head),
  };
}

/** Every mail of these files. */
export async function countItems(files: readonly MailFile[]): Promise<number> {
  let count = 0;
  for (const file of files) {
    if (file.format === 'single') count += 1;
    else for await (const span of splitMbox(file.path, file.size)) count += span.length >= 0 ? 1 : 0;
  }
  return count;
}
