import { describe, expect, test } from '@jest/globals';
import type { ChangeStatus } from '../../src/model/change.ts';
import type { ItemState, TrackedMail } from '../../src/model/item-state.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import { move } from '../../src/taskpane/track/list-keys.ts';
import { createRecentRegarding } from '../../src/taskpane/track/recent-regarding.ts';
import { trackView, type KnownState } from '../../src/taskpane/track/track-view.ts';

const fabrikam: RegardingRef = { table: 'account', id: '0190aaaa-0000-7000-8000-000000000001', name: 'Fabrikam' };

const status = (id: string, more: Partial<ChangeStatus>): ChangeStatus => ({
  id,
  lane: 'm1.x',
  kind: 'track',
  state: 'done',
  at: '2026-11-21T12:00:00Z',
  reason: null,
  nextTryAt: null,
  position: null,
  result: null,
  ...more,
});

const result = (more: object = {}) => ({
  recordId: 'row-1',
  etag: null,
  regarding: null,
  previousRegarding: null,
  already: false,
  leftOut: [],
  ...more,
});

const known = (
  tracked: TrackedMail | null | 'unknown',
  more: Partial<ItemState> = {},
  seen: string[] = [],
): KnownState => ({
  state: { itemKey: 'm1.x', tracked, kept: false, pending: [], ...more },
  seen: new Set(seen),
});

const byMiguel: TrackedMail = {
  visibility: 'full',
  activityId: 'row-9',
  regarding: null,
  trackedBy: 'Miguel Santos',
  trackedAt: '2026-11-20T09:00:00Z',
};

describe('what the bar says of a mail', () => {
  test('follows the CRM where this device knows nothing', () => {
    expect(trackView([], null).settled.is).toBe('loading');
    expect(trackView([], known(null)).settled.is).toBe('untracked');
    expect(trackView([], known('unknown')).settled.is).toBe('unknown');
    expect(trackView([], known({ visibility: 'colleague' })).settled.is).toBe('colleague');
    expect(trackView([], known(byMiguel, { kept: true })).settled.is).toBe('kept');
    expect(trackView([], known(byMiguel)).settled).toMatchObject({
      is: 'tracked',
      by: 'Miguel Santos',
      activityId: 'row-9',
    });
  });

  test('is "tracked" the moment a track is done, before the CRM is asked again', () => {
    const done = status('1', { result: result({ regarding: fabrikam }) });
    expect(trackView([done], known(null)).settled).toMatchObject({ is: 'tracked', by: null, regarding: fabrikam });
  });

  test('believes the CRM again once it was asked after the Change', () => {
    const done = status('1', { result: result() });
    expect(trackView([done], known(null, {}, ['1'])).settled.is).toBe('untracked');
    expect(trackView([done], known(byMiguel, {}, ['1'])).settled).toMatchObject({ by: 'Miguel Santos' });
  });

  test('a mail that a colleague tracked first stays theirs', () => {
    const done = status('1', { result: result({ already: true }) });
    expect(trackView([done], known(byMiguel)).settled).toMatchObject({ by: 'Miguel Santos' });
  });

  test('regard and untrack are told as soon as they are done', () => {
    const regarded = status('2', { kind: 'regard', result: result({ regarding: fabrikam }) });
    expect(trackView([regarded], known(byMiguel)).settled).toMatchObject({ regarding: fabrikam });
    const removed = status('3', { kind: 'untrack', result: result({ recordId: null }) });
    expect(trackView([regarded, removed], known(byMiguel)).settled.is).toBe('untracked');
    const kept = status('4', { kind: 'untrack', result: result() });
    expect(trackView([kept], known(byMiguel)).settled.is).toBe('kept');
  });

  test('attachments left out are told as long as the mail is tracked by that Change', () => {
    const left = {
      index: 0,
      name: 'film.mov',
      contentType: 'video/quicktime',
      size: 26e6,
      leftOut: 'too-large' as const,
    };
    const done = status('1', { result: result({ leftOut: [left] }) });
    expect(trackView([done], known(byMiguel, {}, ['1'])).settled).toMatchObject({ leftOut: [left] });
    const again = status('2', { result: result() });
    expect(trackView([done, again], known(byMiguel, {}, ['1', '2'])).settled).toMatchObject({ leftOut: [] });
  });
});

describe('which Change the bar tells about', () => {
  test('the first unfinished one, and how many are behind it, from device and server together', () => {
    const waiting = status('2', { state: 'waiting', kind: 'regard' });
    const queued = status('1', { state: 'queued' });
    const view = trackView([waiting], known(null, { pending: [queued] }));
    expect(view.change?.id).toBe('1');
    expect(view.behind).toBe(1);
  });

  test('this device’s own word when both know the Change', () => {
    const here = status('1', { state: 'done', result: result() });
    const there = status('1', { state: 'queued' });
    expect(trackView([here], known(null, { pending: [there] })).change).toBeNull();
  });

  test('one that needs its person comes first; one that was overtaken by success is history', () => {
    const refused = status('1', { state: 'refused' });
    expect(trackView([refused, status('2', { state: 'waiting' })], known(null)).change?.id).toBe('1');
    expect(trackView([refused, status('2', { result: result() })], known(null)).change).toBeNull();
  });
});

test('arrows go round, Home and End go to the ends, other keys do not move', () => {
  expect(move('ArrowDown', 2, 3)).toBe(0);
  expect(move('ArrowUp', 0, 3)).toBe(2);
  expect(move('PageDown', 0, 3)).toBe(2);
  expect(move('PageUp', 2, 3)).toBe(0);
  expect(move('Home', 2, 3)).toBe(0);
  expect(move('End', 0, 3)).toBe(2);
  expect(move('a', 0, 3)).toBeNull();
  expect(move('ArrowDown', 0, 0)).toBeNull();
});

describe('records chosen before', () => {
  const record = (number: number) => ({
    ...fabrikam,
    id: `0190aaaa-0000-7000-8000-00000000000${number}`,
    detail: null,
  });

  test('come newest first, five of them, each once, and stay on the device', () => {
    const stored = new Map<string, string>();
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
    };
    const recent = createRecentRegarding(() => storage, 'dana');
    for (const number of [1, 2, 3, 4, 5, 6, 2]) recent.add(record(number));
    const ids = createRecentRegarding(() => storage, 'dana')
      .list()
      .map(({ id }) => id.at(-1));
    expect(ids).toEqual(['2', '6', '5', '4', '3']);
    expect(createRecentRegarding(() => storage, 'miguel').list()).toEqual([]);
  });

  test.each([
    ['nonsense', '{'],
    ['another shape', '[{"table":"user","id":"1"}]'],
    ['no list', '{}'],
  ])('stored %s is not believed', (_what, text) => {
    const storage = { getItem: () => text, setItem: () => undefined };
    expect(createRecentRegarding(() => storage, 'dana').list()).toEqual([]);
  });

  test('are simply not there where storage is refused', () => {
    const recent = createRecentRegarding(() => {
      throw new DOMException('denied', 'SecurityError');
    }, 'dana');
    recent.add(record(1));
    expect(recent.list()).toEqual([]);
  });
});
