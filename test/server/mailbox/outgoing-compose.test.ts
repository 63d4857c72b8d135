import { expect, test } from '@jest/globals';
import PostalMime, { type Email } from 'postal-mime';
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

const attack = 'x\r\nBcc: eve@evil.example\r\n\r\n<script>\0\u2028';
test.each<[string, Partial<OutgoingMail>]>([
  ['subject', { subject: attack }],
  ['name of the sender', { from: { name: attack, address: 'dana@contoso.example' } }],
  ['name of a recipient', { to: [{ name: `"${attack}" <eve@evil.example>, `, address: 'ada@fabrikam.example' }] }],
  ['answered mail', { inReplyTo: `<a@x>\r\nBcc: eve@evil.example` }],
  ['references', { inReplyTo: '<a@x>', references: [`<b@x>\r\nBcc: <eve@evil.example>`] }],
  [
    'name of a file',
    { attachments: [{ name: attack, contentType: 'text/plain', contentId: null, bytes: Buffer.from('a') }] },
  ],
  ['type of a file', { attachments: [{ name: 'a', contentType: attack, contentId: null, bytes: Buffer.from('a') }] }],
  [
    'content id',
    { attachments: [{ name: 'a', contentType: 'image/png', contentId: attack, bytes: Buffer.from('a') }] },
  ],
])('nothing in the %s becomes a header, a recipient or a part', async (_where, more) => {
  const mail = await write(more);
  const known = await write({ inReplyTo: '<a@x>', references: ['<b@x>'] });
  expect(mail.read.bcc ?? []).toEqual([]);
  expect(mail.read.to).toHaveLength(1);
  expect(headerNames(known)).toEqual(expect.arrayContaining(headerNames(mail)));
  expect(mail.read.attachments).toHaveLength(more.attachments?.length ?? 0);
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

const nobody = { name: 'Nobody', address: '' };
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
  ['too many recipients', { to: Array.from({ length: 1_001 }, () => plain.to[0]!) }, 'too-many'],
])('%s: nothing is written, and a sentence says why', async (_what, more, code) => {
  await expect(compose({ ...plain, ...more }, date)).rejects.toMatchObject({ name: 'Unsendable', code });
});

test('a mail with a file and nothing to say is not the file itself', async () => {
  const file = { name: 'a.txt', contentType: 'text/plain', contentId: null, bytes: Buffer.from('a') };
  const { read, head } = await write({ subject: '', html: '', attachments: [file] });
  expect(head).toContain('multipart/mixed');
  expect(read.attachments.map(({ filename }) => filename)).toEqual(['a.txt']);
});

test('the id is the same whenever it is written', () => {
  expect(messageIdOf(plain)).toBe(messageIdOf({ ...plain }));
});
