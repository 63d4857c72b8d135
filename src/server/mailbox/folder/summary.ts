// What the headers of a mail say, read from its bytes. Malformed mail is read as far as it goes and never throws: a list with
// a strange line in it is better than no list.
import { createHash } from 'node:crypto';
import type { Email } from 'postal-mime';
import { sensitivityIn, threadLines, type Sensitivity } from '../../../model/header-block.ts';
import { headOf } from '../mime/head.ts';
import { parseMime, peopleIn } from '../mime/parse-mime.ts';

export interface Person {
  name: string;
  address: string;
}

/** What a list shows of a mail; everything here comes from the headers. Times are epoch milliseconds. */
export interface Summary {
  subject: string;
  from: Person | null;
  sender: Person | null;
  replyTo: Person[];
  to: Person[];
  cc: Person[];
  bcc: Person[];
  /** With its angle brackets; null when the mail has none. */
  messageId: string | null;
  sent: number | null;
  received: number | null;
  /** The same for all mails of a thread: a digest of the first id in References. */
  conversation: string;
  importance: 'low' | 'normal' | 'high';
  sensitivity: Sensitivity;
  /** What an earlier mail program noted in Status or X-Mozilla-Status; null when it noted nothing. */
  read: boolean | null;
  /** A guess from the headers alone, put right once the body has been read. */
  hasAttachments: boolean;
}

export const digest = (text: string | Uint8Array, bytes = 24) =>
  createHash('sha256').update(text).digest().subarray(0, bytes).toString('base64');

const header = (mail: Email, key: string) => mail.headers.find((each) => each.key === key)?.value.trim();

const time = (text: string | undefined): number | null => {
  const value = Date.parse(text ?? '');
  return Number.isNaN(value) ? null : value;
};

/** When the last server took it in: the date behind the last semicolon of the topmost Received header. */
const receivedTime = (mail: Email) =>
  time(
    header(mail, 'received')
      ?.split(';')
      .at(-1)
      ?.replace(/\([^)]*\)/g, ''),
  );

const importance = (mail: Email): Summary['importance'] => {
  const said = (header(mail, 'importance') ?? header(mail, 'x-priority') ?? '').toLowerCase();
  if (/^(high|1|2)/.test(said)) return 'high';
  return /^(low|4|5)/.test(said) ? 'low' : 'normal';
};

const readBefore = (mail: Email): boolean | null => {
  const mozilla = header(mail, 'x-mozilla-status');
  if (mozilla && /^[0-9a-f]{4}$/i.test(mozilla)) return (Number.parseInt(mozilla, 16) & 1) === 1;
  const status = header(mail, 'status');
  return status === undefined ? null : status.includes('R');
};

const conversation = (mail: Email, subject: string) => {
  const root = /<[^<>\s]+>/.exec(`${mail.references ?? ''} ${mail.inReplyTo ?? ''} ${mail.messageId ?? ''}`)?.[0];
  return digest(root ?? `subject ${subject.replace(/^((re|fwd?|aw|wg|sv|tr)\s*:\s*)+/i, '').toLowerCase()}`);
};

const summaryOf = (mail: Email, head: string): Summary => {
  const subject = mail.subject ?? '';
  const sent = time(mail.date);
  const [from = null] = peopleIn(mail.from && [mail.from]);
  const [sender = null] = peopleIn(mail.sender && [mail.sender]);
  return {
    subject,
    from: from ?? sender,
    sender: sender ?? from,
    replyTo: peopleIn(mail.replyTo),
    to: peopleIn(mail.to),
    cc: peopleIn(mail.cc),
    bcc: peopleIn(mail.bcc),
    messageId: mail.messageId?.trim() || null,
    sent,
    received: receivedTime(mail) ?? sent,
    conversation: conversation(mail, subject),
    importance: importance(mail),
    sensitivity: sensitivityIn(head),
    read: readBefore(mail),
    hasAttachments: /^multipart\/mixed/i.test(header(mail, 'content-type') ?? ''),
  };
};

export const readSummary = async (raw: Uint8Array): Promise<Summary> => {
  const head = headOf(raw);
  return summaryOf((await parseMime(head)).mail, Buffer.from(head).toString('latin1'));
};

/** The lines by which a mail names others, as SourceItem holds them. */
export const threadHeadersOf = (raw: Uint8Array): string => threadLines(Buffer.from(headOf(raw)).toString('latin1'));
