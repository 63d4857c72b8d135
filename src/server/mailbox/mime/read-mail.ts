import type { Email } from 'postal-mime';
import {
  dateIn,
  fieldOf,
  importanceIn,
  sensitivityIn,
  stampIn,
  threadLines,
  type Sensitivity,
} from '../../../model/header-block.ts';
import { canonicalMessageId } from '../../../model/item-key.ts';
import type { MailAddress, MailMessage } from '../../../model/message.ts';
import { bodyLimit } from '../../../model/parse-change.ts';
import { protectionOf } from './encrypted.ts';
import { normalizeMail, type NormalMail } from './head.ts';
import { decodeInPlace, findLargeParts, ownersOf, withMarks, type LargePart } from './large-parts.ts';
import { parseMime, partsOf, peopleIn, type MailPart } from './parse-mime.ts';

/** What a mail was lacking, or lost on the way. */
export type MailNote =
  | 'head-only' // nested too deep: neither body nor attachments
  | 'body-as-text' // its parts cannot be told apart
  | 'body-cut'
  | 'sealed' // signed in a form that hides the text
  | 'no-from'
  | 'several-from'
  | 'no-message-id' // or none that can be used
  | 'several-message-ids'
  | 'no-date' // or none that can be read
  | 'recipients-left-out'
  | 'attachments-left-out'
  | 'tnef' // winmail.dat: Outlook's own form, kept as an attachment
  | 'eight-bit-header'
  | 'bare-cr'
  | 'nul'
  | 'broken-characters';

/** What the header says: the same as the pane learns from Outlook about this mail. */
export interface MailFacts extends Pick<
  MailMessage,
  'internetMessageId' | 'subject' | 'from' | 'to' | 'cc' | 'bcc' | 'sentAt' | 'importance' | 'stamp'
> {
  readonly sensitivity: Sensitivity;
  readonly encrypted: boolean;
}

/** A mail read from its bytes, within all limits of a Change. */
export interface ReadMail {
  readonly message: MailFacts;
  /** The fields by which the CRM correlates, as RFC 5322 lines. */
  readonly headers: string;
  /** Unsanitised; a mail of text only is set as HTML. Empty when there is none. */
  readonly bodyHtml: string;
  readonly attachments: readonly MailPart[];
  readonly notes: readonly MailNote[];
}

/** Of the CRM's messages (src/server/crm/mail/mail-parameters.ts) and of a Change (src/model/parse-change.ts). */
const MOST_ATTACHMENTS = 500;
const MOST_RECIPIENTS = 5_000;
const LONGEST = { subject: 10_000, name: 1_000, address: 1_000, file: 255, type: 250, contentId: 250 };

/**
 * Reads a mail as far as it goes; nothing that stands in it makes it throw. Takes the bytes over: large attachments lie in them
 * afterwards.
 */
export async function readMail(raw: Uint8Array<ArrayBuffer>): Promise<ReadMail> {
  const { normal, mail, isWhole } = await parseThin(raw);
  const { head } = normal;
  const notes = new Set<MailNote>(normal.found);
  if (!isWhole) notes.add('head-only');
  const protection = protectionOf(mail);
  if (protection === 'sealed') notes.add('sealed');
  const message = factsOf(mail, head, protection === 'encrypted', notes);
  const text = bodyOf(mail, normal, isWhole, notes);
  const bodyHtml = clean(text, notes);
  if (bodyHtml.length > bodyLimit) notes.add('body-cut');
  return {
    message,
    headers: threadLines(head),
    bodyHtml: cut(bodyHtml, bodyLimit),
    attachments: attachmentsOf(mail, notes),
    notes: [...notes],
  };
}

interface Parsed {
  readonly normal: NormalMail;
  readonly mail: Email;
  readonly isWhole: boolean;
}

/** What looked like a large attachment and is something else, a text or part of an attached mail, is left to the parser. */
async function parseThin(raw: Uint8Array<ArrayBuffer>): Promise<Parsed> {
  const found = findLargeParts(raw);
  let parsed = await parse(raw, found);
  let owners = ownersOf(found, parsed.mail.attachments);
  if (owners.size < found.length && parsed.isWhole) {
    const owned = [...owners.keys()];
    parsed = await parse(raw, owned);
    owners = ownersOf(owned, parsed.mail.attachments);
    if (owners.size < owned.length) return parse(raw, []);
  }
  for (const [part, owner] of owners) owner.content = decodeInPlace(raw, part);
  return parsed;
}

async function parse(raw: Uint8Array, without: readonly LargePart[]): Promise<Parsed> {
  const normal = normalizeMail(withMarks(raw, without));
  return { normal, ...(await parseMime(normal.bytes)) };
}

