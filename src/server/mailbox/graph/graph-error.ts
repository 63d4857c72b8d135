import { CrmError } from '../../../model/errors.ts';
import { SourceError, type SourceErrorCode } from '../source.ts';

/** What Graph answered instead of what was asked for. https://learn.microsoft.com/graph/errors */
export interface GraphRefusal {
  readonly status: number;
  /** `error.code`, cut to what a code may look like: it goes into logs, and whoever answers chooses it. */
  readonly code: string;
  /** Milliseconds, within bounds; undefined where Graph said none. */
  readonly retryAfter: number | undefined;
}

/** A wait that is absent, past or absurd is kept within these, milliseconds. */
const [shortestWait, usualWait, longestWait] = [1_000, 10_000, 60 * 60_000];

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const wait = /^-?\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? usualWait : Math.min(Math.max(wait, shortestWait), longestWait);
}

/** The mailbox is not, or no longer, in Exchange Online: licence taken, moved on premises, switched off. */
const withoutMailbox =
  /^(MailboxNotEnabledForRESTAPI|MailboxNotSupportedForRESTAPI|MailboxNotHostedInExchangeOnline)$/i;
const lostToken = /^(syncState\w*|resyncRequired|ErrorInvalidSyncStateData|ErrorSyncStateNotFound)$/i;

/** The mail named in the request is not there, or its name is no id at all. */
export const isMissingItem = ({ status, code }: GraphRefusal): boolean =>
  (status === 404 && /^(ErrorItemNotFound|ErrorMessageNotFound|itemNotFound|ErrorInvalidMailboxItemId)$/i.test(code)) ||
  (status === 400 && /^(ErrorInvalidIdMalformed|ErrorInvalidId\w*|ErrorInvalidMailboxItemId)$/i.test(code));

/** A delta query lost its place: 410, or 40x with a code that says so (delta-query-overview, "Synchronization reset"). */
export const isLostToken = ({ status, code }: GraphRefusal): boolean =>
  status === 410 || (status >= 400 && status < 500 && lostToken.test(code));

/** Larger than a request may be, or than this mailbox may send: its administrator chooses that, up to 150 MB. */
const isTooLarge = ({ status, code }: Pick<GraphRefusal, 'status' | 'code'>): boolean =>
  status === 413 || /^(ErrorMessageSizeExceeded|ErrorAttachmentSizeLimitExceeded)$/i.test(code);

function codeOf({ status, code, retryAfter }: GraphRefusal): SourceErrorCode {
  if (isTooLarge({ status, code })) return 'too-large';
  if (status === 429 || status === 509) return 'throttled';
  // Outlook says its overload as 503 too, then with a time to wait.
  if (status >= 500 || status === 408) return retryAfter === undefined ? 'unavailable' : 'throttled';
  if (withoutMailbox.test(code) || status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 410) return 'not-found';
  return status < 400 ? 'unavailable' : 'refused';
}

export function toSourceError(refusal: GraphRefusal): SourceError {
  const code = codeOf(refusal);
  const answered = `Graph answered ${String(refusal.status)} ${refusal.code}`.trimEnd();
  const message = code === 'too-large' ? `The mail is larger than this mailbox may send. ${answered}` : answered;
  return new SourceError(code, message, code === 'throttled' ? { retryAfter: refusal.retryAfter ?? usualWait } : {});
}

/** No token, no request: whether that passes by itself the sign-in service has said. */
export function tokenError(cause: unknown): SourceError {
  const isFinal = cause instanceof CrmError && (cause.code === 'unauthorized' || cause.code === 'forbidden');
  return new SourceError(isFinal ? 'unauthorized' : 'unavailable', 'There is no token for the mailbox.', { cause });
}
