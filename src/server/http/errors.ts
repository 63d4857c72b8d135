import { isTimeout, isUnavailable, isWorthRepeating } from '../db/errors.ts';

/**
 * An answer other than success, thrown anywhere below a route. `code` is the dialect's hexadecimal code; it may be empty
 * where the original documents none. The message is read by people and never holds mail content or SQL.
 */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, code = '', headers: Record<string, string> = {}) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export interface ErrorBody {
  error: { code: string; message: string };
}

export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message } };
}

/** Anything thrown, as the answer that may be shown: what we did not foresee is 500 without a word about the inside. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  // First, because a body that breaks off has the code of a lost connection, which a database that is away has as well.
  const status = statusOfFramework(error);
  if (status !== undefined) return new HttpError(status, messageOf(error), '0x80048d19');
  if (isTimeout(error))
    return new HttpError(400, 'SQL timeout expired. The query takes too long; ask for less at once.', '0x80044151');
  if (isUnavailable(error)) return databaseAway();
  // It was repeated as often as is sensible: too many want the same rows just now.
  if (isWorthRepeating(error)) return new HttpError(503, 'The database is busy.', '0x80044150', { 'retry-after': '1' });
  return new HttpError(500, 'An unexpected error occurred. It was logged; the request had no effect.', '0x80040216');
}

export function databaseAway(): HttpError {
  return new HttpError(503, 'The database does not answer.', '0x80044150', { 'retry-after': '5' });
}

function messageOf(error: unknown): string {
  // The framework repeats the whole address.
  if (typeof error === 'object' && error !== null && 'code' in error) {
    if (error.code === 'FST_ERR_BAD_URL') return 'The address holds an escape that is not valid UTF-8 text.';
    if (error.code === 'FST_ERR_MAX_PARAM_LENGTH') return 'A part of the address is too long.';
  }
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : 'Bad request';
}

function statusOfFramework(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