function factsOf(mail: Email, head: string, encrypted: boolean, notes: Set<MailNote>): MailFacts {
  noteOdd(head, notes);
  const from = peopleIn(mail.from === undefined ? [] : [mail.from])[0];
  const sender = peopleIn(mail.sender === undefined ? [] : [mail.sender])[0];
  if (from === undefined) notes.add('no-from');
  const sentAt = dateIn(head);
  if (sentAt === null) notes.add('no-date');
  const stamp = stampIn(head);
  const people = (list: Email['to']) => recipientsOf(list, notes);
  return {
    internetMessageId: messageIdIn(head, notes),
    subject: line(mail.subject ?? '', LONGEST.subject, notes),
    from: person(from ?? sender, notes),
    to: people(mail.to),
    cc: people(mail.cc),
    bcc: people(mail.bcc),
    sentAt,
    importance: importanceIn(head),
    sensitivity: sensitivityIn(head),
    encrypted,
    ...(stamp === undefined ? {} : { stamp }),
  };
}

/** The first counts, as with all fields that may stand but once. */
function messageIdIn(head: string, notes: Set<MailNote>): string | null {
  const id = fieldOf(head, 'message-id');
  if (canonicalMessageId(id) === null) notes.add('no-message-id');
  return id === null || id === '' ? null : line(id, 2_000, notes);
}

function noteOdd(head: string, notes: Set<MailNote>): void {
  if (head.includes('\0')) notes.add('nul');
  if ((head.match(/^from[ \t]*:/gim) ?? []).length > 1) notes.add('several-from');
  if ((head.match(/^message-id[ \t]*:/gim) ?? []).length > 1) notes.add('several-message-ids');
}

function person(someone: MailAddress | undefined, notes: Set<MailNote>): MailAddress | null {
  if (someone === undefined) return null;
  const address = line(someone.address, LONGEST.address, notes);
  return { name: line(someone.name, LONGEST.name, notes), address };
}

function recipientsOf(list: Email['to'], notes: Set<MailNote>): MailAddress[] {
  const people = peopleIn(list);
  if (people.length > MOST_RECIPIENTS) notes.add('recipients-left-out');
  return people.slice(0, MOST_RECIPIENTS).flatMap((each) => person(each, notes) ?? []);
}

/** Of a mail whose parts cannot be told apart, all that stands behind the header. */
function bodyOf(mail: Email, { head, body }: NormalMail, isWhole: boolean, notes: Set<MailNote>): string {
  if (mail.html !== undefined) return mail.html;
  if (mail.text !== undefined) return asHtml(mail.text);
  if (!isWhole || mail.attachments.length > 0 || !/^multipart\//i.test(fieldOf(head, 'content-type') ?? '')) return '';
  const text = new TextDecoder().decode(body.subarray(0, bodyLimit)).trim();
  if (text === '') return '';
  notes.add('body-as-text');
  return asHtml(text);
}

/** Text as the pane gets it from Outlook: lines kept, nothing in it is markup. */
function asHtml(text: string): string {
  const escaped = text.trimEnd().replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `<div>${escaped.replace(/\r?\n/g, '<br>')}</div>`;
}

function attachmentsOf(mail: Email, notes: Set<MailNote>): MailPart[] {
  const parts = partsOf(mail);
  if (parts.length > MOST_ATTACHMENTS) notes.add('attachments-left-out');
  const kept = parts.slice(0, MOST_ATTACHMENTS);
  if (kept.some(({ contentType }) => /^application\/(?:vnd\.)?ms-tnef$/.test(contentType))) notes.add('tnef');
  return kept.map((part) => ({
    ...part,
    name: line(part.name, LONGEST.file, notes) || 'attachment',
    contentType: /^[\x21-\x7e]+$/.test(part.contentType)
      ? cut(part.contentType, LONGEST.type)
      : 'application/octet-stream',
    contentId: part.contentId === null ? null : line(part.contentId, LONGEST.contentId, notes),
  }));
}

/** A value of one line. */
function line(text: string, longest: number, notes: Set<MailNote>): string {
  return clean(cut(text, longest), notes).replace(/\p{Cc}+/gu, ' ');
}

/** Without NUL, which no database keeps. What the decoders could not read stands there as U+FFFD. */
function clean(text: string, notes: Set<MailNote>): string {
  if (text.includes('\0')) notes.add('nul');
  if (text.includes('\ufffd')) notes.add('broken-characters');
  return text.replaceAll('\0', '');
}

/** Not in the middle of a character. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const last = text.charCodeAt(longest - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? longest - 1 : longest);
}
