import { describe, expect, test } from '@jest/globals';
import {
  decide,
  decideByAnswer,
  decideByContent,
  unseen,
  type Before,
  type Circumstances,
} from '../../../src/server/mailbox/decide.ts';
import type { Acceptor, Why } from '../../../src/model/tracking-why.ts';
import type { FolderRule } from '../../../src/server/mailbox/rules.ts';
import { usualSettings, type MailboxSettings } from '../../../src/server/mailbox/settings.ts';
import type { SourceItem } from '../../../src/server/mailbox/source.ts';

const dana = { name: 'Dana', address: 'dana@contoso.example' };
const miguel = { name: 'Miguel', address: 'miguel@mail.contoso.example' };
const ada = { name: 'Ada', address: 'ada@fabrikam.example' };

const mail: SourceItem = {
  id: '1',
  folderId: 'inbox',
  version: 'v1',
  internetMessageId: '<1@fabrikam.example>',
  subject: 'Offer',
  from: ada,
  to: [dana],
  cc: [],
  bcc: [],
  sentAt: '2026-11-20T08:00:00.000Z',
  receivedAt: '2026-11-20T08:00:01.000Z',
  sensitivity: 'normal',
  isDraft: false,
  isMarked: false,
  size: 1_000,
};

const contract = { table: 'opportunity', id: 'c0000000-0000-4000-8000-000000000001', name: 'Contract' } as const;
const renewal = { table: 'opportunity', id: 'c0000000-0000-4000-8000-000000000002', name: 'Renewal' } as const;
const rule: FolderRule = {
  id: 'r1',
  folderId: 'orders',
  includeSubfolders: true,
  regarding: contract,
  appliesTo: 'new',
  since: '2026-11-10T00:00:00.000Z',
  origin: 'own',
};
const filed = { folder: { id: 'orders', role: null }, rule } as const;
const byRule = { code: 'folder-rule', rule: 'r1', folder: 'orders', origin: 'own' };

interface Case {
  item?: Partial<SourceItem>;
  before?: Partial<Before>;
  facts?: Partial<Circumstances>;
  settings?: Partial<MailboxSettings>;
}

function decided({ item, before, facts, settings }: Case) {
  return decide(
    { ...mail, ...item },
    { ...unseen, ...before },
    {
      settings: { ...usualSettings('user'), ...settings },
      folder: { id: 'inbox', role: 'inbox' },
      rule: undefined,
      filedAt: null,
      own: new Set(['dana@contoso.example']),
      ours: new Set(['contoso.example']),
      start: '2026-11-01T00:00:00.000Z',
      untracked: false,
      ...facts,
    },
  );
}

const leave = (why: Why) => ({ kind: 'leave', why });
const tracked: Partial<Before> = { tracked: true, wasMarked: false };

describe('a mail that a person wants tracked asks no filter', () => {
  const shy: Case = { settings: { automatic: 'off', neverTrack: ['fabrikam.example'] } };
  test.each<[string, Case, object]>([
    [
      'by its category',
      { ...shy, item: { isMarked: true, sensitivity: 'private' } },
      { kind: 'track', why: { code: 'category' }, regarding: null },
    ],
    [
      'by its category, in any folder',
      { item: { isMarked: true }, facts: { folder: { id: 'x', role: 'archive' } } },
      { kind: 'track', why: { code: 'category' } },
    ],
    [
      'by its category, in a folder with a rule',
      { item: { isMarked: true }, facts: filed },
      { kind: 'track', why: { code: 'category' }, regarding: contract },
    ],
    ['by its folder', { ...shy, facts: filed }, { kind: 'track', why: byRule, regarding: contract }],
    [
      'by its folder, among colleagues',
      { item: { from: miguel }, facts: filed },
      { kind: 'track', why: byRule, regarding: contract },
    ],
    [
      'not by a category that its owner does not use',
      { settings: { category: false, automatic: 'off' }, item: { isMarked: true } },
      leave({ code: 'automatic-off' }),
    ],
    [
      'not a draft, whatever is on it',
      { item: { isMarked: true, isDraft: true }, facts: filed },
      leave({ code: 'draft' }),
    ],
    [
      'not what was in the folder before a rule for new mail',
      { item: { receivedAt: '2026-11-09T00:00:00.000Z' }, facts: filed },
      leave({ code: 'before-rule', rule: 'r1' }),
    ],
    [
      'but what is put there afterwards',
      { item: { receivedAt: '2026-11-09T00:00:00.000Z' }, facts: { ...filed, filedAt: '2026-11-12T00:00:00.000Z' } },
      { kind: 'track', why: byRule },
    ],
  ])('%s', (_, given, expected) => expect(decided(given)).toMatchObject(expected));
});

