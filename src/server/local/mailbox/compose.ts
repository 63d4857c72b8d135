// Writes a mail as RFC 5322 and MIME want it: 7-bit throughout, encoded words in headers, base64 bodies, lines of 76.
import { randomUUID } from 'node:crypto';
import type { Person } from '../../mailbox/folder/summary.ts';

export interface OutgoingPart {
  name: string;
  contentType: string;
  contentId: string | null;
  inline: boolean;
  bytes: Uint8Array;
}

export interface Outgoing {
  from: Person;
  to: Person[];
  cc: Person[];
  bcc: Person[];
  replyTo: Person[];
  subject: string;
  body: { contentType: 'html' | 'text'; content: string };
  /** With angle brackets. */
  messageId: string;
  inReplyTo: string | null;
  references: string[];
  importance: 'low' | 'normal' | 'high';
  date: Date;
  parts: OutgoingPart[];
  /** Headers that the author's program sets, see `isKeptHeader`. */
  headers: { name: string; value: string }[];
}

export const newMessageId = (address: string) => `<${randomUUID()}@${address.split('@')[1] ?? 'localhost'}>`;

const plain = /^[\x20-\x7e]*$/;

/** A line break in a header would start a header of the writer's choice. */
const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ').trim();

/** RFC 2047. An encoded word is at most 75 characters and never cuts a character in two. */
const encodeWords = (text: string): string => {
  const line = oneLine(text);
  if (plain.test(line) && !line.includes('=?')) return line;
  const words: string[] = [];
  let piece = '';
  for (const character of line) {
    if (Buffer.byteLength(piece + character) > 42) {
      words.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...words, piece].map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
};

const mailbox = ({ name, address }: Person) => {
  const bare = oneLine(address).replace(/[<>,;\s]/g, '');
  const shown = oneLine(name);
  if (!shown || shown === address) return bare;
  if (!plain.test(shown) || shown.includes('=?')) return `${encodeWords(shown)} <${bare}>`;
  return /^[\w !#$%&'*+/=?^`{|}~-]+$/.test(shown)
    ? `${shown} <${bare}>`
    : `"${shown.replace(/["\\]/g, '\\$&')}" <${bare}>`;
};

/** Folds at spaces so that lines stay near 76 characters. */
const fold = (name: string, value: string) => {
  const lines = [`${name}:`];
  for (const word of value.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + 1 + word.length > 76 && last.length > name.length + 1) lines.push(` ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\r\n');
};

/** RFC 5322 dates are in English whatever the machine speaks. */
export const mailDate = (date: Date) => date.toUTCString().replace(/GMT$/, '+0000');

/** RFC 2231 for names beyond ASCII, with nothing that a quoted string could be broken by. */
const parameter = (name: string, value: string) => {
  const line = oneLine(value);
  if (plain.test(line)) return `${name}="${line.replace(/["\\]/g, '\\$&')}"`;
  const encoded = encodeURIComponent(line).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${name}*=UTF-8''${encoded}`;
};

const base64Lines = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('base64')
    .replace(/.{76}/g, '$&\r\n')
    .trimEnd();

const bodyPart = (body: Outgoing['body']) =>
  [
    `Content-Type: text/${body.contentType === 'html' ? 'html' : 'plain'}; charset=utf-8`,
    'Content-Transfer-Encoding: base64',
    '',
    base64Lines(Buffer.from(body.content.replace(/\r?\n/g, '\r\n'))),
  ].join('\r\n');

const safeType = (type: string) => (/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream');

const filePart = (part: OutgoingPart) => {
  const headers = [
    `Content-Type: ${safeType(part.contentType)};\r\n ${parameter('name', part.name)}`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: ${part.inline ? 'inline' : 'attachment'};\r\n ${parameter('filename', part.name)}`,
  ];
  if (part.contentId) headers.push(`Content-ID: <${oneLine(part.contentId).replace(/[<>\s]/g, '')}>`);
  return [...headers, '', base64Lines(part.bytes)].join('\r\n');
};

const multipart = (kind: 'mixed' | 'related', parts: string[]) => {
  const boundary = `=_${randomUUID()}`;
  const inside = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${inside}--${boundary}--`;
};

const mimeBody = (mail: Outgoing) => {
  const related = mail.parts.filter((part) => part.inline && part.contentId);
  const attached = mail.parts.filter((part) => !related.includes(part));
  const body = bodyPart(mail.body);
  const withImages = related.length ? multipart('related', [body, ...related.map(filePart)]) : body;
  return attached.length ? multipart('mixed', [withImages, ...attached.map(filePart)]) : withImages;
};

const people = (list: Person[]) => list.map(mailbox).join(', ');

/** Of what an author's program sets beside the fields that a draft has of its own. */
export const isKeptHeader = (name: string) => /^(x-[\w-]+|disposition-notification-to)$/i.test(name);

/** `bcc` stays in the sender's own copy only. */
export const compose = (mail: Outgoing, copy: 'sender' | 'recipient'): Buffer => {
  const headers: [string, string][] = [
    ['From', mailbox(mail.from)],
    ['To', people(mail.to)],
    ['Cc', people(mail.cc)],
    ['Bcc', copy === 'sender' ? people(mail.bcc) : ''],
    ['Reply-To', people(mail.replyTo)],
    ['Subject', encodeWords(mail.subject)],
    ['Date', mailDate(mail.date)],
    ['Message-ID', mail.messageId],
    ['In-Reply-To', mail.inReplyTo ?? ''],
    ['References', mail.references.join(' ')],
    ['Importance', mail.importance === 'normal' ? '' : mail.importance],
    ...mail.headers
      .filter(({ name }) => isKeptHeader(name))
      .map(({ name, value }): [string, string] => [name, encodeWords(value)]),
    ['MIME-Version', '1.0'],
  ];
  const lines = headers
    .filter(([name, value]) => value || name === 'Subject')
    .map(([name, value]) => fold(name, value));
  return Buffer.from(`${lines.join('\r\n')}\r\n${mimeBody(mail)}\r\n`);
};
