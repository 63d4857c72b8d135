// npm run bench -- large-mail: what the daemon needs for a mail with an attachment of 38 MB, which is 52 MB long, until it is read.
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import { atMost } from './figure.ts';
import { residentMemoryOf } from './resident.ts';

const head = 'From: a@x.example\r\nSubject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n';
const part = '--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n';
const line = `${'QUJD'.repeat(19)}\r\n`;

/** As it comes from a mail server: bytes, and never a text. */
function mailOf(lines: number): Uint8Array {
  const [start, end] = [Buffer.from(head + part), Buffer.from('--b--\r\n')];
  const mail = new Uint8Array(start.length + lines * line.length + end.length);
  for (let at = start.length; at < mail.length - end.length; at += line.length) mail.set(Buffer.from(line), at);
  mail.set(start);
  mail.set(end, mail.length - end.length);
  return mail;
}

const lines = 660_000;
const reader = createMailReader();
await reader.read(mailOf(1));
const memory = residentMemoryOf([process.pid]);
const before = memory.now();
memory.forget();
const mail = mailOf(lines);
const megabytes = mail.length / 1024 / 1024;
const began = performance.now();
const { attachments } = await reader.read(mail);
const seconds = (performance.now() - began) / 1_000;
if (attachments[0]?.bytes.length !== lines * 57) throw new Error('It was not read as a whole.');
const needed = (memory.highest() - before) / 1024 / 1024;
atMost('large mail: additional memory with the mail itself', needed, 'MB', megabytes + 48, { megabytes, seconds });
await reader.close();
