// The mailboxes of everybody on this stack: what is in them, and the marks that a person may put on a mail.
// Nothing here deletes a received mail, and mail below --mail PATH is never moved either.
import type { SQLInputValue } from 'node:sqlite';
import { readContent } from './message.ts';
import type { Summary } from '../../mailbox/folder/summary.ts';
import type { Content } from './message.ts';
import { unquoteFrom } from '../../mailbox/folder/mbox.ts';
import { readRange } from '../../mailbox/folder/mail-path.ts';
import { createFolders } from './folders.ts';
import { idOf } from './names.ts';
import { previewOf } from './plain-text.ts';
import type { Invitation } from './invitation.ts';
import type { Store } from './store.ts';

/** What only the body tells, kept after the first look. */
export interface Details {
  preview: string;
  hasAttachments: boolean;
  meeting: Invitation | null;
}

export interface Mail {
  id: string;
  key: string;
  folder: string;
  received: number;
  /** When somebody last changed it, epoch milliseconds. */
  modified: number;
  isRead: boolean;
  isDraft: boolean;
  categories: string[];
  summary: Summary;
  details: Details | null;
}

/** A mail above this is listed and can be downloaded, but not opened: its parts would not fit into memory beside everything else. */
const openLimit = 64 * 1024 * 1024;

/** Bytes of a mail that are read for a list. */
const peek = 128 * 1024;

const modified = 'coalesce(touched.at, mail.received)';
const columns = `mail.*, coalesce(mark.is_read, mail.is_read) as seen, mark.categories as categories, ${modified} as modified`;
const visible = `mail.origin in ('own', :origin) and mail.owner in ('', :owner)`;
const joined = `from mail left join mark on mark.key = mail.key and mark.owner = :owner
  left join touched on touched.key = mail.key and touched.owner = :owner`;
const orders = new Map([
  ['receiveddatetime desc', 'mail.received desc, mail.key'],
  ['receiveddatetime', 'mail.received, mail.key'],
  ['lastmodifieddatetime', `${modified}, mail.key`],
  ['sentdatetime desc', 'mail.sent desc, mail.key'],
  ['sentdatetime', 'mail.sent, mail.key'],
]);

export interface Page {
  folder: string | null;
  /** As in $orderby, lower case, without "asc". */
  order: string;
  skip: number;
  top: number;
  messageId?: string | undefined;
  isRead?: boolean | undefined;
  /** Epoch milliseconds. */
  received?: Span;
  modified?: Span;
}

interface Span {
  atLeast?: number | undefined;
  below?: number | undefined;
}

const json = <T>(text: unknown, otherwise: T): T => (typeof text === 'string' ? (JSON.parse(text) as T) : otherwise);

const mailOf = (owner: string, row: Record<string, unknown>): Mail => ({
  id: idOf(owner, String(row['key'])),
  key: String(row['key']),
  folder: String(row['folder']),
  received: Number(row['received']),
  modified: Number(row['modified']),
  isRead: row['seen'] === 1,
  isDraft: row['is_draft'] === 1,
  categories: json<string[]>(row['categories'], []),
  summary: json<Summary>(row['summary'], {} as Summary),
  details: json<Details | null>(row['details'], null),
});

