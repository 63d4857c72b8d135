import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import type { Table } from '../metadata.ts';
import type { Deletion } from './deletions.ts';

/** From where the changes of a table are wanted. */
export interface DeltaToken {
  table: string;
  version: number;
  /** When it was given out, in milliseconds since 1970. */
  at: number;
}

/** Where a page of changes ended. */
export interface TrackingCookie {
  /** The token that the last page gives out: the moment when the first page was read. */
  next: DeltaToken;
  /** Nothing behind this is part of the pages, or they might never end. */
  until: number;
  /** Of the rows; `undefined` once all were sent. */
  rows: string | undefined;
  /** Of the deleted ones. */
  deleted: Deletion | undefined;
}

const DAY = 86_400_000;
/** Tells a cookie of tracked pages from one of a plain list: clients do not repeat their preference on the next page. */
const MARK = 'tracking.';

export function writeToken(token: DeltaToken): string {
  return encode([token.table, token.version, token.at]);
}

/** @throws {HttpError} 400 for what we did not give out for this table, 0x80044352 when it is too old */
export function readToken(source: string, table: Table, now: Date, days: number): DeltaToken {
  const token = tokenOf(decode(source));
  if (token === undefined || token.table !== table.name)
    throw badRequest(`The $deltatoken is not one that this server gave out for ${table.name}.`);
  if (now.getTime() - token.at > days * DAY)
    throw new HttpError(
      400,
      'Version stamp associated with the client has expired. Please perform a full sync.',
      '0x80044352',
    );
  return token;
}

function tokenOf(value: unknown): DeltaToken | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [table, version, at] = value as unknown[];
  if (typeof table !== 'string' || !isCount(version) || !isCount(at)) return undefined;
  return { table, version, at };
}

export function isTracking(skipToken: string | undefined): boolean {
  return skipToken?.startsWith(MARK) === true;
}

export function writeTracking({ next, until, rows, deleted }: TrackingCookie): string {
  const end = deleted === undefined ? null : [deleted.version, deleted.id];
  return `${MARK}${encode([[next.table, next.version, next.at], until, rows ?? null, end])}`;
}

/** @throws {HttpError} 400 for what we did not give out for this table */
export function readTracking(source: string, table: Table): TrackingCookie {
  const value = decode(source.slice(MARK.length));
  const [first, until, rows, end] = Array.isArray(value) ? (value as unknown[]) : [];
  const next = tokenOf(first);
  const deleted = deletionOf(end);
  const fits = next?.table === table.name && isCount(until) && (rows === null || typeof rows === 'string');
  if (!fits || deleted === 'wrong')
    throw badRequest(`The $skiptoken is not one that this server gave out for ${table.name}.`);
  return { next, until, rows: rows ?? undefined, deleted };
}

function deletionOf(value: unknown): Deletion | undefined | 'wrong' {
  if (value === null) return undefined;
  const [version, id] = Array.isArray(value) ? (value as unknown[]) : [];
  return isCount(version) && typeof id === 'string' && !id.includes('\0') ? { version, id } : 'wrong';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(source: string): unknown {
  try {
    return JSON.parse(Buffer.from(source, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
