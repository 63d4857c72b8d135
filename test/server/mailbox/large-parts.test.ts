import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import PostalMime from 'postal-mime';
import { bytesOf } from '../../../src/server/mailbox/mime/parse-mime.ts';
import { readMail } from '../../../src/server/mailbox/mime/read-mail.ts';

const size = 300 * 1024;
const base64 = (bytes: Uint8Array, end = '\r\n') => Buffer.from(bytes).toString('base64').replace(/.{76}/g, `$&${end}`);
const inBase64 = (type: string, body: string, more = '') =>
  `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${more}\r\n${body}`;
const file = (bytes: Uint8Array, end?: string) => inBase64('application/zip; name="a.zip"', base64(bytes, end));
const small = 'Content-Type: text/plain\r\n\r\nHello';
const letter = (parts: readonly string[], subject = 'x') =>
  [
    `From: a@x.example\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n`,
    ...parts.map((part) => `--b\r\n${part}`),
    '--b--\r\n',
  ].join('\r\n');
const text = (length: number) => 'Grüße, and so on. '.repeat(length / 18);
const attached = (part: string) => part.replace(/\r\n/, '\r\nContent-Disposition: attachment; filename="n"\r\n');

const mails: readonly [string, string][] = [
  ['a file', letter([small, file(randomBytes(size))])],
  ['several, padded each in another way', letter([0, 1, 2].map((more) => file(randomBytes(size + more))))],
  ['lines that end with LF alone', letter([file(randomBytes(size))]).replaceAll('\r\n', '\n')],
  ['one line', letter([file(randomBytes(size), '')])],
  ['no boundary', file(randomBytes(size))],
  ['cut off in the middle', letter([file(randomBytes(size))]).slice(0, 300_000)],
  ['padding in the middle', letter([file(randomBytes(size))]).replace(/.(?=\r\n[^\r]+\r\n--b--)/, '=')],
  ['no padding', letter([file(randomBytes(size + 1)).replaceAll('=', '')])],
  ['a stroke within', letter([file(randomBytes(size))]).replace(/\r\n(?=[^\r]+\r\n--b--)/, '\r\n--c\r\n')],
  ['a large text beside it', letter([inBase64('text/html', base64(Buffer.from(text(size)))), file(randomBytes(size))])],
  ['an invitation', letter([inBase64('text/calendar; method=REQUEST', base64(Buffer.from(text(size)))), small])],
  ['a text file', letter([attached(inBase64('text/plain', base64(Buffer.from(text(size))))), small])],
  ['an attached mail with a file', letter([small, `Content-Type: message/rfc822\r\n\r\n${file(randomBytes(size))}`])],
  ['a mail that tells of one', letter([`Content-Type: text/plain\r\n\r\nSo:\r\n${file(randomBytes(size))}`])],
  ['the same file twice', letter(Array.from({ length: 2 }, () => file(Buffer.alloc(size, 7))))],
  ['a header in another charset', letter([file(randomBytes(size))], 'Gr\xfc\xdfe')],
];

test.each(mails)('%s: the same as the parser alone makes of it', async (_name, mail) => {
  const bytes = Uint8Array.from(Buffer.from(mail, 'latin1'));
  const alone = await PostalMime.parse(bytes.slice(), { maxRfc822NestingDepth: 0 });
  const { attachments, bodyHtml } = await readMail(bytes);
  const wanted = alone.attachments.filter(({ mimeType }) => mimeType !== 'text/calendar').map(bytesOf);
  expect(attachments.map(({ bytes: content }) => Buffer.from(content).toString('base64'))).toEqual(
    wanted.map((content) => Buffer.from(content).toString('base64')),
  );
  const shown = alone.html ?? alone.text ?? '';
  expect(bodyHtml.length >= Math.min(shown.trimEnd().length, 1_000)).toBe(true);
});

test('a large file lies where its text lay', async () => {
  const content = randomBytes(size);
  const bytes = Uint8Array.from(Buffer.from(letter([small, file(content)])));
  const { attachments } = await readMail(bytes);
  expect(attachments.map(({ bytes: { buffer, length } }) => [buffer === bytes.buffer, length])).toEqual([[true, size]]);
});
