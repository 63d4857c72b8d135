import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { badRequest } from '../bad-request.ts';
import type { Condition } from '../parse/filter.ts';
import { readCookie, type Cookie, type SortColumn } from '../read/paging.ts';
import { LARGEST_PAGE } from '../read/prepare.ts';
import type { Annotations } from '../read/present.ts';
import type { Scope } from '../read/scope.ts';
import type { Row, Session } from '../session.ts';
import type { Fetch } from './tree.ts';

export interface FetchRequest {
  session: Session;
  fetch: Fetch;
  annotations: Annotations;
  /** Rows of one page, where the query itself says nothing. */
  pageSize: number | undefined;
  /** Whether all rows are to be counted. */
  count: boolean;
  /** A $filter on top of a stored view, and the parameter aliases of the request. */
  filter: Condition | undefined;
  parameters: ReadonlyMap<string, string>;
  /** Which rows of the first table, besides what the query says. */
  among: ((scope: Scope) => RawBuilder<boolean>) | undefined;
  /** Where the page before ended; a cookie of `FetchPage`. */
  skipToken: string | undefined;
}

export interface FetchPage {
  rows: Row[];
  page: number;
  more: boolean;
  /** Where the page ended; not every query can go on from there. */
  cookie: string | undefined;
  count: number | undefined;
  /** There are more than were counted. */
  countExceeded: boolean;
}

/** Documented: pages without a cookie reach this far. */
const SIMPLE_PAGING = 50_000;
const LARGEST_COUNT = 5_000;

/** Which rows of the whole one request wants. */
export interface Window {
  page: number;
  size: number;
  cookie: Cookie | undefined;
  offset: number;
}

export function windowOf({ fetch, pageSize, skipToken }: FetchRequest, order: readonly SortColumn[]): Window {
  const source = skipToken ?? tokenOf(fetch.cookie);
  const cookie = source === undefined ? undefined : readCookie(source, order);
  const page = fetch.page ?? cookie?.page ?? 1;
  const size = Math.min(fetch.top ?? fetch.count ?? pageSize ?? LARGEST_PAGE, LARGEST_PAGE);
  // A cookie leads to the page behind it; to any other one we count our way.
  if (cookie?.page === page) return { page, size, cookie, offset: 0 };
  const offset = (page - 1) * size;
  if (offset + size > SIMPLE_PAGING && page > 1)
    throw badRequest(`Without a paging cookie no more than ${SIMPLE_PAGING} rows can be paged through.`, '0x8004112A');
  return { page, size, cookie: undefined, offset };
}

export async function countOf(
  { session, fetch, count }: FetchRequest,
  rows: RawBuilder<unknown>,
): Promise<Pick<FetchPage, 'count' | 'countExceeded'>> {
  if (!count && !fetch.returnCount) return { count: undefined, countExceeded: false };
  const { rows: found } = await sql<{
    n: number;
  }>`select count(*) as n from (${rows}${limit(LARGEST_COUNT + 1)}) as counted`.execute(session.queries);
  const all = Number(found[0]?.n ?? 0);
  return { count: Math.min(all, LARGEST_COUNT), countExceeded: all > LARGEST_COUNT };
}

/** `<cookie page="1"><row last="..."/></cookie>`, as the documents have clients pass it on. */
export function cookieXml(token: string, page: number): string {
  return `<cookie page="${page}"><row last="${token}" /></cookie>`;
}

function tokenOf(cookie: string | undefined): string | undefined {
  if (cookie === undefined || cookie === '') return undefined;
  const token = /^<cookie page="\d{1,9}"><row last="([\w-]+)" ?\/><\/cookie>$/.exec(cookie.trim())?.[1];
  if (token === undefined) throw badRequest('The paging-cookie is not one that this server gave out.', '0x8004112A');
  return token;
}
