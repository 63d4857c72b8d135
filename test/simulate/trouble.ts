import type { WireAnswer } from './network.ts';

/** What may happen to one message and its answer. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** Milliseconds, of what is late or stuck. */
  readonly delay: number;
  /** What something in between answers, so that the request never arrives. */
  readonly instead?: (now: number) => WireAnswer;
}

export type TroubleKind =
  | 'cut-before' // the request never leaves
  | 'cut-after' // it arrives, its answer does not
  | 'late' // the answer comes when nobody waits any more
  | 'stuck' // the request itself arrives when nobody waits any more
  | 'sign-in page' // HTML with status 200, in place of the other side
  | 'sign-in page for an answer' // the same, after the request arrived
  | 'half an answer' // JSON that stops in the middle
  | 'throttled' // 429
  | 'away' // 5xx, before anything was done
  | 'gateway time-out' // 504, after it was done
  | 'not signed in'; // 401

export const troubleKinds: readonly TroubleKind[] = [
  'cut-before',
  'cut-after',
  'late',
  'stuck',
  'sign-in page',
  'sign-in page for an answer',
  'half an answer',
  'throttled',
  'away',
  'gateway time-out',
  'not signed in',
];

/** Retry-After as it is met: seconds, a date, nothing, nonsense. */
const retryAfters: readonly ((now: number) => Record<string, string>)[] = [
  () => ({ 'retry-after': '2' }),
  () => ({ 'retry-after': '30' }),
  (now) => ({ date: new Date(now).toUTCString(), 'retry-after': new Date(now + 5_000).toUTCString() }),
  (now) => ({ 'retry-after': new Date(now + 5_000).toUTCString() }),
  () => ({}),
  () => ({ 'retry-after': '-5' }),
  () => ({ 'retry-after': '999999999' }),
  () => ({ 'retry-after': 'soon' }),
];

/** @param dice any number from 0; it picks among the shapes a trouble has */
export function troubleOf(kind: TroubleKind, dice: number): Trouble {
  const delay = 9_000 + (dice % 50) * 1_000;
  switch (kind) {
    case 'sign-in page':
      return { kind, delay, instead: () => page };
    case 'throttled':
      return {
        kind,
        delay,
        instead: (now) => ({
          ...failure(429, 'Number of requests exceeded.'),
          headers: { ...jsonType, ...retryAfters[dice % retryAfters.length]!(now) },
        }),
      };
    case 'away':
      return { kind, delay, instead: () => failure([500, 502, 503][dice % 3]!, 'Away.') };
    case 'not signed in':
      return { kind, delay, instead: () => failure(401, 'Sign in.') };
    default:
      return { kind, delay };
  }
}

/** What trouble makes of an answer that was given. */
export function spoil(trouble: Trouble | null, answer: WireAnswer): WireAnswer | 'lost' {
  switch (trouble?.kind) {
    case 'cut-after':
      return 'lost';
    case 'sign-in page for an answer':
      return page;
    case 'gateway time-out':
      return failure(504, 'Gateway time-out.');
    case 'half an answer':
      return typeof answer.body === 'string' && answer.body.length > 1
        ? { ...answer, body: answer.body.slice(0, answer.body.length >> 1) }
        : 'lost';
    default:
      return answer;
  }
}

const jsonType = { 'content-type': 'application/json' };

const page: WireAnswer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><title>Welcome to the hotel</title>',
};

function failure(status: number, message: string): WireAnswer {
  return { status, headers: jsonType, body: JSON.stringify({ error: { code: '0x80060000', message } }) };
}
