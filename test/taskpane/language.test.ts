import { expect, test } from '@jest/globals';
import type { ChangeState } from '../../src/model/change.ts';
import { languageFor } from '../../src/taskpane/language.tsx';
import { momentsFor } from '../../src/model/moments.ts';
import { textsFor } from '../../src/taskpane/texts.ts';

test('the six words, and no other', () => {
  const states: ChangeState[] = ['sending', 'done', 'queued', 'waiting', 'conflict', 'refused'];
  expect(states.map(textsFor('en').state)).toEqual([
    'Sending',
    'Tracked',
    'Queued',
    'Waiting on this device',
    'Conflict',
    'Refused',
  ]);
});

test('what the CRM said about a refusal is passed on; other reasons have a sentence of ours', () => {
  const { reason } = textsFor('en');
  expect(reason({ code: 'refused', message: 'The subject is too long.' })).toBe('The subject is too long.');
  expect(reason({ code: 'forbidden', message: 'SecLib::AccessCheckEx failed' })).not.toContain('SecLib');
  expect(reason({ code: 'not-saved', message: '' })).toBe('Not saved yet. Keep this pane open.');
});

test('a language nobody wrote yet is English, in its own direction', () => {
  expect(textsFor('de-DE').track).toBe('Track');
  expect(languageFor('he-IL').direction).toBe('rtl');
  expect(languageFor('de-DE').direction).toBe('ltr');
});

test('times are as far away as they are told', () => {
  const moments = momentsFor('en-GB');
  const now = Date.parse('2026-11-21T12:00:00');
  expect(moments.at('2026-11-21T09:05:00', now)).toBe('9:05');
  expect(moments.at('2026-11-20T09:05:00', now)).toBe('yesterday, 9:05');
  expect(moments.at('2025-11-20T09:05:00', now)).toBe('20 Nov 2025');
  expect(moments.away('2026-11-21T12:00:40', now)).toBe('in 40 seconds');
  expect(moments.away('2026-11-21T12:05:00', now)).toBe('in 5 minutes');
  expect(moments.away('2026-11-18T12:00:00', now)).toBe('3 days ago');
  expect(moments.day('2026-12-01')).toBe('1 Dec 2026');
  expect(moments.size(2_400_000)).toBe('2.4 MB');
  expect(moments.size(10)).toBe('1 kB');
  expect(moments.at('never', now)).toBe('');
});
