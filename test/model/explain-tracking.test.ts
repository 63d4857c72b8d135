import { describe, expect, test } from '@jest/globals';
import { explainState, explainWhy } from '../../src/model/explain-tracking.ts';
import type { Why } from '../../src/model/tracking-why.ts';

const queue = { table: 'queue', id: 'q', address: 'sales@contoso.example', filter: 'all' } as const;
const ana = { table: 'systemuser', id: 'u', address: null, filter: 'replies' } as const;

describe('why a mail was tracked, or was not, in a sentence', () => {
  test.each<[Why, string]>([
    [
      {
        code: 'accepted',
        question: 'incoming',
        by: ana,
        match: { by: 'in-reply-to', table: 'email', id: 'e' },
      },
      'A user takes replies to tracked mail automatically, and it answers a tracked e-mail.',
    ],
    [
      { code: 'accepted', question: 'incoming', by: queue, match: null },
      'sales@contoso.example takes all mail automatically.',
    ],
    [{ code: 'accepted', question: 'sent', by: null, match: null }, 'The CRM accepted it automatically.'],
    [
      { code: 'no-correlation-match', asked: [ana, ana, { ...queue, filter: 'none' }] },
      'It does not fit what is to be tracked automatically (replies to tracked mail; no mail).',
    ],
    [
      { code: 'never-list', entry: 'bank.example', address: 'anna@bank.example' },
      'anna@bank.example is on the list of what is never tracked (bank.example).',
    ],
  ])('%j', (why, sentence) => {
    expect(explainWhy(why)).toBe(sentence);
  });

  test.each([
    ['accepted', 'The CRM accepted it automatically.'],
    ['never-list', 'Somebody on it is on the list of what is never tracked.'],
    ['no-correlation-match', 'It does not fit what is to be tracked automatically.'],
    ['folder-rule', 'It lies in a tracked folder.'],
  ] as const)('of %s only the code may be left', (code, sentence) => {
    expect(explainWhy({ code })).toBe(sentence);
  });

  test('a reason of a newer server is told by its code', () => {
    const strange: unknown = { code: 'moon-phase' };
    expect(explainWhy(strange as Why)).toBe('moon-phase');
  });

  test('who takes the category off is not told that it is tracked', () => {
    const at = '2026-11-21T10:00:00Z';
    expect(explainState({ state: 'not-tracked', why: { code: 'category-removed' }, at })).toBe('Untracked.');
    expect(explainState({ state: 'tracked', why: { code: 'already-there' }, at })).toBe('Found in your mailbox.');
  });
});
