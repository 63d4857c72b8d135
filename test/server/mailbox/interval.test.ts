// How often a mailbox is looked into: about once per new mail, never later than twelve minutes after the last look.
import { describe, expect, test } from '@jest/globals';
import {
  firstPace,
  longestPeriod,
  paceAfter,
  waitAfterFailure,
  waitOf,
  type Pace,
} from '../../../src/server/mailbox/interval.ts';

const seconds = (amount: number) => amount * 1_000;
const minutes = (amount: number) => seconds(60 * amount);

/** Polls for a day, each at the moment the one before asked for; `arrivals` new mails per second. */
function settle(arrivals: number, pace: Pace = firstPace): Pace {
  for (let passed = 0, waiting = 0; passed < minutes(60 * 24);) {
    const gap = waitOf(pace, 0.5);
    passed += gap;
    waiting += arrivals * (gap / 1_000);
    const found = Math.floor(waiting);
    waiting -= found;
    pace = paceAfter(pace, { gap, found });
  }
  return pace;
}

describe('the pace of a mailbox', () => {
  test.each([
    ['nothing ever comes', 0, minutes(12), minutes(12)],
    ['fifteen mails a day', 15 / 86_400, minutes(5), minutes(12)],
    ['one every four minutes', 1 / 240, minutes(2), minutes(5)],
    ['a shared mailbox, one in half a minute', 1 / 30, minutes(2), minutes(2)],
    ['a flood', 50, minutes(2), minutes(2)],
  ])('%s', (_name, arrivals, shortest, longest) => {
    const { period } = settle(arrivals);
    expect(period).toBeGreaterThanOrEqual(shortest);
    expect(period).toBeLessThanOrEqual(longest);
  });

  test.each<[string, Pace, { gap: number; found: number }, number]>([
    ['a new mailbox where nothing came slows down gently', firstPace, { gap: minutes(5), found: 0 }, seconds(450)],
    ['and again', { rate: 0, period: seconds(450) }, { gap: seconds(450), found: 0 }, seconds(675)],
    ['up to the ceiling', { rate: 0, period: seconds(675) }, { gap: seconds(675), found: 0 }, minutes(12)],
    [
      'one mail after a quiet day makes it normal at once',
      { rate: 0, period: minutes(12) },
      { gap: minutes(12), found: 1 },
      minutes(5),
    ],
    ['a burst makes it busy at once', { rate: 0, period: minutes(12) }, { gap: minutes(12), found: 100 }, minutes(2)],
    ['a clock that stood still breaks nothing', firstPace, { gap: 0, found: 3 }, minutes(5)],
    ['one that went back neither', firstPace, { gap: -minutes(60), found: 0 }, seconds(450)],
  ])('%s', (_name, before, polled, period) => {
    expect(paceAfter(before, polled).period).toBe(period);
  });

  test('twelve minutes are never passed, whatever comes and however the dice fall', () => {
    let pace = firstPace;
    for (let step = 0; step < 5_000; step += 1) {
      const gap = [0, 1, seconds(20), minutes(2), minutes(12), minutes(60 * 24 * 30)][step % 6] ?? 0;
      const found = [0, 0, 1, 0, 7, 100_000, 0][step % 7] ?? 0;
      pace = paceAfter(pace, { gap, found });
      for (const random of [0, 0.5, 1 - Number.EPSILON, 1]) {
        expect(waitOf(pace, random)).toBeLessThanOrEqual(longestPeriod);
        expect(waitOf(pace, random)).toBeGreaterThanOrEqual(minutes(2) * 0.9);
      }
    }
  });
});

describe('after a run that failed', () => {
  const after = (code: Parameters<typeof waitAfterFailure>[0], failures: number, retryAfter?: number) =>
    waitAfterFailure(code, {
      failures,
      pace: firstPace,
      random: 1,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });

  test('a refused sign-in is tried after 5, 10, 20, 40, 60 minutes, then not without a person', () => {
    const waits = [1, 2, 3, 4, 5, 6, 9, 10].map((failures) => after('unauthorized', failures));
    expect(waits).toEqual([...[5, 10, 20, 40, 60, 60, 60].map(minutes), null]);
  });

  test('a server that is away is asked again within twelve minutes, however long it was away', () => {
    expect([1, 2, 3].map((failures) => after('unavailable', failures))).toEqual([30, 60, 120].map(seconds));
    for (const failures of [10, 100, 100_000]) expect(after('unavailable', failures)).toBe(minutes(12));
  });

  test('throttling alone goes above the ceiling, up to an hour', () => {
    expect(after('throttled', 1, seconds(5))).toBe(minutes(5));
    expect(after('throttled', 1, minutes(20))).toBe(minutes(20));
    expect(after('throttled', 1, minutes(60 * 24 * 365))).toBe(minutes(60));
  });
});
