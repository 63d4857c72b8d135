import { sql } from 'kysely';
import { badRequest } from '../bad-request.ts';
import { at } from '../identifier.ts';
import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { readPage } from '../read/read.ts';
import type { Scope } from '../read/scope.ts';
import { shapeOf } from '../read/shape.ts';
import type { Row } from '../session.ts';
import { doesNotExist } from '../write/write.ts';
import { ok, type Ask } from './ask.ts';

export async function readOne(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
  const { request, query, prefer } = ask;
  const row = await readByKey(ask, table, id);
  if (row === undefined) throw doesNotExist(table, id);
  const etag = String(row['@odata.etag']);
  if (request.headers['if-none-match'] === etag && query.expand.length === 0 && !prefer.annotated) {
    return { status: 304, headers: { etag } };
  }
  return { ...ok(row), headers: { etag } };
}

export async function readByKey(
  { place, query, options, prefer }: Ask,
  table: Table,
  id: string,
): Promise<Row | undefined> {
  const { session } = place;
  if (query.filter !== undefined || query.order.length > 0 || query.top !== undefined) {
    throw badRequest('$filter, $orderby and $top have no meaning for a single row.');
  }
  if (query.apply !== undefined) throw badRequest('$apply has no meaning for a single row.');
  const among = (scope: Scope) => sql<boolean>`${at(scope.alias, table.key)} = ${id}`;
  const page = await readPage({
    session,
    table,
    query,
    parameters: options,
    annotations: prefer.annotations,
    among,
    heavy: true,
    pageSize: 1,
    nestedPageSize: prefer.maxPageSize,
  });
  const row = page.rows[0];
  return row === undefined
    ? undefined
    : { '@odata.context': `${session.root}$metadata#${table.setName}${shapeOf(query)}/$entity`, ...row };
}
