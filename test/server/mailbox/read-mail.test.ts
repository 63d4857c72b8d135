import { describe, expect, test } from '@jest/globals';
import type { MailNote, ReadMail } from '../../../src/server/mailbox/mime/read-mail.ts';
import { readMail } from '../../../src/server/mailbox/mime/read-mail.ts';

const head = [
  'From: Ada <ada@fabrikam.example>',
  'To: dana@contoso.example',
  'Subject: Order 17',
  'Date: Fri, 20 Nov 2026 08:59:30 +0100',
  'Message-ID: <1@fabrikam.example>',
];
/** A mail of these lines, as Latin-1 so that every byte can be written. */
const mailOf = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1');
const withHead = (...lines: string[]) => mailOf(...head, ...lines);
const replaced = (name: string, ...lines: string[]) =>
  mailOf(...head.filter((line) => !line.startsWith(`${name}:`)), ...lines, '', 'Hello');
const read = (bytes: Uint8Array) => readMail(Uint8Array.from(bytes));
const part = (type: string, text: string, ...more: string[]) => ['--b', `Content-Type: ${type}`, ...more, '', text];
const mixed = (...parts: string[][]) =>
  withHead('MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '', ...parts.flat(), '--b--', '');

describe('What a mail says', () => {
  test('header, body and attachments', async () => {
    const mail = await read(
      mixed(
        part('text/html; charset=iso-8859-1', '<p>Gr\xfc\xdfe</p>'),
        part('application/pdf; name="plan.pdf"', 'AAEC', 'Content-Transfer-Encoding: base64'),
        part(
          'image/png',
          'AAEC',
          'Content-Transfer-Encoding: base64',
          'Content-Disposition: inline',
          'Content-ID: <p@x>',
        ),
      ),
    );
    expect(mail.message).toEqual({
      internetMessageId: '<1@fabrikam.example>',
      subject: 'Order 17',
      from: { name: 'Ada', address: 'ada@fabrikam.example' },
      to: [{ name: 'dana@contoso.example', address: 'dana@contoso.example' }],
      cc: [],
      bcc: [],
      sentAt: '2026-11-20T07:59:30.000Z',
      importance: 'normal',
      sensitivity: 'normal',
      encrypted: false,
    });
    expect(mail.bodyHtml.trim()).toBe('<p>Grüße</p>');
    expect(mail.attachments.map(({ bytes, ...facts }) => ({ ...facts, bytes: [...bytes] }))).toEqual([
      { name: 'plan.pdf', contentType: 'application/pdf', contentId: null, isInline: false, bytes: [0, 1, 2] },
      { name: 'Attachment 2', contentType: 'image/png', contentId: 'p@x', isInline: true, bytes: [0, 1, 2] },
    ]);
    expect(mail.notes).toEqual([]);
  });

  test('the fields of its thread, bounded and nearest last', async () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => `<${index}@x>`);
    const { headers } = await read(
      withHead(
        `References: ${ids.join('\r\n ')}`,
        'In-Reply-To: Your letter (of Tuesday) <4999@x>',
        'Thread-Index: AdX\r\n Y==',
        '',
        '',
      ),
    );
    expect(headers.split('\r\n')).toEqual([
      'In-Reply-To: <4999@x>',
      `References: ${[...ids.slice(0, 5), ...ids.slice(-50)].join(' ')}`,
      'Thread-Index: AdXY==',
    ]);
    expect((await read(withHead('References: <a@x>', 'Reply-To: <c@x>', '', ''))).headers).toBe('References: <a@x>');
  });

  test.each<[string, Partial<ReadMail['message']>]>([
    ['Importance: High', { importance: 'high' }],
    ['X-Priority: 5 (Lowest)', { importance: 'low' }],
    ['X-MSMail-Priority: High', { importance: 'high' }],
    ['Priority: non-urgent', { importance: 'low' }],
    ['Sensitivity: Personal', { sensitivity: 'personal' }],
    ['Sensitivity: private', { sensitivity: 'private' }],
    ['Sensitivity: Company-Confidential', { sensitivity: 'confidential' }],
    ['Sensitivity: none of it', { sensitivity: 'normal' }],
    ['X-Alongside-Stamp: 0190A000-0000-7000-8000-000000000001', { stamp: '0190a000-0000-7000-8000-000000000001' }],
  ])('%s', async (line, expected) => {
    expect((await read(withHead(line, '', 'Hello'))).message).toMatchObject(expected);
  });

  test.each([
    [
      'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b',
      '--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--',
      true,
    ],
    ['Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m', 'AAEC', true],
    ['Content-Type: application/x-pkcs7-mime; name="smime.p7m"', 'AAEC', true],
    ['Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m', 'AAEC', false],
    ['Content-Type: text/plain', '-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA', true],
    [
      'Content-Type: multipart/signed; boundary=b',
      '--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nAA',
      false,
    ],
  ])('%s is encrypted or not', async (type, body, encrypted) => {
    const mail = await read(withHead(type, '', body));
    expect(mail.message.encrypted).toBe(encrypted);
    expect(mail.notes).toEqual(type.includes('signed-data') ? ['sealed'] : []);
  });

  test('protected by rights management', async () => {
    const mail = await read(mixed(part('application/x-microsoft-rpmsg-message; name=message.rpmsg', 'x')));
    expect(mail.message.encrypted).toBe(true);
  });

  test('flowed text, an attached mail, an invitation, and a winmail.dat', async () => {
    const flowed = await read(
      withHead('Content-Type: text/plain; format=flowed', '', 'one \r\nline <&>\r\nand another'),
    );
    expect(flowed.bodyHtml).toBe('<div>one line &lt;&amp;&gt;<br>and another</div>');
    const mail = await read(
      mixed(
        part('text/plain', 'see there'),
        part('message/rfc822', 'Subject: inside\r\n\r\nnot opened'),
        part('text/calendar; method=REQUEST', 'BEGIN:VCALENDAR'),
        part('application/ms-tnef; name=winmail.dat', 'x'),
      ),
    );
    expect(mail.bodyHtml).toBe('<div>see there</div>');
    expect(mail.attachments.map(({ name }) => name)).toEqual(['Message 1.eml', 'winmail.dat']);
    expect(Buffer.from(mail.attachments[0]!.bytes).toString()).toContain('not opened');
    expect(mail.notes).toEqual(['tnef']);
  });
});

