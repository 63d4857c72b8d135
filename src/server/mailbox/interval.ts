import type { SourceErrorCode } from './source.ts';

/**
 * When a mailbox is read again: about one new mail per poll, between two and twelve minutes, counted from the start of the
 * last run. All times in milliseconds.
 */
export interface Pace {
  /** New mails per second, remembered for a quarter of an hour. */
  readonly rate: number;
  /** The interval before the jitter. */
  readonly period: number;
}

export interface Polled {
  /** Since the start of the run before. */
  readonly gap: number;
  /** New mails found. */
  readonly found: number;
}

const second = 1_000;
const minute = 60 * second;
const memory = 900;
const busy = 120;
const normal = 300;
const idle = 720;

/** The longest time between two looks into a mailbox that answers; only a throttled one may stay alone for longer. */
export const longestPeriod = idle * second;

export const firstPace: Pace = { rate: 0, period: normal * second };

/** A mail in a minute of which nothing is known says less than one in a quarter of an hour. */
export function paceAfter(before: Pace, { gap, found }: Polled): Pace {
  const seconds = Math.max(gap / second, 1);
  const rate = before.rate + (1 - Math.exp(-seconds / memory)) * (found / seconds - before.rate);
  const wanted = clamp(wantedSeconds(rate));
  const period = found > 0 ? Math.min(wanted, normal) : wanted;
  // Slows down gently, speeds up at once.
  return { rate, period: clamp(Math.min(period, (1.5 * before.period) / second)) * second };
}

function wantedSeconds(rate: number): number {
  if (rate * busy >= 1) return busy;
  if (rate * idle < 0.25) return idle;
  return 1 / rate;
}

function clamp(seconds: number): number {
  return Math.min(Math.max(seconds, busy), idle);
}

/** Jitter only downwards: twelve minutes are a ceiling. @param random from 0 to 1 */
export function waitOf({ period }: Pace, random: number): number {
  return Math.floor(period * (0.9 + 0.1 * random));
}

/** A Retry-After is believed up to here; then we ask once. */
const longestThrottle = 60 * minute;
const firstRefusal = 5 * minute;
const longestRefusal = 60 * minute;
const firstSilence = 30 * second;

/** How often in a row a mailbox may refuse us before only a person's test wakes it. */
export const mostRefusals = 10;

/**
 * After a run that failed for the `failures`th time in a row; null: not again by itself. A server that does not answer is asked
 * sooner and sooner less often, a sign-in that failed after 5, 10, 20 ... 60 minutes.
 */
export function waitAfterFailure(
  code: SourceErrorCode,
  { failures, pace, retryAfter = 0, random }: { failures: number; pace: Pace; retryAfter?: number; random: number },
): number | null {
  switch (code) {
    case 'throttled':
      return Math.max(waitOf(pace, random), Math.min(retryAfter, longestThrottle));
    case 'unauthorized':
    case 'forbidden':
    case 'not-found':
    case 'refused':
      return failures >= mostRefusals ? null : Math.min(firstRefusal * 2 ** (failures - 1), longestRefusal);
    case 'unavailable':
    case 'cursor-lost':
    case 'too-large':
    case 'unknown-outcome':
      return waitOf(
        { ...pace, period: Math.min(firstSilence * 2 ** Math.min(failures - 1, 10), longestPeriod) },
        random,
      );
  }
}
