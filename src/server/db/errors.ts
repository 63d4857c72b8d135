/**
 * What can be wrong with a database before the first query, each with a sentence that a person can act on.
 * - `in-use`: another process owns the data directory.
 * - `newer`: the database was written by a later version; it is left untouched.
 * - `unreadable`: the file is not a database, or it is damaged.
 * - `unreachable`: no PostgreSQL answered at the address, or it refused us.
 */
export type DatabaseErrorCode = 'in-use' | 'newer' | 'unreadable' | 'unreachable';

export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseError';
    this.code = code;
  }
}

/** SQLSTATE or SQLite result code of an error thrown by a driver, for those that a caller must tell apart. */
function driverCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('errcode' in error && typeof error.errcode === 'number') return `sqlite:${error.errcode}`;
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Not as an Error: the driver's errors come from outside of where tests run. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
    ? error.message
    : '';
}

/** Whether a write lost against a unique index (SQLite: 2067 unique, 1555 primary key). */
export function isUniqueViolation(error: unknown): boolean {
  return ['23505', 'sqlite:2067', 'sqlite:1555'].includes(driverCode(error));
}

/** Whether a write left a column empty that the database itself demands. */
export function isMissingValue(error: unknown): boolean {
  return ['23502', 'sqlite:1299'].includes(driverCode(error));
}

/** The unique index that a write lost against; SQLite names plain columns instead, as `account.name, account.city`. */
export function violatedIndex(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('constraint' in error && typeof error.constraint === 'string') return error.constraint;
  const message = messageOf(error);
  return /index '([^']+)'/.exec(message)?.[1] ?? /constraint failed: (.+)$/.exec(message)?.[1];
}

/** Whether the same transaction may succeed when it is simply run again: serialisation failure, deadlock, busy. */
export function isWorthRepeating(error: unknown): boolean {
  return ['40001', '40P01', 'sqlite:5', 'sqlite:517'].includes(driverCode(error));
}

const GONE = /^(?:08...|57P0[1-3]|53...|ECONN\w+|EPIPE|ETIMEDOUT)$/;

/** SQLite's IOERR, FULL and CANTOPEN: the low byte of a code, whose others say which call it was that failed. */
const OUT_OF_REACH = [10, 13, 14];

/** What the driver says without a code: of a connection that it could not get, and of one that broke. */
const LOST = /timeout exceeded when trying to connect|Connection terminated|is not queryable/;

/** Whether the database itself is away or full: nothing is wrong with the request, and a later one may pass. */
export function isUnavailable(error: unknown): boolean {
  const code = driverCode(error);
  if (code.startsWith('sqlite:')) return OUT_OF_REACH.includes(Number(code.slice(7)) % 256);
  return GONE.test(code) || LOST.test(messageOf(error));
}

/** SQLite's counterpart of PostgreSQL's 57014; see time-limit.ts. */
export class StatementTimeout extends Error {
  override readonly name = 'StatementTimeout';
  readonly code = 'STATEMENT_TIMEOUT';
}

/** Whether a statement was stopped because it ran longer than one may. */
export function isTimeout(error: unknown): boolean {
  return ['57014', 'STATEMENT_TIMEOUT'].includes(driverCode(error));
}
