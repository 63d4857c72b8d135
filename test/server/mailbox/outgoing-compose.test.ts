import { expect, test } from '@jest/globals';
import PostalMime, { type Email } from 'postal-mime';
import { importanceIn } from '../../../src/model/header-block.ts';
import { compose, messageIdOf } from '../../../src/server/mailbox/outgoing/compose.ts';
import type { OutgoingMail } from '../../../src/server/mailbox/outgoing/outgoing-mail.ts';

const id = '0f0e0d0c-0000-4000-8000-000000000001';
const plain: OutgoingMail = {
  id,
  from: { name: 'Dana Whitfield', address: 'dana@contoso.example' },
  to: [{ name: 'Ada', address: 'ada@fabrikam.example' }],
  cc: [],
  bcc: [],
  subject: 'Offer CRM:7K2M9QX4',
  html: '<p>Hello</p>',
  importance: 'normal',
  readReceipt: false,
  inReplyTo: null,
  references: [],
  attachments: [],
};
const date = new Date('2026-03-02T09:30:00Z');

const write = async (more: Partial<OutgoingMail>): Promise<{ text: string; head: string; read: Email }> => {
  const text = Buffer.from(await compose({ ...plain, ...more }, date)).toString('latin1');
  return {
    text,
    head: text.slice(0, text.indexOf('\r\n\r\n')),
    read: await PostalMime.parse(Buffer.from(text, 'latin1')),
  };
};
const headerNames = ({ read }: { read: Email }) => [...new Set(read.headers.map(({ key }) => key))].sort();
const file = { name: 'a.txt', contentType: 'text/plain', contentId: null, bytes: Buffer.from('a') };

test('it says who, to whom, what, and of which e-mail and thread it is', async () => {
  const mail = await write({
    cc: [{ name: '', address: 'bo@fabrikam.example' }],
    bcc: [{ name: 'Quiet', address: 'quiet@fabrikam.example' }],
    inReplyTo: '<c@x.example>',
    references: ['<a@x.example>', 'nonsense', '<b@x.example>', '<a@x.example>'],
    importance: 'high',
    readReceipt: true,
    attachments: [
      { name: 'Größe.txt', contentType: 'text/plain', contentId: null, bytes: Buffer.from('4711') },
      { name: 'logo.png', contentType: 'image/png', contentId: 'logo@x', bytes: Uint8Array.of(1, 2, 3) },
    ],
    html: '<p>Grüße</p><img src="cid:logo@x">',
  });
  expect(mail.read).toMatchObject({
    from: plain.from,
    to: plain.to,
    cc: [{ address: 'bo@fabrikam.example' }],
    bcc: [{ name: 'Quiet', address: 'quiet@fabrikam.example' }],
    subject: 'Offer CRM:7K2M9QX4',
    messageId: `<${id}@contoso.example>`,
    inReplyTo: '<c@x.example>',
    references: '<a@x.example> <b@x.example> <c@x.example>',
    date: '2026-03-02T09:30:00.000Z',
  });
  expect(mail.read.html).toContain('Grüße');
  expect(mail.read.attachments.map(({ filename, mimeType, contentId }) => [filename, mimeType, contentId])).toEqual([
    ['logo.png', 'image/png', '<logo@x>'],
    ['Größe.txt', 'text/plain', undefined],
  ]);
  expect(mail.head).toMatch(/^X-Alongside-Stamp: 0f0e0d0c-/m);
  expect(mail.head).toContain('Disposition-Notification-To: dana@contoso.example');
  expect(/[^\r]\n|\r[^\n]/.test(mail.text)).toBe(false);
});

test.each(['low', 'normal', 'high'] as const)(
  'that it is of %s importance is read by whoever gets it',
  async (importance) => {
    const { head } = await write({ importance });
    expect(importanceIn(head)).toBe(importance);
    expect(importanceIn(head.replace(/^Importance:.*\r\n/m, ''))).toBe(importance);
  },
);

test('what nobody asked for is not in it', async () => {
  const { head } = await write({ from: { name: 'Dana@Contoso.example', address: 'dana@contoso.example' } });
  expect(head).toContain('From: dana@contoso.example\r\n');
  expect(head).not.toMatch(/^(?:cc|bcc|in-reply-to|references|disposition-notification-to|importance|x-priority):/im);
});

test('up to a thousand recipients, in whichever line, and no more', async () => {
  const people = (many: number) =>
    Array.from({ length: many }, (_, index) => ({ name: '', address: `p${index}@x.example` }));
  const { read } = await write({ to: [], cc: people(1), bcc: people(999) });
  expect([read.to ?? [], read.cc?.length, read.bcc?.length]).toEqual([[], 1, 999]);
  await expect(write({ to: people(1), cc: people(1), bcc: people(999) })).rejects.toMatchObject({
    code: 'too-many',
    message: 'The e-mail has 1001 recipients; 1000 are possible.',
  });
});

