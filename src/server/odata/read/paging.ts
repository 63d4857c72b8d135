import { sql, type RawBuilder } from 'kysely';
import { badRequest } from '../bad-request.ts';
import type { ColumnRef, Scope } from './scope.ts';
import type { Row } from '../session.ts';

/** Where a page ended: the values it was sorted by, and the key that settles ties. Clients get it as an opaque text. */
export interface Cookie {
  page: number;
  values: (string | number | null)[];
  key: string;
}

export interface SortColumn extends Pick<ColumnRef, 'column' | 'ref' | 'folded'> {
  descending: boolean;
}

export function writeCookie(cookie: Cookie): string {
  return Buffer.from(JSON.stringify(cookie)).toString('base64url');
}

/** The cookie of the page behind a stored row, which carries its sort values as `sort0`, `sort1` ... */
export function cookieAfter(
  last: Row | undefined,
  { order, scope }: { order: readonly SortColumn[]; scope: Scope },
  page: number,
): string | undefined {
  if (last === undefined) return undefined;
  const values = order.map((_, index) => {
    const value = last[`sort${index}`];
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  });
  return writeCookie({ page, values, key: String(last[scope.table.key]) });
}

/** @throws {HttpError} 400 for anything that we did not write for this very order */
export function readCookie(source: string, order: readonly SortColumn[]): Cookie {
  const wrong = () => badRequest('The $skiptoken is not one that this server gave out for this query.', '0x80044352');
  let cookie: unknown;
  try {
    cookie = JSON.parse(Buffer.from(source, 'base64url').toString('utf8'));
  } catch {
    throw wrong();
  }
  if (
    typeof cookie !== 'object' ||
    cookie === null ||
    !('values' in cookie) ||
    !('key' in cookie) ||
    !('page' in cookie)
  )
    throw wrong();
  const { values, key, page } = cookie;
  if (!Array.isArray(values) || values.length !== order.length || typeof key !== 'string' || !Number.isInteger(page))
    throw wrong();
  const known = values.map((value: unknown, index) => (fits(value, order[index]) ? value : fail(wrong())));
  if (key.includes('\0')) throw wrong();
  return { page: Number(page), values: known, key };
}

function fail(error: Error): never {
  throw error;
}

function fits(value: unknown, sort: SortColumn | undefined): value is string | number | null {
  if (value === null) return true;
  const isNumber = ['integer', 'choice', 'boolean', 'bigint', 'decimal', 'money'].includes(sort?.column.kind ?? '');
  return isNumber ? Number.isFinite(value) : typeof value === 'string' && !value.includes('\0');
}

/** Empty comes first going up, last going down, on both engines. */
export function orderSql(order: readonly SortColumn[], key: RawBuilder<unknown>): RawBuilder<unknown> {
  const parts = order.map(({ folded, descending }) =>
    descending ? sql`${folded} desc nulls last` : sql`${folded} asc nulls first`,
  );
  return sql.join([...parts, sql`${key} asc`]);
}

/** The rows behind a cookie in that order. */
export function behind(order: readonly SortColumn[], cookie: Cookie, key: RawBuilder<unknown>): RawBuilder<boolean> {
  return order.reduceRight<RawBuilder<boolean>>(
    (rest, { folded, descending }, index) => {
      const value = cookie.values[index] ?? null;
      if (value === null) {
        return descending
          ? sql`(${folded} is null and ${rest})`
          : sql`(${folded} is not null or (${folded} is null and ${rest}))`;
      }
      const further = descending ? sql`${folded} < ${value} or ${folded} is null` : sql`${folded} > ${value}`;
      return sql`(${further} or (${folded} = ${value} and ${rest}))`;
    },
    sql<boolean>`${key} > ${cookie.key}`,
  );
}
