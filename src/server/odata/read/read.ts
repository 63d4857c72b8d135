import { sql } from 'kysely';
import { limit } from '../../db/engine.ts';
import { checkExpansions, finishRows } from './expand.ts';
import { behind, cookieAfter, orderSql, readCookie } from './paging.ts';
import {
  countRows,
  LARGEST_COUNT,
  LARGEST_PAGE,
  prepareRead,
  where,
  type Prepared,
  type ReadRequest,
} from './prepare.ts';
import { fromClause } from './scope.ts';
import { countFound } from './search.ts';
import type { Row } from '../session.ts';

export interface Page {
  rows: Row[];
  /** For the next page; absent on the last. */
  cookie: string | undefined;
  /** All rows of the query, if it asked; never above 5,000, but `countExceeded` says that there are more. */
  count: number | undefined;
  countExceeded: boolean;
}

export async function readPage(request: ReadRequest): Promise<Page> {
  const { session, query } = request;
  const prepared = await prepareWell(request);
  checkExpansions(request);
  const { order, key, scope, statement, conditions } = prepared;
  const size = Math.min(request.pageSize ?? query.top ?? LARGEST_PAGE, LARGEST_PAGE);
  const cookie = request.skipToken === undefined ? undefined : readCookie(request.skipToken, order);
  const page = cookie === undefined ? conditions : [...conditions, behind(order, cookie, key)];
  const { rows: found } =
    await sql<Row>`select ${prepared.list} ${fromClause(statement, scope)}${where(page)} order by ${orderSql(order, key)}${limit(size + 1)}`.execute(
      session.queries,
    );
  const stored = found.slice(0, size);
  const more = found.length > size && (query.top === undefined || request.pageSize !== undefined);
  const counted = query.count ? await countRows(prepared) : undefined;
  return {
    rows: await finishRows(request, prepared, stored),
    cookie: more ? cookieAfter(stored.at(-1), prepared, (cookie?.page ?? 1) + 1) : undefined,
    count: counted === undefined ? undefined : Math.min(counted, LARGEST_COUNT),
    countExceeded: counted !== undefined && counted > LARGEST_COUNT,
  };
}

/** A query with what is known of how many rows there are: by the trigram index, and for this caller. */
export async function prepareWell(request: ReadRequest): Promise<Prepared> {
  const { session, table } = request;
  // A few rows that are named anyway need no index to be found by.
  const few = request.among === undefined && (await session.access.isFew(session, table));
  const prepared = prepareRead({ ...request, few });
  if (prepared.statement.uncounted.length === 0) return prepared;
  await countFound(prepared.statement);
  return prepareRead({ ...request, few });
}