test('an address of the world is written as mail servers write it', async () => {
  const { read, head } = await write({
    from: { name: 'Jürgen', address: 'juergen@müller.example' },
    to: [{ name: '山田', address: 'yamada@例え.example' }],
  });
  expect(read.from?.address).toBe('juergen@xn--mller-kva.example');
  expect(read.to?.[0]).toEqual({ name: '山田', address: 'yamada@xn--r8jz45g.example' });
  expect(head).toContain(`Message-ID: <${id}@xn--mller-kva.example>`);
  // eslint-disable-next-line no-control-regex -- every byte of a header is ASCII
  expect(/^[\x00-\x7f]*$/.test(head)).toBe(true);
});

const attack = 'x\r\n\u2028\u2029Bcc: eve@evil.example\r\n\r\n<script>\0\u2028\u007f';
const asOneLine = 'x Bcc: eve@evil.example <script>';
test.each<[string, Partial<OutgoingMail>]>([
  ['subject', { subject: attack }],
  ['name of the sender', { from: { name: attack, address: 'dana@contoso.example' } }],
  ['name of a recipient', { to: [{ name: `"${attack}" <eve@evil.example>, `, address: 'ada@fabrikam.example' }] }],
  ['answered mail', { inReplyTo: `<a@x>\r\nBcc: eve@evil.example` }],
  ['references', { inReplyTo: '<a@x>', references: [`<b@x>\r\nBcc: <eve@evil.example>`] }],
  ['name of a file', { attachments: [{ ...file, name: attack }] }],
  ['type of a file', { attachments: [{ ...file, contentType: attack }] }],
  ['type of a file after what looks like one', { attachments: [{ ...file, contentType: `text/plain; ${attack}` }] }],
  ['content id', { attachments: [{ ...file, contentId: attack }] }],
])('nothing in the %s becomes a header, a recipient or a part', async (_where, more) => {
  const mail = await write(more);
  const known = await write({ inReplyTo: '<a@x>', references: ['<b@x>'] });
  expect(mail.read.bcc ?? []).toEqual([]);
  expect(mail.read.to).toHaveLength(1);
  expect(headerNames(known)).toEqual(expect.arrayContaining(headerNames(mail)));
  expect(mail.read.attachments).toHaveLength(more.attachments?.length ?? 0);
});

test('a subject and a name are one line of text, also for whoever reads them', async () => {
  const { read } = await write({
    from: { name: attack, address: 'dana@contoso.example' },
    to: [{ name: attack, address: 'ada@fabrikam.example' }],
    subject: attack,
    attachments: [{ ...file, name: attack }],
  });
  const names = [read.from?.name, read.to?.[0]?.name, read.subject, read.attachments[0]?.filename];
  expect(names).toEqual([asOneLine, asOneLine, asOneLine, asOneLine]);
});

test('a body leaves without the bytes that mail servers refuse', async () => {
  const { read, text } = await write({ html: '<p>be\0fore</p>' });
  expect([read.html?.trim(), text.includes('\0')]).toEqual(['<p>before</p>', false]);
});

test('of a file leave its own bytes, under a name, a type and a content id that are some', async () => {
  const whole = Buffer.from('before4711after');
  const { read } = await write({
    attachments: [
      { ...file, contentType: 'text/plain; charset=utf-16', contentId: '<part1@x>' },
      { ...file, contentId: 'x'.repeat(250) },
      { ...file, name: '', bytes: whole.subarray(6, 10) },
      { ...file, contentId: 'x'.repeat(251) },
    ],
  });
  const seen = read.attachments.map(({ filename, mimeType, contentId }) => [filename, mimeType, contentId]);
  expect(seen).toEqual([
    ['a.txt', 'application/octet-stream', '<part1@x>'],
    ['a.txt', 'text/plain', `<${'x'.repeat(250)}>`],
    ['attachment', 'text/plain', undefined],
    ['a.txt', 'text/plain', undefined],
  ]);
  expect(Buffer.from(read.attachments[2]!.content as ArrayBuffer).toString()).toBe('4711');
});

test.each(['multipart/mixed; boundary=x', 'message/rfc822', 'multipart/alternative', 'message/partial'])(
  'an attachment that says it is %s is a file and no part of the mail',
  async (contentType) => {
    const bytes = Buffer.from('--x\r\nContent-Type: text/html\r\n\r\nhidden\r\n--x--');
    const { read } = await write({ attachments: [{ name: 'a', contentType, contentId: null, bytes }] });
    expect(read.attachments).toHaveLength(1);
    expect(Buffer.from(read.attachments[0]!.content as ArrayBuffer)).toEqual(bytes);
    expect(read.html).not.toContain('hidden');
  },
);

