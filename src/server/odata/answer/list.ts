import type { RawBuilder } from 'kysely';
import { badRequest } from '../bad-request.ts';
import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { countRows, LARGEST_COUNT, LARGEST_PAGE } from '../read/prepare.ts';
import { prepareWell, readPage } from '../read/read.ts';
import type { Scope } from '../read/scope.ts';
import { shapeOf } from '../read/shape.ts';
import type { Row } from '../session.ts';
import { listApply } from './apply.ts';
import { ok, type Ask } from './ask.ts';
import { nextLink } from './next-link.ts';
import { listView, viewOf } from './view.ts';
import { answerChangeCount, listChanges, wantsChanges } from './changes.ts';
import { listFetch } from './fetch.ts';

/** One page of rows. @param context what the rows are, after `$metadata#` */
export async function list(
  ask: Ask,
  table: Table,
  context: string,
  among?: (scope: Scope) => RawBuilder<boolean>,
): Promise<ApiResponse> {
  const { place, options, query, prefer } = ask;
  const { session } = place;
  if (options.has('fetchXml')) return listFetch(ask, table, among);
  const view = viewOf(ask);
  if (view !== undefined) return listView(ask, table, view, among);
  if (query.apply !== undefined) return listApply(ask, table, query.apply, among);
  if (wantsChanges(ask, among === undefined)) return listChanges(ask, table);
  const pageSize = prefer.maxPageSize ?? (query.top === undefined ? LARGEST_PAGE : undefined);
  const skipToken = options.get('$skiptoken');
  const page = await readPage({
    session,
    table,
    query,
    parameters: options,
    annotations: prefer.annotations,
    pageSize,
    nestedPageSize: prefer.maxPageSize,
    skipToken,
    among,
  });
  const body: Row = { '@odata.context': `${session.root}$metadata#${context}${shapeOf(query)}` };
  if (page.count !== undefined) body['@odata.count'] = page.count;
  if (prefer.annotations('Microsoft.Dynamics.CRM.totalrecordcount')) {
    body['@Microsoft.Dynamics.CRM.totalrecordcount'] = page.count ?? -1;
    body['@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded'] = page.countExceeded;
  }
  body['value'] = page.rows;
  if (page.cookie !== undefined) body['@odata.nextLink'] = nextLink(ask, page.cookie);
  return ok(body);
}

/** `contacts/$count`; at most 5,000 are counted. @throws {HttpError} 400 for a query that counts its rows in its own way */
export async function count(
  ask: Ask,
  table: Table,
  among?: (scope: Scope) => RawBuilder<boolean>,
): Promise<ApiResponse> {
  const { place, query, options, prefer } = ask;
  if (options.has('$deltatoken')) {
    if (among !== undefined) throw badRequest('$deltatoken counts the changes of a whole table only.');
    return answerChangeCount(ask, table);
  }
  if (query.apply !== undefined)
    throw badRequest('$apply cannot be combined with /$count; aggregate($count as n) counts.');
  const other = ['fetchXml', 'savedQuery', 'userQuery'].find((option) => options.has(option));
  if (other !== undefined)
    throw badRequest(`${other} cannot be combined with /$count; $count=true beside it counts its rows.`);
  const { session } = place;
  const rows = await countRows(
    await prepareWell({ session, table, query, parameters: options, annotations: prefer.annotations, among }),
  );
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(Math.min(rows, LARGEST_COUNT)) };
}
