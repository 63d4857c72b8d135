import type { RawBuilder } from 'kysely';
import { badRequest } from '../bad-request.ts';
import { parseFetch } from '../fetch/parse.ts';
import { readFetch } from '../fetch/read.ts';
import type { Attribute, Fetch } from '../fetch/tree.ts';
import type { ApiResponse } from '../message.ts';
import { tableOf, type Table } from '../metadata.ts';
import type { Query } from '../parse/query.ts';
import type { Scope } from '../read/scope.ts';
import { isGuid } from '../values.ts';
import { doesNotExist, findRow } from '../write/write.ts';
import { ok, type Ask } from './ask.ts';
import { demandTable, fetchBody } from './fetch.ts';
import { nextLink } from './next-link.ts';

/** The option that names a stored view -> the table where it is stored. */
const STORES = new Map([
  ['savedQuery', 'savedquery'],
  ['userQuery', 'userquery'],
]);
/** Options that say more about the rows of a view. */
const FURTHER = new Set(['$select', '$filter', '$top', '$count', '$skiptoken']);
/** Longest FetchXML of a stored view. */
export const LONGEST_VIEW = 65_536;

/** Which stored view an address names. @throws {HttpError} 400 for two of them */
export function viewOf({ options }: Ask): { store: string; id: string } | undefined {
  if (options.has('savedQuery') && options.has('userQuery'))
    throw badRequest('The query option userQuery cannot be combined with savedQuery.');
  for (const [option, store] of STORES) {
    const id = options.get(option);
    if (id !== undefined) return { store, id };
  }
  return undefined;
}

/**
 * `accounts?savedQuery=<id>` and `?userQuery=<id>`: the rows of a stored view that the caller may see, with further conditions.
 * https://learn.microsoft.com/power-apps/developer/data-platform/webapi/retrieve-and-execute-predefined-queries
 */
export async function listView(
  ask: Ask,
  table: Table,
  view: { store: string; id: string },
  among?: (scope: Scope) => RawBuilder<boolean>,
): Promise<ApiResponse> {
  const { place, options, query, prefer } = ask;
  const foreign = [...options.keys()].find((key) => key.startsWith('$') && !FURTHER.has(key));
  if (foreign !== undefined) throw badRequest(`The query option ${foreign} cannot be combined with a stored view.`);
  const fetch = narrowed(await readView(ask, table, view), query);
  const page = await readFetch({
    session: place.session,
    fetch,
    annotations: prefer.annotations,
    pageSize: prefer.maxPageSize,
    count: query.count,
    filter: query.filter,
    parameters: options,
    among,
    skipToken: options.get('$skiptoken'),
  });
  const body = fetchBody(ask, table, fetch, page);
  if (page.more && page.cookie !== undefined) body['@odata.nextLink'] = nextLink(ask, page.cookie);
  return ok(body);
}

/** @throws {HttpError} 404 for a view that the caller does not see, 400 for one of another table */
async function readView({ place }: Ask, table: Table, { store, id }: { store: string; id: string }): Promise<Fetch> {
  const { session } = place;
  const views = tableOf(session.model, store);
  const plain = id.trim().replace(/^\{(.*)\}$/, '$1');
  if (!isGuid(plain)) throw badRequest(`"${plain.slice(0, 60)}" is not the id of a ${store}.`);
  session.access.demand(session.caller, 'read', views);
  const row = await findRow(session, views, plain.toLowerCase());
  if (row === undefined) throw doesNotExist(views, plain.toLowerCase());
  const source = row['fetchxml'];
  if (typeof source !== 'string') throw badRequest(`The ${store} ${plain} holds no FetchXML.`);
  const fetch = parseFetch(source, LONGEST_VIEW);
  demandTable(fetch, table);
  return fetch;
}

/** A view has no pages of its own: which page is wanted is said by the address. */
function narrowed(fetch: Fetch, { top, select }: Query): Fetch {
  const pages = { page: undefined, cookie: undefined, ...(top === undefined ? {} : { top, count: undefined }) };
  if (select === undefined) return { ...fetch, ...pages };
  const attributes = select
    .filter((name) => name !== '*')
    .map((name): Attribute => {
      const plain = /^_(\w+)_value$/.exec(name)?.[1] ?? name;
      const asked = fetch.entity.attributes.find((attribute) => (attribute.alias ?? attribute.name) === plain);
      return asked ?? { ...NAMED, name: plain };
    });
  return { ...fetch, ...pages, entity: { ...fetch.entity, all: select.includes('*'), attributes } };
}

const NAMED: Omit<Attribute, 'name'> = {
  alias: undefined,
  aggregate: undefined,
  distinct: false,
  groupBy: false,
  dateGrouping: undefined,
  userTimeZone: true,
  countChildren: false,
};