test('a body that names files and addresses reads none of them', async () => {
  const { read } = await write({ html: '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/x">' });
  expect(read.attachments).toEqual([]);
});

test('after years of answers the line of references has an end', async () => {
  const references = Array.from({ length: 5_000 }, (_, index) => `<${index}@x.example>`);
  const { read } = await write({ inReplyTo: '<last@x.example>', references });
  const ids = read.references?.split(' ') ?? [];
  expect([ids.length, ids[0], ids.at(-2), ids.at(-1)]).toEqual([
    50,
    '<0@x.example>',
    '<4999@x.example>',
    '<last@x.example>',
  ]);
});

test('a mail that answers nothing known names no thread', async () => {
  const { head } = await write({ inReplyTo: 'nonsense', references: ['<a@x.example>'] });
  expect(head).not.toMatch(/^(?:in-reply-to|references):/im);
});

test('what is answered stands last and once in the line of references', async () => {
  const { read } = await write({ inReplyTo: ' <b@x.example>', references: ['<b@x.example>', '<a@x.example>'] });
  expect([read.inReplyTo, read.references]).toEqual(['<b@x.example>', '<a@x.example> <b@x.example>']);
});

const nobody = { name: 'Nobody', address: '' };
const at = (domain: string) => ({ to: [{ name: '', address: `ada@${domain}` }] });
test.each<[string, Partial<OutgoingMail>, string]>([
  ['no recipient', { to: [] }, 'no-recipient'],
  ['a recipient without address', { to: [nobody] }, 'bad-address'],
  ['a list for an address', { to: [{ name: '', address: 'a@x.example, eve@evil.example' }] }, 'bad-address'],
  ['a line in an address', { cc: [{ name: '', address: 'a@x.example\r\nBcc: eve@evil.example' }] }, 'bad-address'],
  ['a bracket in an address', { bcc: [{ name: '', address: 'a@x.example>' }] }, 'bad-address'],
  ['two signs in an address', { to: [{ name: '', address: 'a@b@x.example' }] }, 'bad-address'],
  [
    'an address before the sign of which not everything is ASCII',
    { to: [{ name: '', address: 'ü@x.example' }] },
    'bad-address',
  ],
  ['a sender without address', { from: nobody }, 'bad-address'],
  ['65 characters before the sign', { to: [{ name: '', address: `${'a'.repeat(65)}@x.example` }] }, 'bad-address'],
  ['256 characters after the sign', at(`${'x.'.repeat(124)}examples`), 'bad-address'],
  ...[
    'x.example/y',
    'x.example?y',
    'x.example#y',
    'x.example\\y',
    '%78.example',
    'x .example',
    'x\t.example',
    'x..example',
  ].map((domain): [string, Partial<OutgoingMail>, string] => [`${domain} for a domain`, at(domain), 'bad-address']),
  ...['[127.0.0.1]', '127.0.0.1', '0x7f000001', '.', 'x_y.example'].map(
    (domain): [string, Partial<OutgoingMail>, string] => [`${domain} for a domain`, at(domain), 'bad-address'],
  ),
])('%s: nothing is written, and a sentence says why', async (_what, more, code) => {
  await expect(compose({ ...plain, ...more }, date)).rejects.toMatchObject({ name: 'Unsendable', code });
});

test.each([
  [{ name: 'No\r\nbody', address: '' }, 'No body is no address that a mail can be sent to.'],
  [{ name: 'Ada', address: 'ada\r\nx' }, 'ada x is no address that a mail can be sent to.'],
  [{ name: '', address: 'a'.repeat(500) }, `${'a'.repeat(100)} is no address that a mail can be sent to.`],
])('whose address is none is said in one short line', async (person, message) => {
  await expect(compose({ ...plain, to: [person] }, date)).rejects.toMatchObject({ message });
});

test('an address at the edge of what is possible, with space around it, is one', async () => {
  const [local, domain] = ['a'.repeat(64), `${'x.'.repeat(124)}example`];
  const { read } = await write({ to: [{ name: '', address: ` ${local}@${domain}\r\n` }] });
  expect([domain.length, read.to?.[0]?.address]).toEqual([255, `${local}@${domain}`]);
});

test('a mail with a file and nothing to say is not the file itself', async () => {
  const { read, head } = await write({ subject: '', html: '', attachments: [file] });
  expect(head).toContain('multipart/mixed');
  expect(read.attachments.map(({ filename }) => filename)).toEqual(['a.txt']);
});

test('the id is the same whenever it is written', () => {
  expect(messageIdOf(plain)).toBe(messageIdOf({ ...plain }));
});
