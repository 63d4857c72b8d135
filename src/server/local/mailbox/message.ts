// What a mail says, read from its bytes. Malformed mail is read as far as it goes and never throws: a list with a strange
// line in it is better than no list.
import { createHash } from 'node:crypto';
import PostalMime from 'postal-mime';
import type { Address, Attachment, Email } from 'postal-mime';
import { readInvitation } from './invitation.ts';
import type { Invitation } from './invitation.ts';

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
  /** What an earlier mail program noted in Status or X-Mozilla-Status; null when it noted nothing. */
  read: boolean | null;
  /** A guess from the headers alone, put right once the body has been read. */
  hasAttachments: boolean;
}

interface Part {
  name: string;
  contentType: string;
  /** Without angle brackets. */
  contentId: string | null;
  inline: boolean;
  bytes: Uint8Array;
}

export interface Content {
  headers: { name: string; value: string }[];
  html: string | null;
  text: string | null;
  attachments: Part[];
  invitation: Invitation | null;
}

/** Bytes of a mail that a list may need; headers longer than this are cut. */
export const headLimit = 256 * 1024;
const limits = { maxNestingDepth: 100, maxHeadersSize: 1024 * 1024, maxRfc822NestingDepth: 0 };

/** The header block of a mail, without its body. */
export const headOf = (raw: Uint8Array): Uint8Array => {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, headLimit));
  const ends = ['\r\n\r\n', '\n\n'].map((gap) => bytes.indexOf(gap)).filter((at) => at >= 0);
  return bytes.subarray(0, ends.length ? Math.min(...ends) : bytes.length);
};

export const digest = (text: string | Uint8Array, bytes = 24) =>
  createHash('sha256').update(text).digest().subarray(0, bytes).toString('base64');

const parse = async (raw: Uint8Array): Promise<Email> => {
  try {
    return await PostalMime.parse(raw, limits);
  } catch {
    // Nested or inflated beyond the limits. The subject and the sender are still worth showing.
    return await PostalMime.parse(headOf(raw).subarray(0, 64 * 1024), limits).catch(() => ({
      headers: [],
      headerLines: [],
      attachments: [],
    }));
  }
};

const people = (addresses: Address[] | undefined): Person[] =>
  (addresses ?? [])
    .flatMap((each) => each.group ?? [each])
    .filter((each) => each.address || each.name)
    .map((each) => ({ name: each.name || each.address || '', address: each.address ?? '' }));

const person = (address: Address | undefined) => people(address ? [address] : [])[0] ?? null;

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

const summaryOf = (mail: Email): Summary => {
  const subject = mail.subject ?? '';
  const sent = time(mail.date);
  return {
    subject,
    from: person(mail.from) ?? person(mail.sender),
    sender: person(mail.sender) ?? person(mail.from),
    replyTo: people(mail.replyTo),
    to: people(mail.to),
    cc: people(mail.cc),
    bcc: people(mail.bcc),
    messageId: mail.messageId?.trim() || null,
    sent,
    received: receivedTime(mail) ?? sent,
    conversation: conversation(mail, subject),
    importance: importance(mail),
    read: readBefore(mail),
    hasAttachments: /^multipart\/mixed/i.test(header(mail, 'content-type') ?? ''),
  };
};

export const readSummary = async (raw: Uint8Array): Promise<Summary> => summaryOf(await parse(headOf(raw)));

const bytesOf = (content: Attachment['content']) =>
  typeof content === 'string'
    ? Buffer.from(content)
    : content instanceof Uint8Array
      ? content
      : new Uint8Array(content);

/** The calendar text of an invitation travels as an alternative body, not as something a person attached. */
const isInvitation = (part: Attachment) => part.mimeType === 'text/calendar' && part.disposition !== 'attachment';

const nameOf = (part: Attachment, index: number) =>
  part.filename ?? (part.mimeType === 'message/rfc822' ? `Message ${index + 1}.eml` : `Attachment ${index + 1}`);

export const readContent = async (raw: Uint8Array): Promise<Content> => {
  const mail = await parse(raw);
  const calendar = mail.attachments.find(isInvitation);
  return {
    headers: mail.headers.map((each) => ({ name: each.originalKey, value: each.value })),
    html: mail.html ?? null,
    text: mail.text ?? null,
    attachments: mail.attachments
      .filter((part) => !isInvitation(part))
      .map((part, index) => ({
        name: nameOf(part, index),
        contentType: part.mimeType || 'application/octet-stream',
        contentId: part.contentId?.replace(/^<|>$/g, '') ?? null,
        inline: part.disposition === 'inline' || part.related === true,
        bytes: bytesOf(part.content),
      })),
    invitation: calendar
      ? readInvitation(Buffer.from(bytesOf(calendar.content)).toString('utf8'), calendar.method)
      : null,
  };
};