/** `origin` names what is shown beside people's own mail: 'sample', or a mail path. */
export const createMailboxes = (store: Store, origin: string) => {
  const conditions = (owner: string, page: Page) => {
    const values: Record<string, SQLInputValue> = { origin, owner };
    const parts = [visible];
    const narrow = (sql: string, name: string, value: SQLInputValue | undefined) => {
      if (value === undefined) return;
      parts.push(`${sql} = :${name}`);
      values[name] = value;
    };
    narrow('mail.folder', 'folder', page.folder ?? undefined);
    narrow('mail.message_id', 'messageId', page.messageId);
    narrow(
      'coalesce(mark.is_read, mail.is_read)',
      'isRead',
      page.isRead === undefined ? undefined : Number(page.isRead),
    );
    const within = (sql: string, name: string, at: number | undefined) => {
      if (at === undefined) return;
      parts.push(`${sql} :${name}`);
      values[name] = at;
    };
    within('mail.received >=', 'atLeast', page.received?.atLeast);
    within('mail.received <', 'below', page.received?.below);
    within(`${modified} >=`, 'modifiedAtLeast', page.modified?.atLeast);
    within(`${modified} <`, 'modifiedBelow', page.modified?.below);
    return { where: parts.join(' and '), values };
  };

  const count = (owner: string, page: Page) => {
    const { where, values } = conditions(owner, page);
    return Number(store.get(`select count(*) as n ${joined} where ${where}`, values)?.['n']);
  };

  const list = (owner: string, page: Page): Mail[] => {
    const { where, values } = conditions(owner, page);
    const sql = `select ${columns} ${joined} where ${where} order by ${orders.get(page.order)} limit :top offset :skip`;
    return store.all(sql, { ...values, top: page.top, skip: page.skip }).map((row) => mailOf(owner, row));
  };

  const find = (owner: string, key: string): Mail | null => {
    const row = store.get(`select ${columns} ${joined} where ${visible} and mail.key = :key`, { origin, owner, key });
    return row ? mailOf(owner, row) : null;
  };

  /** The mail's own bytes, or null when its file has gone. */
  const raw = async (key: string, most = Number.MAX_SAFE_INTEGER): Promise<Buffer | null> => {
    const row = store.get('select file, start, length from mail where key = ?', key);
    if (typeof row?.['file'] !== 'string') {
      const kept = store.get('select raw from content where key = ?', key)?.['raw'];
      return kept instanceof Uint8Array
        ? Buffer.from(kept.buffer, kept.byteOffset, Math.min(kept.byteLength, most))
        : null;
    }
    const bytes = await readRange(row['file'], Number(row['start']), Math.min(Number(row['length']), most)).catch(
      () => null,
    );
    // In an mbox a separator line comes before every mail; a mail that begins its file is the file.
    return bytes && Number(row['start']) > 0 ? unquoteFrom(bytes) : bytes;
  };

  const sizeOf = (key: string) =>
    Number(
      store.get(
        'select coalesce(mail.length, length(content.raw), 0) as n from mail left join content using (key) where key = ?',
        key,
      )?.['n'] ?? 0,
    );

  const content = async (key: string): Promise<Content | null> => {
    if (sizeOf(key) > openLimit) {
      const head = await raw(key, 256 * 1024);
      const read = head ? await readContent(head) : null;
      const text = `This mail is ${Math.round(sizeOf(key) / 1024 / 1024)} MB, too large to be opened here. It can be downloaded whole.`;
      return read && { ...read, html: null, text, attachments: [] };
    }
    const bytes = await raw(key);
    return bytes && readContent(bytes);
  };

  const look = async (mail: Mail): Promise<Details | null> => {
    const bytes = await raw(mail.key, peek);
    if (!bytes) return null;
    const read = await readContent(bytes);
    const seen = read.attachments.some((part) => !part.inline);
    // What lies behind the first part of a large mail is guessed from its headers.
    const hasAttachments = seen || (bytes.length === peek && mail.summary.hasAttachments);
    return { preview: previewOf(read), hasAttachments, meeting: read.invitation };
  };

  /** Looks into each mail once, at its beginning, for what a list shows of its body; all findings are one write. */
  const withDetails = async (mails: Mail[]): Promise<Mail[]> => {
    const found = new Map<string, Details>();
    for (const mail of mails) {
      const details = mail.details ?? (await look(mail));
      if (details) found.set(mail.key, details);
    }
    const fresh = mails.filter((mail) => !mail.details && found.has(mail.key));
    store.transaction(() => {
      for (const { key } of fresh) {
        store.run('update mail set details = ? where key = ?', JSON.stringify(found.get(key)), key);
      }
    });
    return mails.map((mail) => ({ ...mail, details: found.get(mail.key) ?? null }));
  };

  const detailed = async (mail: Mail): Promise<Mail> => (await withDetails([mail]))[0] ?? mail;

  const mark = (
    owner: string,
    key: string,
    marks: { isRead?: boolean | undefined; categories?: string[] | undefined },
  ) => {
    store.run(
      `insert into mark (owner, key, is_read, categories) values (?, ?, ?, ?)
       on conflict do update set is_read = coalesce(excluded.is_read, is_read), categories = coalesce(excluded.categories, categories)`,
      owner,
      key,
      marks.isRead === undefined ? null : marks.isRead ? 1 : 0,
      marks.categories === undefined ? null : JSON.stringify(marks.categories),
    );
  };

  /** False for mail below a mail path: it is only shown. */
  const move = (owner: string, key: string, folder: string) =>
    store.run('update mail set folder = ? where key = ? and owner = ?', folder, key, owner) > 0;

  return {
    list,
    count,
    find,
    folders: createFolders(store, origin),
    move,
    raw,
    sizeOf,
    content,
    withDetails,
    detailed,
    mark,
    ordered: (order: string) => orders.has(order),
  };
};

export type Mailboxes = ReturnType<typeof createMailboxes>;
