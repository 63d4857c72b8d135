// A mail in Sent Items proves that it went out; nothing else there does.
import { expect, test } from '@jest/globals';
import { findInSentItems } from '../../../src/server/mailbox/outgoing/sent-items.ts';
import type { MailSource, SourceFolder, SourceItem } from '../../../src/server/mailbox/source.ts';

const [first, second] = ['0f0e0d0c-0000-4000-8000-000000000001', '0f0e0d0c-0000-4000-8000-000000000002'];
const mails = new Map([first, second].map((id) => [id, `<${id}@contoso.example>`]));
const since = new Date('2026-03-01T09:30:00Z');
const sentAt = '2026-03-02T09:30:00.000Z';
const receivedAt = '2026-03-02T09:31:00.000Z';
const folders: readonly SourceFolder[] = [
  { id: 'inbox', name: 'Sent Items', parentId: null, role: 'inbox' },
  { id: 'sent', name: 'Gesendet', parentId: null, role: 'sent' },
];

const item = (more: Partial<SourceItem>): SourceItem => ({
  ...{
    id: 'x',
    folderId: 'sent',
    version: '1',
    internetMessageId: null,
    subject: '',
    from: null,
    to: [],
    cc: [],
    bcc: [],
  },
  ...{ sentAt, receivedAt, sensitivity: 'normal', isDraft: false, isMarked: false, size: 1, ...more },
});
const stamped = (stamp: string) => item({ internetMessageId: '<else@x>', headers: `X-Alongside-Stamp: ${stamp}\r\n` });
const named = (internetMessageId: string, more: Partial<SourceItem> = {}) => item({ internetMessageId, ...more });

/** Sent Items in these pages, and what was asked of it. */
function sentItems(pages: readonly (readonly SourceItem[])[], list = folders) {
  const asked: (readonly [string, string | null, Date])[] = [];
  const source: Pick<MailSource, 'folders' | 'changes'> = {
    folders: async () => list,
    changes: async (folder, cursor, from) => {
      asked.push([folder, cursor, from]);
      const page = Number(cursor ?? 0);
      return { items: pages[page] ?? [], gone: [], cursor: String(page + 1), more: page + 1 < pages.length };
    },
  };
  return { asked, look: async () => [...(await findInSentItems(source as MailSource, mails, since))] };
}

test.each<[string, readonly (readonly SourceItem[])[], readonly (readonly [string, string])[]]>([
  [
    'by its Message-ID, however that is written',
    [[named(`<${first}@contoso.example> (a comment)`)]],
    [[first, sentAt]],
  ],
  ['by its stamp, however that is written', [[stamped(` ${first.toUpperCase()} `)]], [[first, sentAt]]],
  [
    'on a later page, after an empty one',
    [[], [stamped('else')], [named(`<${second}@contoso.example>`)]],
    [[second, sentAt]],
  ],
  [
    'beside the other, whichever comes first',
    [[stamped(second)], [stamped(first)]],
    [
      [second, sentAt],
      [first, sentAt],
    ],
  ],
  [
    'with the time at which it came, where it says none of its own',
    [[{ ...stamped(first), sentAt: null }]],
    [[first, receivedAt]],
  ],
  ['not as a draft', [[{ ...stamped(first), isDraft: true }]], []],
  [
    'not among mails of others',
    [[stamped('else'), stamped('0f0e0d0c-0000-4000-8000-00000000000f'), named('<else@x>'), item({})]],
    [],
  ],
])('a mail is found %s', async (_how, pages, found) => {
  expect(await sentItems(pages).look()).toEqual(found);
});

test('another’s stamps are not taken for the mails that are looked for', async () => {
  const others = [stamped('0f0e0d0c-0000-4000-8000-00000000000e'), stamped('0f0e0d0c-0000-4000-8000-00000000000f')];
  expect(await sentItems([others, [stamped(first)]]).look()).toEqual([[first, sentAt]]);
});

test('only the folder for sent mail is looked through, from the moment that is given, and no further than needed', async () => {
  const { asked, look } = sentItems([[stamped(first)], [stamped(second)], []]);
  await look();
  expect(asked).toEqual([
    ['sent', null, since],
    ['sent', '1', since],
  ]);
});

test('a mailbox without such a folder says nothing', async () => {
  const { asked, look } = sentItems([[stamped(first)]], folders.slice(0, 1));
  expect([await look(), asked]).toEqual([[], []]);
});

test('a folder without end is left after a while, and what was seen counts', async () => {
  const { asked, look } = sentItems([[stamped(first)], ...Array.from({ length: 1_000 }, () => [])]);
  expect([await look(), asked.length]).toEqual([[[first, sentAt]], 200]);
});
