import { badRequest } from '../../odata/bad-request.ts';
import type { KeptFile } from '../../odata/files/pieces.ts';
import type { Call } from '../../odata/operations.ts';
import { asObject } from '../../odata/write/payload.ts';
import { readTime } from '../../odata/values.ts';
import { readAddresses } from './addresses.ts';

/** What the delivery messages are called with, checked. */
export interface PromotedMail {
  messageId: string;
  subject: string;
  /** The sender as it was written, and the address in it; empty for a mail without From. */
  from: string;
  sender: string;
  to: string[];
  cc: string[];
  bcc: string[];
  receivedOn: Date | undefined;
  submittedBy: string;
  /** 0 low, 1 normal, 2 high */
  importance: number;
  body: string;
  attachments: MailAttachment[];
  /** Columns and bindings of the e-mail, such as its regarding record. */
  extra: Record<string, unknown>;
}

interface MailAttachment {
  filename: string;
  mimetype: string;
  size: number;
  content: Buffer | KeptFile;
  contentId: string | undefined;
}

const ATTACHMENTS = 500;
const KNOWN = new Set([
  'MessageId',
  'Subject',
  'From',
  'To',
  'Cc',
  'Bcc',
  'ReceivedOn',
  'SubmittedBy',
  'Importance',
  'Body',
  'Attachments',
  'ExtraProperties',
]);

/** The messages that bring a mail. */
export type Delivery = 'DeliverPromoteEmail' | 'DeliverIncomingEmail';

/** @throws {HttpError} 400 naming the parameter */
export function readMailParameters(
  delivery: Delivery,
  { parameters, files }: Pick<Call, 'parameters' | 'files'>,
): PromotedMail {
  const unknown = [...parameters.keys()].find((name) => !isKnown(delivery, name) && !name.includes('@'));
  if (unknown !== undefined) throw badRequest(`${delivery} has no parameter '${unknown.slice(0, 60)}'.`, '0x80048d19');
  const text = (name: string): string => {
    const value = parameters.get(name);
    if (typeof value === 'string') return value;
    if (value === null && name === 'Subject') return '';
    if (value === undefined && name !== 'MessageId') return '';
    throw badRequest(`The parameter ${name} must be text.`, '0x80048d19');
  };
  const messageId = text('MessageId').trim();
  if (messageId === '' || messageId.length > 320)
    throw badRequest('The parameter MessageId must have 1 to 320 characters.', '0x80048d19');
  const from = text('From');
  return {
    messageId,
    subject: cut(text('Subject'), 800),
    from,
    sender: readAddresses(from)[0] ?? '',
    to: readAddresses(text('To')),
    cc: readAddresses(text('Cc')),
    bcc: readAddresses(text('Bcc')),
    receivedOn: readDate(parameters.get('ReceivedOn')),
    submittedBy: cut(text('SubmittedBy'), 250),
    importance: readImportance(text('Importance')),
    body: text('Body'),
    attachments: readAttachments(parameters.get('Attachments') ?? [], files),
    extra: parameters.get('ExtraProperties') == null ? {} : asObject(parameters.get('ExtraProperties')),
  };
}

function isKnown(delivery: Delivery, name: string): boolean {
  return KNOWN.has(name) || (delivery === 'DeliverIncomingEmail' && name === 'ValidateBeforeCreate');
}

export function cut(text: string, length: number): string {
  return text.length > length ? text.slice(0, length) : text;
}

function readDate(value: unknown): Date | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const moment = typeof value === 'string' ? readTime(value) : undefined;
  if (moment === undefined) throw badRequest('The parameter ReceivedOn must be a date with an offset.', '0x80048d19');
  return moment;
}

function readImportance(source: string): number {
  const known = new Map([
    ['0', 0],
    ['low', 0],
    ['', 1],
    ['1', 1],
    ['normal', 1],
    ['2', 2],
    ['high', 2],
  ]);
  const value = known.get(source.toLowerCase());
  if (value === undefined) throw badRequest('The parameter Importance must be "0", "1" or "2".', '0x80048d19');
  return value;
}

function readAttachments(value: unknown, files: Call['files']): MailAttachment[] {
  if (!Array.isArray(value) || value.length > ATTACHMENTS)
    throw badRequest(`Attachments must be a list of at most ${ATTACHMENTS}.`, '0x80048d19');
  return value.map((item: unknown, index) => {
    const { filename, mimetype, body, attachmentcontentid } = asObject(item);
    const content = typeof body === 'string' ? (files.get(body) ?? fromBase64(body)) : undefined;
    if (content === undefined) throw badRequest(`Attachment ${index + 1} has no base64 body.`, '0x80048d19');
    return {
      filename: typeof filename === 'string' && filename !== '' ? cut(filename, 255) : `attachment-${index + 1}`,
      mimetype: typeof mimetype === 'string' && mimetype !== '' ? cut(mimetype, 256) : 'application/octet-stream',
      size: Buffer.isBuffer(content) ? content.length : content.size,
      content,
      contentId: typeof attachmentcontentid === 'string' ? cut(attachmentcontentid, 250) : undefined,
    };
  });
}

function fromBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
