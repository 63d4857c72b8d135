import { isOneOf } from '../../db/engine.ts';
import { badRequest } from '../bad-request.ts';
import { at } from '../identifier.ts';
import { tableOf, type SingleNavigation } from '../metadata.ts';
import type { Expand, Query } from '../parse/query.ts';
import type { Row } from '../session.ts';
import { findCollection, type Collection } from './collection.ts';
import { cookieAfter } from './paging.ts';
import { LARGEST_PAGE, prepareRead, type Prepared, type ReadRequest } from './prepare.ts';
import { presentRows } from './present.ts';
import { relate } from './related.ts';
import { findChildren, selectRows } from './children.ts';
import { isPolymorphic, type Scope } from './scope.ts';

/** Ids per query: with 5,000 parents the list stays a moderate text. */
const PARENTS = 1_000;
const ONLY_SELECT_AND_FILTER =
  'Only $select and $filter clause can be provided while doing $expand on many-to-one relationship or nested one-to-many relationship.';

/** What is wrong with an expansion is told before rows are read, and whether or not there are any. @throws {HttpError} 400, 403 */
export function checkExpansions(request: ReadRequest): void {
  const nested = request.nested ?? isNested(request.query);
  for (const { navigation, query, reference } of request.query.expand) {
    const single = request.table.single.get(navigation);
    const target = single?.target ?? findCollection(request.table, navigation)?.navigation.target;
    if (target === undefined) continue;
    if (reference && single === undefined)
      throw badRequest('Expand with $ref is only supported on lookup type navigation property.');
    if ((single !== undefined || nested) && (query.order.length > 0 || query.top !== undefined))
      throw badRequest(ONLY_SELECT_AND_FILTER);
    const table = tableOf(request.session.model, target);
    const inner = innerRequest({ ...request, nested }, { table, query, among: undefined });
    prepareRead(inner);
    checkExpansions(inner);
  }
}

/** The stored rows as JSON, with what was to be expanded. */
export async function finishRows(request: ReadRequest, { columns }: Prepared, stored: readonly Row[]): Promise<Row[]> {
  const rows = await presentRows(request.session, request.table, columns, stored, request.annotations);
  const { expand } = request.query;
  if (expand.length > 0)
    await expandRows({ ...request, nested: request.nested ?? isNested(request.query) }, stored, rows);
  return rows;
}

function isNested({ expand }: Query): boolean {
  return expand.some(({ query }) => query.expand.length > 0);
}

/** Puts the rows behind navigations into `rows`, with one query per navigation, never one per row. */
async function expandRows(request: ReadRequest, stored: readonly Row[], rows: readonly Row[]): Promise<void> {
  for (const expand of request.query.expand) {
    const single = request.table.single.get(expand.navigation);
    const collection = findCollection(request.table, expand.navigation);
    if (single !== undefined) await expandSingle(request, expand, single, stored, rows);
    else if (collection !== undefined) await expandCollection(request, expand, collection, stored, rows);
  }
}

async function expandSingle(
  request: ReadRequest,
  { navigation, query, reference }: Expand,
  single: SingleNavigation,
  stored: readonly Row[],
  rows: readonly Row[],
): Promise<void> {
  const table = tableOf(request.session.model, single.target);
  const typed = isPolymorphic(request.table, single.column);
  const idOf = (row: Row) => (!typed || row[`${single.column}_type`] === single.target ? row[single.column] : null);
  const found = new Map<unknown, Row>();
  for (const ids of chunks(distinct(stored.map(idOf)))) {
    const among = (scope: Scope) => isOneOf(request.session.engine, at(scope.alias, table.key), ids);
    const inner = innerRequest(request, { table, query, among });
    const prepared = prepareRead(inner);
    const { rows: targets } = await selectRows(prepared, prepared.conditions).execute(request.session.queries);
    for (const row of await finishRows(inner, prepared, targets)) found.set(row[table.key], row);
  }
  stored.forEach((row, index) => {
    const target = rows[index];
    const behind = found.get(idOf(row));
    const address = `${request.session.root}${table.setName}(${String(idOf(row))})`;
    if (target !== undefined)
      target[navigation] = behind === undefined ? null : reference ? { '@odata.id': address } : behind;
  });
}

function innerRequest(request: ReadRequest, inner: Pick<ReadRequest, 'table' | 'query' | 'among'>): ReadRequest {
  return { ...request, ...inner, heavy: false, skipToken: undefined };
}

/**
 * Expanded collections come whole, up to 5,000 rows, with the address of the collection beside them. As soon as anything
 * is expanded inside an expansion they are paged like the rows themselves, and can be neither cut nor sorted.
 */
async function expandCollection(
  request: ReadRequest,
  { navigation, query, search }: Expand,
  collection: Collection,
  stored: readonly Row[],
  rows: readonly Row[],
): Promise<void> {
  const of = request.table;
  const byParent = new Map<unknown, Children>();
  for (const ids of chunks(distinct(stored.map((row) => row[of.key]))))
    await readChildren(request, query, collection, ids, byParent);
  stored.forEach((row, index) => {
    const target = rows[index];
    if (target === undefined) return;
    const children = byParent.get(row[of.key]);
    const address = `${request.session.root}${of.setName}(${String(row[of.key])})/${navigation}`;
    target[navigation] = children?.rows ?? [];
    const options = [search, children?.cookie === undefined ? '' : `$skiptoken=${children.cookie}`].filter(
      (option) => option !== '',
    );
    if (request.nested !== true || children?.cookie !== undefined)
      target[`${navigation}@odata.nextLink`] = `${address}${options.length > 0 ? '?' : ''}${options.join('&')}`;
  });
}

interface Children {
  rows: Row[];
  /** Of the page after these, where there are more. */
  cookie: string | undefined;
}

async function readChildren(
  request: ReadRequest,
  query: Query,
  collection: Collection,
  ids: readonly string[],
  byParent: Map<unknown, Children>,
): Promise<void> {
  const table = tableOf(request.session.model, collection.navigation.target);
  const inner = innerRequest(request, { table, query, among: undefined });
  const prepared = prepareRead(inner);
  const size = Math.min((request.nested === true ? request.nestedPageSize : query.top) ?? LARGEST_PAGE, LARGEST_PAGE);
  const found = await findChildren(
    prepared,
    relate(prepared.statement, request.table, prepared.scope, collection),
    ids,
    size,
  );
  const families = new Map<unknown, Row[]>();
  for (const row of found) {
    const family = families.get(row['parentrow']);
    if (family === undefined) families.set(row['parentrow'], [row]);
    else family.push(row);
  }
  const kept = [...families.values()].flatMap((family) => family.slice(0, size));
  const shown = await finishRows(inner, prepared, kept);
  let from = 0;
  for (const [parent, family] of families) {
    const end = from + Math.min(family.length, size);
    const goesOn = query.top === undefined && family.length > size;
    const cookie = goesOn ? cookieAfter(family[size - 1], prepared, 2) : undefined;
    byParent.set(parent, { rows: shown.slice(from, end), cookie });
    from = end;
  }
}

function distinct(values: readonly unknown[]): string[] {
  return [...new Set(values)].filter((value) => typeof value === 'string');
}

function* chunks(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += PARENTS) yield ids.slice(from, from + PARENTS);
}
