import type { RawBuilder } from 'kysely';
import { badRequest } from '../bad-request.ts';
import { parseFetch } from '../fetch/parse.ts';
import { cookieXml, type FetchPage } from '../fetch/page.ts';
import { readFetch } from '../fetch/read.ts';
import type { Fetch } from '../fetch/tree.ts';
import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import type { Scope } from '../read/scope.ts';
import type { Row } from '../session.ts';
import { ok, type Ask } from './ask.ts';

const COOKIE = 'Microsoft.Dynamics.CRM.fetchxmlpagingcookie';
const MORE = 'Microsoft.Dynamics.CRM.morerecords';
const TOTAL = 'Microsoft.Dynamics.CRM.totalrecordcount';

/**
 * `contacts?fetchXml=<fetch>...`: pages are asked for inside the query, with the cookie that comes as an annotation.
 * https://learn.microsoft.com/power-apps/developer/data-platform/fetchxml/retrieve-data
 */
export async function listFetch(
  ask: Ask,
  table: Table,
  among?: (scope: Scope) => RawBuilder<boolean>,
): Promise<ApiResponse> {
  const { place, options, query, prefer } = ask;
  const { session } = place;
  const foreign = [...options.keys()].find((key) => key.startsWith('$') && key !== '$count');
  const other = foreign ?? ['savedQuery', 'userQuery'].find((option) => options.has(option));
  if (other !== undefined) throw badRequest(`The query option ${other} cannot be combined with fetchXml.`);
  const fetch = parseFetch(options.get('fetchXml') ?? '', place.filterLength);
  demandTable(fetch, table);
  const page = await readFetch({
    session,
    fetch,
    annotations: prefer.annotations,
    pageSize: prefer.maxPageSize,
    count: query.count,
    filter: undefined,
    parameters: options,
    among,
    skipToken: undefined,
  });
  return ok(fetchBody(ask, table, fetch, page));
}

/** @throws {HttpError} 400 0x80041128 when the query is about another table than the address */
export function demandTable({ entity }: Fetch, table: Table): void {
  if (entity.name !== table.name)
    throw badRequest(
      `The entity name specified in fetchxml does not match the entity name specified in the Entity or Query Expression: ${entity.name.slice(0, 60)}, not ${table.name}.`,
      '0x80041128',
    );
}

export function fetchBody({ place, prefer }: Ask, table: Table, { entity }: Fetch, page: FetchPage): Row {
  const names = entity.attributes.map(({ name, alias }) => alias ?? name);
  const shape = names.length === 0 ? '' : `(${names.join(',')})`;
  const body: Row = { '@odata.context': `${place.session.root}$metadata#${table.setName}${shape}` };
  if (page.count !== undefined) body['@odata.count'] = page.count;
  if (prefer.annotations(TOTAL)) {
    body[`@${TOTAL}`] = page.count ?? -1;
    body[`@${TOTAL}limitexceeded`] = page.countExceeded;
  }
  if (page.more && page.cookie !== undefined && prefer.annotations(COOKIE)) {
    // The inner cookie is escaped twice, as the original does and its clients undo.
    const inner = encodeURIComponent(encodeURIComponent(cookieXml(page.cookie, page.page)));
    body[`@${COOKIE}`] = `<cookie pagenumber="${page.page + 1}" pagingcookie="${inner}" istracking="False" />`;
  }
  if (prefer.annotations(MORE)) body[`@${MORE}`] = page.more;
  body['value'] = page.rows;
  return body;
}
