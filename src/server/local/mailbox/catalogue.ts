// Keeps the index of a mail path in step with the files below it. A file whose size and time are unchanged is not opened
// again, so the second start over 10,000 mails reads 10,000 directory entries and no mail.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { headLimit } from '../../mailbox/mime/head.ts';
import { readSummary } from '../../mailbox/folder/summary.ts';
import { readRange } from '../../mailbox/folder/mail-path.ts';
import type { MailFile, MailPath } from '../../mailbox/folder/mail-path.ts';
import { splitMbox } from '../../mailbox/folder/mbox.ts';
import type { Span } from '../../mailbox/folder/mbox.ts';
import type { Store } from './store.ts';

interface Found {
  file: MailFile;
  span: Span;
  key: string;
  head: Buffer;
}

const hashBlock = 256 * 1024;

/** A digest of the mail's own bytes, wherever they lie, so that marks survive a rename or a compacted mbox. */
const contentDigest = async (file: MailFile, span: Span, head: Buffer) => {
  const hash = createHash('sha256').update(head);
  if (head.length < span.length) {
    const rest = { start: span.start + head.length, end: span.start + span.length - 1, highWaterMark: hashBlock };
    for await (const chunk of createReadStream(file.path, rest) as AsyncIterable<Buffer>) hash.update(chunk);
  }
  return hash.digest();
};

const spansOf = async function* (file: MailFile): AsyncGenerator<Span> {
  if (file.format === 'mbox') yield* splitMbox(file.path, file.size);
  else yield { start: 0, length: file.size };
};

const locate = async (file: MailFile, span: Span): Promise<Found> => {
  const head = await readRange(file.path, span.start, Math.min(span.length, headLimit));
  const content = await contentDigest(file, span, head);
  const key = createHash('sha256')
    .update(file.folder)
    .update('\0')
    .update(content)
    .digest()
    .subarray(0, 24)
    .toString('base64');
  return { file, span, key, head };
};

const insert = `insert into mail (key, origin, owner, folder, file, start, length, received, sent, message_id, is_read, summary)
  values (?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (key) do update set file = excluded.file, start = excluded.start, length = excluded.length,
    origin = excluded.origin, is_read = excluded.is_read`;
const noteFile = `insert into file values (?, ?, ?, ?)
  on conflict (path) do update set origin = excluded.origin, stamp = excluded.stamp, scan = excluded.scan`;

/** Rows wait here and go to the disk 250 at a time: one sync of the disk for each mail would take minutes for 10,000. */
const batchOf = (store: Store, size = 250) => {
  let waiting: (() => void)[] = [];
  const flush = () => {
    const writes = waiting;
    waiting = [];
    store.transaction(() => writes.forEach((write) => write()));
  };
  const add = (write: () => void) => {
    waiting.push(write);
    if (waiting.length >= size) flush();
  };
  return { add, flush };
};

/** Copies of the same bytes in one folder are one mail. */
const rowFor = async (origin: string, { file, span, key, head }: Found) => {
  const summary = await readSummary(head);
  const received = summary.received ?? Math.round(file.modified);
  const read = file.read ?? summary.read ?? true;
  const where = [key, origin, file.folder, file.path, span.start, span.length];
  return [...where, received, summary.sent, summary.messageId, read ? 1 : 0, JSON.stringify(summary)];
};

/**
 * One pass over a mail path. Reports each file that could not be read with a sentence and goes on. Answers whether
 * anything changed.
 */
export const catalogue = async (
  store: Store,
  path: MailPath,
  options: { stopped: () => boolean; progress: (mails: number) => void; problem: (sentence: string) => void },
): Promise<boolean> => {
  const scan = Number(store.setting('scan') ?? 0) + 1;
  store.setSetting('scan', String(scan));
  const batch = batchOf(store);
  let mails = 0;
  const readFile = async (file: MailFile) => {
    batch.add(() => {
      store.run('delete from file where path = ?', file.path);
      store.run('delete from mail where file = ?', file.path);
    });
    for await (const span of spansOf(file)) {
      if (options.stopped()) return;
      const row = await rowFor(path.path, await locate(file, span));
      batch.add(() => store.run(insert, ...row));
      mails += 1;
      if (mails % 250 === 0) options.progress(mails);
    }
  };
  for await (const file of path.files()) {
    const known = store.get('select stamp from file where path = ? and origin = ?', file.path, path.path);
    try {
      if (known?.['stamp'] !== file.stamp) await readFile(file);
      // Noted only when all of it was read: what was stopped half-way is read again at the next start.
      if (!options.stopped()) batch.add(() => store.run(noteFile, file.path, path.path, file.stamp, scan));
    } catch (error) {
      options.problem(`${file.path} could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (options.stopped()) break;
  }
  batch.flush();
  return options.stopped() ? mails > 0 : forgetMissing(store, path.path, scan) || mails > 0;
};

const forgetMissing = (store: Store, origin: string, scan: number) =>
  store.transaction(() => {
    const gone = store.run(
      'delete from mail where file in (select path from file where origin = ? and scan < ?)',
      origin,
      scan,
    );
    store.run('delete from file where origin = ? and scan < ?', origin, scan);
    return gone > 0;
  });