describe('what its owner took back', () => {
  test.each<[string, Case, object]>([
    ['no rule tracks again', { facts: { ...filed, untracked: true } }, leave({ code: 'untracked-by-owner' })],
    [
      'the automatic tracking does not track again',
      { facts: { untracked: true } },
      leave({ code: 'untracked-by-owner' }),
    ],
    [
      'a category that was there before does not',
      { item: { isMarked: true }, before: { wasMarked: true }, facts: { untracked: true } },
      leave({ code: 'untracked-by-owner' }),
    ],
    [
      'a category whose age nobody knows does not',
      { item: { isMarked: true }, facts: { untracked: true } },
      leave({ code: 'untracked-by-owner' }),
    ],
    [
      'a category set since then does',
      { item: { isMarked: true }, before: { wasMarked: false }, facts: { untracked: true } },
      { kind: 'track', why: { code: 'category' } },
    ],
  ])('%s', (_, given, expected) => expect(decided(given)).toMatchObject(expected));
});

describe('a mail that is tracked already', () => {
  const moved = { ...filed, rule: { ...rule, regarding: renewal } };
  test.each<[string, Case, object]>([
    ['is left alone', { before: tracked }, { kind: 'nothing' }],
    [
      'is untracked when its category goes',
      { before: { ...tracked, wasMarked: true } },
      { kind: 'untrack', keepRecord: true },
    ],
    [
      'as its owner chose',
      { before: { ...tracked, wasMarked: true }, settings: { categoryRemoved: 'remove' } },
      { kind: 'untrack', keepRecord: false },
    ],
    ['not when the category was never there', { before: { ...tracked, wasMarked: null } }, { kind: 'nothing' }],
    [
      'not when the category is of no interest',
      { before: { ...tracked, wasMarked: true }, settings: { category: false } },
      { kind: 'nothing' },
    ],
    [
      'is linked anew in another folder, if a rule linked it',
      { before: { ...tracked, linkedByRule: contract.id }, facts: moved },
      { kind: 'relink', regarding: renewal, onlyIfRegarding: { id: contract.id } },
    ],
    [
      'is linked when put into a folder, if it is regarding nothing',
      { before: tracked, facts: moved },
      { kind: 'relink', regarding: renewal, onlyIfRegarding: { id: null } },
    ],
    [
      'keeps its link in a folder without a record',
      { before: { ...tracked, linkedByRule: contract.id }, facts: { ...filed, rule: { ...rule, regarding: null } } },
      { kind: 'nothing' },
    ],
    ['is not linked twice', { before: { ...tracked, linkedByRule: contract.id }, facts: filed }, { kind: 'nothing' }],
  ])('%s', (_, given, expected) => expect(decided(given)).toMatchObject(expected));
});

