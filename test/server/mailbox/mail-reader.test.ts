import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createMailReader,
  type MailReader,
  type MailReaderOptions,
} from '../../../src/server/mailbox/mime/mail-reader.ts';

const open: MailReader[] = [];
const start = (options?: MailReaderOptions) => {
  const reader = createMailReader(options);
  open.push(reader);
  return reader;
};
afterAll(() => Promise.all(open.map((reader) => reader.close())));

const bytesOf = (text: string) => new TextEncoder().encode(text);
const letter = (subject: string, body = 'Hello') =>
  bytesOf(`From: a@x.example\r\nSubject: ${subject}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${body}`);
const parts = (count: number) => '--b\r\n\r\nx\r\n'.repeat(count);

test('mails are read in the order they were asked for, in as many threads as there are', async () => {
  for (const threads of [1, 2]) {
    const reader = start({ threads });
    const mails = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((subject) => reader.read(letter(subject))));
    expect(mails.map(({ message }) => message.subject).join('')).toBe('abcde');
    await reader.close();
  }
});

test('a poison mail ends its own thread: the mails around it are read', async () => {
  const hang = start({ timeLimit: 300 });
  const swell = start({ memoryLimit: 24 });
  for (const [reader, count, code] of [
    [hang, 2_000_000, 'too-slow'],
    [swell, 2_000_000, 'too-much-memory'],
  ] as const) {
    const [before, poison, after] = await Promise.allSettled([
      reader.read(letter('before')),
      reader.read(letter('poison', parts(count))),
      reader.read(letter('after')),
    ]);
    expect([before.status, after.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(poison).toMatchObject({ status: 'rejected', reason: { name: 'UnreadableMail', code } });
    await expect(reader.read(letter('later'))).resolves.toMatchObject({ message: { subject: 'later' } });
  }
}, 60_000);

test('a mail above the limit is not even looked at', async () => {
  const reader = start({ most: 100 });
  await expect(reader.read(new Uint8Array(101))).rejects.toMatchObject({ code: 'too-large' });
});

test('bytes are handed over, not copied, unless they are part of something', async () => {
  const reader = start();
  const own = letter('own');
  const shared = Buffer.from(letter('shared'));
  const slice = new Uint8Array(letter('xslice').buffer, 0, 30);
  for (const bytes of [own, shared, slice]) await reader.read(bytes);
  expect([own.byteLength, shared.toString('latin1').includes('shared'), slice.byteLength]).toEqual([0, true, 30]);
});

test('a mail of 50 MB: within the time of one mail, its memory given back', async () => {
  const reader = start();
  const line = `${'QUJD'.repeat(19)}\r\n`;
  const mail = letter(
    'big',
    `--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(660_000)}--b--\r\n`,
  );
  expect(mail.byteLength).toBeGreaterThan(50_000_000);
  const { attachments } = await reader.read(mail);
  expect(attachments.map(({ bytes }) => bytes.byteLength)).toEqual([660_000 * 57]);
  expect(Buffer.from(attachments[0]!.bytes.subarray(-3)).toString()).toBe('ABC');
}, 60_000);

const real = [
  'From: =?utf-8?q?=C3=84da?= <ada@x.example>\r\nTo: Team: b@x.example, "c, d" <c@x.example>;\r\nSubject: =?iso-8859-1?Q?Gr=FC?=\r\n =?utf-8?B?w58=?=\r\n' +
    'Date: Fri, 20 Nov 2026 08:59:30 +0100\r\nMessage-ID: <1@x>\r\nReferences: <a@x> <b@x>\r\nMIME-Version: 1.0\r\n' +
    'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n--=_b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; format=flowed; charset=utf-8\r\n' +
    'Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe \r\nyou\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>x&nbsp;y</p>\r\n--c--\r\n' +
    "--=_b\r\nContent-Type: application/pdf;\r\n name*0*=utf-8''a%C3%BC; name*1=b.pdf\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n" +
    '--=_b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: x\r\n\r\ny\r\n--d--\r\n--=_b--\r\n',
  'Subject: =?us-ascii?Q?winmail?=\nContent-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#0V%T\n`\nend\n',
];
/** Takes the place of some bytes: with others, with a piece of the mail itself, or with what parsers stumble over. */
const odd = [
  '\0',
  '\r',
  '\n\n',
  '--',
  '=?',
  '?=',
  '(((((',
  '"',
  '\\',
  ';',
  ':',
  '<<',
  '=\r\n',
  '\x80\xff',
  "*0*=utf-16''",
  '\ufeff',
  'boundary=""',
];
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(40),
  with: fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...odd).map((text) => Buffer.from(text, 'latin1')),
    fc
      .tuple(fc.constantFrom(...odd), fc.integer({ min: 1, max: 5_000 }))
      .map(([text, times]) => Buffer.from(text.repeat(times), 'latin1')),
    fc.tuple(fc.nat(1_000), fc.nat(300)).map(([from, length]) => ({ from, length })),
  ),
});
const mutated = fc.tuple(fc.constantFrom(...real), fc.array(mutation, { maxLength: 8 })).map(([text, changes]) =>
  changes.reduce(
    (mail, change) => {
      const at = Math.floor(change.at * mail.length);
      const piece = Buffer.isBuffer(change.with)
        ? change.with
        : mail.subarray(change.with.from, change.with.from + change.with.length);
      return Buffer.concat([mail.subarray(0, at), piece, mail.subarray(at + change.length)]);
    },
    Buffer.from(text, 'latin1'),
  ),
);

test('whatever bytes come, there is an answer within the limit, and what it says fits into a Change', async () => {
  const reader = start({ timeLimit: 5_000 });
  const any = fc.oneof(
    mutated,
    fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(any, async (bytes) => {
      const mail = await reader.read(Uint8Array.from(bytes));
      const { subject, from, to, cc, bcc, sentAt } = mail.message;
      const texts = [
        subject,
        mail.bodyHtml,
        mail.headers,
        ...[from, ...to, ...cc, ...bcc].flatMap((one) => (one === null ? [] : [one.name, one.address])),
        ...mail.attachments.flatMap(({ name, contentType, contentId }) => [name, contentType, contentId ?? '']),
      ];
      for (const text of texts) expect(/\0|\p{Surrogate}/u.test(text)).toBe(false);
      if (sentAt !== null) expect(new Date(sentAt).toISOString()).toBe(sentAt);
      expect(
        mail.attachments.every(
          ({ name, bytes: content }) => name !== '' && name.length <= 255 && content instanceof Uint8Array,
        ),
      ).toBe(true);
    }),
    { numRuns: 1_000 },
  );
}, 120_000);