describe('Damaged mail is read as far as it goes', () => {
  const nested = (depth: number) =>
    withHead(
      'Content-Type: multipart/mixed; boundary=b0',
      '',
      ...Array.from({ length: depth }, (_, at) => `--b${at}\r\nContent-Type: multipart/mixed; boundary=b${at + 1}\r\n`),
    );
  test.each<[string, Uint8Array, MailNote[], Partial<ReadMail['message']>, RegExp]>([
    ['no boundary', withHead('Content-Type: multipart/mixed', '', 'Hello'), ['body-as-text'], {}, /Hello/],
    [
      'a boundary that never comes',
      withHead('Content-Type: multipart/mixed; boundary=x', '', 'Hello'),
      ['body-as-text'],
      {},
      /Hello/,
    ],
    [
      'parts that never end',
      withHead('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'Hello'),
      [],
      {},
      /Hello/,
    ],
    ['101 nested parts', nested(101), ['head-only'], { subject: 'Order 17' }, /^$/],
    ['10,000 nested parts', nested(10_000), ['head-only'], { subject: 'Order 17' }, /^$/],
    [
      'a charset that nobody knows',
      withHead('Content-Type: text/plain; charset=x-none', '', 'Gr\xfc\xdfe'),
      [],
      {},
      /Grüße/,
    ],
    [
      'a charset that is another',
      withHead('Content-Type: text/plain; charset=utf-8', '', 'Gr\xfc\xdfe'),
      ['broken-characters'],
      {},
      /Gr\ufffd\ufffde/,
    ],
    [
      'NUL',
      mailOf(...head.slice(0, 2), 'Subject: a\0b', ...head.slice(3), '', 'x\0y'),
      ['nul'],
      { subject: 'ab' },
      /xy/,
    ],
    ['bare CR', Buffer.from([...head, '', 'Hello'].join('\r')), ['bare-cr'], { subject: 'Order 17' }, /Hello/],
    ['bare LF', Buffer.from([...head, '', 'Hello'].join('\n')), [], { subject: 'Order 17' }, /Hello/],
    ['LF and CRLF', Buffer.from(`${head.join('\n')}\n\r\nHello`), [], { subject: 'Order 17' }, /^<div>Hello/],
    [
      'a header of 1 MB',
      withHead(`X-Long: ${'x'.repeat(1_000_000)}`, 'Importance: high', '', 'Hello'),
      [],
      { importance: 'high' },
      /Hello/,
    ],
    [
      'a header of 5 MB',
      withHead(`X-Long: ${'x'.repeat(5_000_000)}`, '', 'Hello'),
      ['head-only'],
      { subject: 'Order 17' },
      /^$/,
    ],
    ['no From', replaced('From'), ['no-from'], { from: null }, /Hello/],
    [
      'no From but a Sender',
      replaced('From', 'Sender: a@x.example'),
      ['no-from'],
      { from: { name: 'a@x.example', address: 'a@x.example' } },
      /Hello/,
    ],
    [
      'several From',
      replaced('From', 'From: a@x.example', 'From: b@x.example'),
      ['several-from'],
      { from: { name: 'a@x.example', address: 'a@x.example' } },
      /Hello/,
    ],
    [
      'several in From',
      replaced('From', 'From: A <a@x.example>, b@x.example'),
      [],
      { from: { name: 'A', address: 'a@x.example' } },
      /Hello/,
    ],
    ['no Message-ID', replaced('Message-ID'), ['no-message-id'], { internetMessageId: null }, /Hello/],
    [
      'two Message-IDs',
      withHead('Message-ID: <2@x>', '', 'Hello'),
      ['several-message-ids'],
      { internetMessageId: '<1@fabrikam.example>' },
      /Hello/,
    ],
    [
      'encoded words over lines',
      replaced('Subject', 'Subject: =?utf-8?Q?Gr=C3=BC=C3?=', ' =?utf-8?Q?=9Fe?='),
      [],
      { subject: 'Grüße' },
      /Hello/,
    ],
    ['8-bit header', replaced('Subject', 'Subject: Gr\xfc\xdfe'), ['eight-bit-header'], { subject: 'Grüße' }, /Hello/],
    [
      'UTF-8 header',
      replaced('Subject', `Subject: ${Buffer.from('Grüße').toString('latin1')}`),
      [],
      { subject: 'Grüße' },
      /Hello/,
    ],
    [
      'right to left, and half characters',
      replaced('Subject', 'Subject: =?utf-16be?B?2D0F0AXR?= =?utf-8?B?4oCu?='),
      ['broken-characters'],
      { subject: '\ufffdאב\u202e' },
      /Hello/,
    ],
    ['nothing', new Uint8Array(), ['no-from', 'no-message-id', 'no-date'], { subject: '', from: null, to: [] }, /^$/],
    ['no header', mailOf('', 'Hello'), ['no-from', 'no-message-id', 'no-date'], { subject: '' }, /Hello/],
  ])('%s', async (_, bytes, notes, facts, body) => {
    const mail = await read(bytes);
    expect(mail.message).toMatchObject(facts);
    expect(mail.notes.toSorted()).toEqual(notes.toSorted());
    expect(mail.bodyHtml).toMatch(body);
  });

  test.each([
    ['Thu, 1 Jan 1970 00:00:00 +0000', '1970-01-01T00:00:00.000Z'],
    ['Thu, 31 Dec 2099 23:59:60 -0100', '2100-01-01T01:00:00.000Z'],
    ['21 Nov 97 09:55:06 EST (winter (of course))', '1997-11-21T14:55:06.000Z'],
    ['Thu Aug 22 12:36:23 2002', '2002-08-22T12:36:23.000Z'],
    ['Fri, 20 Nov 2026 08:59:30', '2026-11-20T08:59:30.000Z'],
    ['Fri, 20 Nov 2026 08:59 XYZ', '2026-11-20T08:59:00.000Z'],
    ['Fri, 20 Nov 2026 08:59:30 +9959', '2026-11-20T08:59:30.000Z'],
    ['Mon, 31 Feb 2026 08:59:30 +0100', null],
    ['Fri, 20 Nov 102026 08:59:30 +0100', null],
    ['Fri, 20 Nov 0001 08:59:30 +0100', null],
    ['Fri, 20 Nov 2026 25:61:61 +0100', null],
    ['the day before yesterday', null],
    ['', null],
  ])('sent on %j', async (date, sentAt) => {
    const mail = await read(replaced('Date', `Date: ${date}`));
    expect(mail.message.sentAt).toBe(sentAt);
    expect(mail.notes).toEqual(sentAt === null ? ['no-date'] : []);
  });

  test('10,000 attachments and 10,000 recipients: as many as the CRM takes, and a note', async () => {
    const many = Array.from({ length: 10_000 }, (_, at) => part(`application/octet-stream; name="${at}.bin"`, 'x'));
    const mail = await read(mixed(part('text/plain', 'Hello'), ...many));
    expect([mail.attachments.length, mail.notes, mail.bodyHtml]).toEqual([
      500,
      ['attachments-left-out'],
      '<div>Hello</div>',
    ]);
    const people = Array.from({ length: 10_000 }, (_, at) => `p${at}@x.example`).join(',\r\n ');
    const letter = await read(withHead(`Cc: ${people}`, '', 'Hello'));
    expect([letter.message.cc.length, letter.notes]).toEqual([5_000, ['recipients-left-out']]);
  });

  test('names of attachments are one line that a column holds', async () => {
    const name = `${'\u{1f600}'.repeat(200)}`;
    const mail = await read(
      mixed(
        part(`application/pdf; name="=?utf-8?B?${Buffer.from(name).toString('base64')}?="`, 'x'),
        part('application/pdf; name="a\x07\tb.pdf"', 'x'),
        part('; name=""', 'x', 'Content-Disposition: attachment'),
      ),
    );
    expect(mail.attachments.map(({ name: each }) => each)).toEqual([
      '\u{1f600}'.repeat(127),
      'a b.pdf',
      'Attachment 3',
    ]);
  });
});
