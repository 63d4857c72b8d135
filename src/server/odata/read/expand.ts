import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { badRequest } from '../bad-request.ts';
import { at } from '../identifier.ts';
import { tableOf, type CollectionNavigation, type SingleNavigation } from '../metadata.ts';
import { orderSql } from './paging.ts';
import type { Expand } from '../parse/query.ts';
import { LARGEST_PAGE, prepareRead, where, type Prepared, type ReadRequest } from './prepare.ts';
import { presentRows } from './present.ts';
import { belongsTo, fromClause, isPolymorphic, type Scope } from './scope.ts';
import type { Row } from '../session.ts';

/** Ids per query: with 5,000 parents the list stays a moderate text. */
const PARENTS = 1_000;

/** The stored rows as JSON, with what was to be expanded. */
export async function finishRows(request: ReadRequest, { columns }: Prepared, stored: readonly Row[]): Promise<Row[]> {
  const rows = await presentRows(request.session, request.table, columns, stored, request.annotations);
  await expandRows(request, stored, rows);
  return rows;
}

/** Puts the rows behind navigations into `rows`, with one query per navigation, never one per row. */
async function expandRows(request: ReadRequest, stored: readonly Row[], rows: readonly Row[]): Promise<void> {
  for (const expand of request.query.expand) {
    const single = request.table.single.get(expand.navigation);
    const collection = request.table.collections.get(expand.navigation);
    if (single !== undefined) await expandSingle(request, expand, single, stored, rows);
    else if (collection !== undefined) await expandCollection(request, expand, collection, stored, rows);
  }
}

async function expandSingle(
  request: ReadRequest,
  { navigation, query }: Expand,
  single: SingleNavigation,
  stored: readonly Row[],
  rows: readonly Row[],
): Promise<void> {
  if (query.filter !== undefined || query.order.length > 0 || query.top !== undefined) {
    throw badRequest(`${navigation} leads to one row: $filter, $orderby and $top have no meaning there.`);
  }
  const table = tableOf(request.session.model, single.target);
  const typed = isPolymorphic(request.table, single.column);
  const idOf = (row: Row) => (!typed || row[`${single.column}_type`] === single.target ? row[single.column] : null);
  const ids = distinct(stored.map(idOf));
  const found = new Map<unknown, Row>();
  for (const some of chunks(ids)) {
    const among = (scope: Scope) => isOneOf(request.session.engine, at(scope.alias, table.key), some);
    const inner: ReadRequest = { ...request, table, query, among, heavy: false };
    const prepared = prepareRead(inner);
    const { rows: targets } =
      await sql<Row>`select ${prepared.list} ${fromClause(prepared.statement, prepared.scope)}${where(prepared.conditions)}`.execute(
        request.session.queries,
      );
    for (const row of await finishRows(inner, prepared, targets)) found.set(row[table.key], row);
  }
  stored.forEach((row, index) => {
    const target = rows[index];
    if (target !== undefined) target[navigation] = found.get(idOf(row)) ?? null;
  });
}

async function expandCollection(
  request: ReadRequest,
  { navigation, query }: Expand,
  collection: CollectionNavigation,
  stored: readonly Row[],
  rows: readonly Row[],
): Promise<void> {
  const of = request.table;
  const table = tableOf(request.session.model, collection.target);
  const among = (scope: Scope, ids: readonly string[]) => {
    const own = isOneOf(request.session.engine, at(scope.alias, collection.column), ids);
    const typed = belongsTo(of, scope, collection);
    return typed === undefined ? own : sql<boolean>`(${own} and ${typed})`;
  };
  const byParent = new Map<unknown, Row[]>();
  for (const ids of chunks(distinct(stored.map((row) => row[of.key])))) {
    const inner: ReadRequest = { ...request, table, query, among: (scope) => among(scope, ids), heavy: false };
    const prepared = prepareRead(inner);
    const parent = at(prepared.scope.alias, collection.column);
    const ranked = sql`select ${prepared.list}, ${parent} as parentrow, row_number() over (partition by ${parent} order by ${orderSql(prepared.order, prepared.key)}) as placed ${fromClause(prepared.statement, prepared.scope)}${where(prepared.conditions)}`;
    const limit = Math.min(query.top ?? LARGEST_PAGE, LARGEST_PAGE);
    const found =
      await sql<Row>`select * from (${ranked}) as ranked where placed <= ${limit} order by parentrow, placed`.execute(
        request.session.queries,
      );
    const shown = await finishRows(inner, prepared, found.rows);
    found.rows.forEach((row, index) => {
      const child = shown[index];
      const siblings = byParent.get(row['parentrow']) ?? [];
      if (child !== undefined) byParent.set(row['parentrow'], siblings);
      if (child !== undefined) siblings.push(child);
    });
  }
  stored.forEach((row, index) => {
    const target = rows[index];
    if (target !== undefined) target[navigation] = byParent.get(row[of.key]) ?? [];
  });
}

function distinct(values: readonly unknown[]): string[] {
  return [...new Set(values)].filter((value) => typeof value === 'string');
}

function* chunks(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += PARENTS) yield ids.slice(from, from + PARENTS);
}