describe('the automatic tracking', () => {
  const sent = { folder: { id: 'sent', role: 'sent' } } as const;
  test.each<[string, Case, object]>([
    ['asks the CRM about mail in the Inbox', {}, { kind: 'ask', question: 'incoming' }],
    ['of sent mail only where it is wanted', { facts: sent }, leave({ code: 'folder-not-watched' })],
    [
      'and then as sent mail',
      { facts: sent, item: { from: dana, to: [ada] }, settings: { sentItems: true } },
      { kind: 'ask', question: 'sent' },
    ],
    ['not of other folders', { facts: { folder: { id: 'x', role: null } } }, leave({ code: 'folder-not-watched' })],
    ['not of junk', { facts: { folder: { id: 'junk', role: 'junk' } } }, leave({ code: 'folder-not-watched' })],
    ['not when it is off', { settings: { automatic: 'off' } }, leave({ code: 'automatic-off' })],
    [
      'not of what came too early',
      { facts: { start: '2026-11-21T00:00:00.000Z' } },
      leave({ code: 'before-start', start: '2026-11-21T00:00:00.000Z' }),
    ],
    ['not without a sender', { item: { from: null } }, leave({ code: 'no-sender' })],
    [
      'not of whom is never tracked',
      { settings: { neverTrack: ['fabrikam.example'] } },
      leave({ code: 'never-list', entry: 'fabrikam.example', address: 'ada@fabrikam.example' }),
    ],
    [
      'not even as a copy',
      {
        item: { from: { name: '', address: 'bo@tailspin.example' }, cc: [ada] },
        settings: { neverTrack: ['ada@fabrikam.example'] },
      },
      leave({ code: 'never-list', entry: 'ada@fabrikam.example', address: 'ada@fabrikam.example' }),
    ],
    [
      'the mailbox itself is never meant by its list',
      { settings: { neverTrack: ['contoso.example'] } },
      { kind: 'ask' },
    ],
    ['not among our own people, sub-domains included', { item: { from: miguel } }, leave({ code: 'internal' })],
    ['unless it is wanted', { item: { from: miguel }, settings: { internal: 'track' } }, { kind: 'ask' }],
    ['nor with an outsider among them', { item: { from: miguel, cc: [ada] } }, { kind: 'ask' }],
    ['not from a colleague to recipients nobody sees', { item: { from: miguel, to: [] } }, leave({ code: 'internal' })],
    [
      'not of private mail',
      { item: { sensitivity: 'confidential' } },
      leave({ code: 'private', sensitivity: 'confidential' }),
    ],
    ['unless it is wanted so', { item: { sensitivity: 'personal' }, settings: { private: 'track' } }, { kind: 'ask' }],
  ])('%s', (_, given, expected) => expect(decided(given)).toMatchObject(expected));

  const miguelNone: Acceptor = { table: 'systemuser', id: '1', address: 'miguel@contoso.example', filter: 'none' };
  const danaReplies: Acceptor = { table: 'systemuser', id: '2', address: 'dana@contoso.example', filter: 'replies' };
  const reply = { by: 'in-reply-to', table: 'email', id: 'e1' } as const;
  test('says in its answer who took the mail and by what, or why nobody did', () => {
    expect(decideByAnswer('incoming', { kind: 'accepted', by: danaReplies, match: reply })).toEqual({
      kind: 'track',
      why: { code: 'accepted', question: 'incoming', by: danaReplies, match: reply },
      regarding: null,
    });
    expect(decideByAnswer('incoming', { kind: 'already-there' })).toEqual({
      kind: 'there',
      why: { code: 'already-there' },
    });
    expect(decideByAnswer('incoming', { kind: 'no-recipient-match' })).toEqual(leave({ code: 'no-recipient-match' }));
    const asked = [miguelNone, danaReplies];
    expect(decideByAnswer('incoming', { kind: 'not-accepted', asked })).toEqual(
      leave({ code: 'no-correlation-match', asked }),
    );
    expect(decideByAnswer('incoming', { kind: 'not-accepted', asked: [miguelNone] })).toMatchObject(
      leave({ code: 'filter-none', asked: [miguelNone] }),
    );
    expect(decideByAnswer('incoming', { kind: 'not-accepted', asked: [] })).toEqual(
      leave({ code: 'no-correlation-match', asked: [] }),
    );
    expect(decideByAnswer('sent', { kind: 'sent-not-tracked' })).toEqual(leave({ code: 'sent-not-tracked' }));
    expect(decideByAnswer('incoming', { kind: 'refused', reason: 17 })).toEqual(
      leave({ code: 'refused-by-crm', reason: 17 }),
    );
  });

  test('lets no encrypted mail in by itself, and of one that a person wants only its headers', () => {
    const accepted = { code: 'accepted', question: 'incoming', by: null, match: null } as const;
    const agreed = { ...usualSettings('user'), encrypted: 'headers-only' } as const;
    expect(decideByContent(accepted, { encrypted: false }, usualSettings('user'))).toBe('whole');
    expect(decideByContent(accepted, { encrypted: true }, usualSettings('user'))).toEqual({ code: 'encrypted' });
    expect(decideByContent(accepted, { encrypted: true }, agreed)).toBe('headers-only');
    expect(decideByContent({ code: 'category' }, { encrypted: true }, usualSettings('user'))).toBe('headers-only');
  });
});
