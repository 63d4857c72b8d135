import type { RawBuilder } from 'kysely';
import { badRequest } from '../bad-request.ts';
import { readFetch } from '../fetch/read.ts';
import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import type { Apply } from '../parse/apply.ts';
import { applyAsFetch } from '../read/aggregate.ts';
import { readCookie, writeCookie } from '../read/paging.ts';
import type { Scope } from '../read/scope.ts';
import type { Row } from '../session.ts';
import { ok, type Ask } from './ask.ts';
import { nextLink } from './next-link.ts';

const UNFIT = ['$select', '$filter', '$expand'];

/** `accounts?$apply=groupby((statuscode),aggregate($count as count))` */
export async function listApply(
  ask: Ask,
  table: Table,
  apply: Apply,
  among?: (scope: Scope) => RawBuilder<boolean>,
): Promise<ApiResponse> {
  const { place, options, query, prefer } = ask;
  const { session } = place;
  const unfit = UNFIT.find((option) => options.has(option));
  if (unfit !== undefined) throw badRequest(`The query option ${unfit} cannot be combined with $apply.`);
  const token = options.get('$skiptoken');
  const number = token === undefined ? 1 : readCookie(token, []).page;
  const fetch = { ...applyAsFetch(session, table, apply, query.order), top: query.top, page: number };
  const page = await readFetch({
    session,
    fetch,
    annotations: prefer.annotations,
    pageSize: prefer.maxPageSize,
    count: query.count,
    filter: apply.filter,
    parameters: options,
    among,
    skipToken: undefined,
  });
  const body: Row = { '@odata.context': `${session.root}$metadata#${table.setName}` };
  if (page.count !== undefined) body['@odata.count'] = page.count;
  body['value'] = page.rows;
  if (page.more) body['@odata.nextLink'] = nextLink(ask, writeCookie({ page: number + 1, values: [], key: '' }));
  return ok(body);
}
