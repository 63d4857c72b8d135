import type { Row } from '../../../api/dataverse.ts';
import { SourceError } from '../source.ts';
import { status } from './crm-mail.ts';

/**
 * What became of handing a mail over.
 * - `sent`: the mailbox took it.
 * - `put-off`: it certainly did not leave, and may at another time; `at` in milliseconds.
 * - `failed`: it certainly did not leave, and will not by itself.
 * - `unknown`: it may have left. What lies in Sent Items decides, and nothing sends it again.
 */
export type End =
  | { readonly kind: 'sent'; readonly at: number }
  | { readonly kind: 'put-off'; readonly at: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** An end that can be written: nobody knows what `unknown` was. */
export type Told = Exclude<End, { kind: 'unknown' }>;

const minute = 60_000;
const firstWait = 5 * minute;
const longestWait = 60 * minute;
/** With these waits the last try is about a day after the first. */
const mostTries = 26;

/** What a rejected hand-over means for the mail, at its so many-th try, the first of which is 1. */
export function endOf(error: unknown, attempt: number, now: number): End {
  if (!(error instanceof SourceError)) return { kind: 'unknown', reason: reasonOf(error) };
  const reason = reasonOf(error);
  switch (error.code) {
    case 'unknown-outcome':
      return { kind: 'unknown', reason };
    case 'unavailable':
    case 'throttled':
    case 'unauthorized':
    case 'forbidden':
      if (attempt >= mostTries)
        return { kind: 'failed', code: error.code, reason: `${reason} (tried ${attempt} times)` };
      return { kind: 'put-off', at: now + waitOf(attempt, error.retryAfter), reason };
    case 'not-found':
    case 'cursor-lost':
    case 'too-large':
    case 'refused':
      return { kind: 'failed', code: error.code, reason };
  }
}

/** Whether the next mail of this mailbox would fare the same just now. */
export function concernsMailbox(error: unknown): error is SourceError {
  return (
    error instanceof SourceError &&
    ['unavailable', 'throttled', 'unauthorized', 'forbidden', 'not-found'].includes(error.code)
  );
}

function waitOf(attempt: number, retryAfter = 0): number {
  return Math.max(retryAfter, Math.min(firstWait * 2 ** (attempt - 1), longestWait));
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 400);
}

/** The end as columns of the e-mail. `reasons`: whether this CRM has a column for why (the built-in one has). */
export function valuesOf(end: Told, reasons: boolean): Row {
  const because = (reason: string | null): Row => (reasons ? { alongside_senderror: reason } : {});
  switch (end.kind) {
    case 'sent':
      return { statecode: 1, statuscode: status.sent, actualend: new Date(end.at).toISOString(), ...because(null) };
    case 'put-off':
      return {
        statecode: 1,
        statuscode: status.pendingSend,
        delayedemailsendtime: new Date(end.at).toISOString(),
        ...because(end.reason),
      };
    case 'failed':
      return { statecode: 0, statuscode: status.failed, ...because(end.reason) };
  }
}
