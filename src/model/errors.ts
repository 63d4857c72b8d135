/**
 * The eight ways a call to the CRM or the queue can fail. Callers switch on `code`, never on text; `message` is for people,
 * `cause` keeps the origin. A missing record is an answer and no error, unless the caller asked for it by key.
 */
export type CrmErrorCode =
  | 'offline' // no answer at all: no network, refused or reset connection
  | 'unavailable' // the other side is there but cannot: 5xx, time-out, an answer that makes no sense
  | 'throttled' // 429: come back later
  | 'unauthorized' // 401: sign in (again)
  | 'forbidden' // 403: this user may not
  | 'not-found' // 404 for a record named by key
  | 'conflict' // 409, 412: somebody changed it first
  | 'refused'; // any other 4xx: the request itself is wrong

export interface CrmErrorFacts {
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** The CRM's own code, for example `0x80040237`. */
  readonly crmCode?: string;
  /** Milliseconds the other side asked us to wait. */
  readonly retryAfter?: number;
  /** True when the request may have been carried out although no proper answer came back. */
  readonly outcomeUnknown?: boolean;
}

export class CrmError extends Error {
  override readonly name = 'CrmError';
  readonly code: CrmErrorCode;
  readonly facts: CrmErrorFacts;

  constructor(code: CrmErrorCode, message: string, facts: CrmErrorFacts = {}, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** Whether waiting may help without a human: the one place that decides what is retried or queued. */
export function mayPassByItself(code: CrmErrorCode): boolean {
  return code === 'offline' || code === 'unavailable' || code === 'throttled';
}
