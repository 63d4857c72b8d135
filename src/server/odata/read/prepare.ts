import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { within } from '../../db/time-limit.ts';
import { badRequest, shown } from '../bad-request.ts';
import { findCollection } from './collection.ts';
import { conditionSql } from './condition-sql.ts';
import { at, identifier, quoted, word } from '../identifier.ts';
import type { Column, Table } from '../metadata.ts';
import type { SortColumn } from './paging.ts';
import type { Annotations } from './present.ts';
import { parseArgument } from '../parse/filter.ts';
import type { Expand, Order, Query } from '../parse/query.ts';
import {
  findColumn,
  fromClause,
  isPolymorphic,
  nameBehind,
  newScope,
  newStatement,
  resolveColumn,
  storedIn,
  unknownColumn,
  type Scope,
  type Statement,
} from './scope.ts';
import type { Session } from '../session.ts';

/** The original's page: its default and its largest. */
export const LARGEST_PAGE = 5_000;
export const LARGEST_COUNT = 5_000;

export interface ReadRequest {
  session: Session;
  table: Table;
  query: Query;
  /** `@name` -> literal, for parameter aliases. */
  parameters: ReadonlyMap<string, string>;
  annotations: Annotations;
  /** Which rows, besides what the query says. */
  among?: ((scope: Scope) => RawBuilder<boolean>) | undefined;
  /** Rows of one page; the cookie of a next page is only made when this is given. */
  pageSize?: number | undefined;
  skipToken?: string | undefined;
  /** Whether the caller sees few rows of the table. */
  few?: boolean | undefined;
  /** Whether something is expanded inside an expansion: then expanded collections are paged. */
  nested?: boolean | undefined;
  /** Rows of one page of an expanded collection, where these are paged. */
  nestedPageSize?: number | undefined;
  /** Also the columns that a list leaves out unless they are named. */
  heavy?: boolean | undefined;
}

/** A query over one table, ready to be put into a statement. */
export interface Prepared {
  statement: Statement;
  scope: Scope;
  columns: Column[];
  order: SortColumn[];
  key: RawBuilder<unknown>;
  /** What is selected: the columns, key, version, lookups to expand and what the rows are sorted by. */
  list: RawBuilder<unknown>;
  conditions: RawBuilder<boolean>[];
}

export function prepareRead(request: ReadRequest): Prepared {
  const { session, table, query } = request;
  session.access.demand(session.caller, 'read', table);
  const statement = newStatement(session, request.parameters);
  const scope = newScope(statement, table);
  const columns = chosenColumns(request);
  const key = at(scope.alias, table.key);
  const conditions = [
    within(session.engine, key),
    query.filter === undefined ? undefined : conditionSql(statement, scope, query.filter),
    session.access.readable(session.caller, table, scope.alias, request.few === true ? 'find' : 'check'),
    request.among?.(scope),
  ].filter((condition) => condition !== undefined);
  const order = query.order.map((item) => sortColumn(statement, scope, item));
  return { statement, scope, columns, order, key, conditions, list: selectList(request, scope, columns, order) };
}

export function where(conditions: readonly RawBuilder<boolean>[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`` : sql` where ${sql.join(conditions, sql` and `)}`;
}

/** How many rows there are: `LARGEST_COUNT + 1` where there are more than that. */
export async function countRows({
  statement,
  scope,
  conditions,
}: Pick<Prepared, 'statement' | 'scope' | 'conditions'>): Promise<number> {
  const one = sql`select 1 as one ${fromClause(statement, scope)}${where(conditions)}${limit(LARGEST_COUNT + 1)}`;
  const { rows } = await sql<{ n: number }>`select count(*) as n from (${one}) as counted`.execute(
    statement.session.queries,
  );
  return Number(rows[0]?.n ?? 0);
}

function chosenColumns({ table, query, heavy }: ReadRequest): Column[] {
  const all = [...table.columns.values()];
  if (query.select === undefined || query.select.includes('*'))
    return heavy === true ? all : all.filter((column) => column.heavy !== true);
  const chosen = query.select.filter(
    (name) => (!table.collections.has(name) && !table.single.has(name)) || findColumn(table, name) !== undefined,
  );
  const named = chosen.map((name) => {
    const column = findColumn(table, name);
    if (column === undefined) throw unknownColumn(table, name);
    return column;
  });
  // An amount says nothing without its currency.
  const currency = named.some(({ kind }) => kind === 'money') ? table.columns.get('transactioncurrencyid') : undefined;
  const always = [table.columns.get(table.key), currency].filter((column) => column !== undefined);
  return [...new Set([...named, ...always])];
}

function sortColumn(statement: Statement, scope: Scope, { path, descending }: Order): SortColumn {
  const found = resolveColumn(statement, scope, knownPath(statement, path));
  return { ...(found.column.kind === 'lookup' ? nameBehind(statement, found) : found), descending };
}

/** `$orderby=@p1&@p1=name` */
function knownPath({ parameters }: Statement, path: string[]): string[] {
  const [name = ''] = path;
  if (!name.startsWith('@')) return path;
  const known = parseArgument(parameters.get(name) ?? 'null');
  if (known.kind !== 'path') throw badRequest(`The parameter alias ${shown(name)} in $orderby does not name a column.`);
  return known.segments;
}

function selectList(
  { session: { access, caller }, table, query }: ReadRequest,
  scope: Scope,
  columns: readonly Column[],
  order: readonly SortColumn[],
): RawBuilder<unknown> {
  const lookups = navigationColumns(table, query.expand);
  const physical = new Set([...columns, ...lookups]);
  const names = [...physical].flatMap((column) => {
    const typed = column.kind === 'lookup' && isPolymorphic(table, column.name);
    // What column security hides is empty from here on, for whatever is made of the row.
    if (!access.mayUse(caller, 'read', table, column))
      return [column.name, ...(typed ? [`${column.name}_type`] : [])].map((name) => `null as ${quoted(name)}`);
    const stored = column.constant === undefined ? storedIn(scope, column) : word(column.constant);
    const own = `${stored} as ${quoted(column.name)}`;
    return typed ? [own, quoted(scope.alias, `${column.name}_type`)] : [own];
  });
  for (const name of [table.key, 'versionnumber']) {
    const column = table.columns.get(name);
    if (column !== undefined && !physical.has(column)) names.push(quoted(scope.alias, name));
  }
  const sorted = order.map(({ folded }, index) => sql`, ${folded} as ${identifier(`sort${index}`)}`);
  return sql.join([sql.raw(names.join(', ')), ...sorted], sql``);
}

/** The lookups that must be read so that their rows can be put in. */
function navigationColumns(table: Table, expand: readonly Expand[]): Column[] {
  return expand.flatMap(({ navigation }) => {
    const single = table.single.get(navigation);
    if (single === undefined && findCollection(table, navigation) === undefined) throw unknownColumn(table, navigation);
    const column = single === undefined ? undefined : table.columns.get(single.column);
    return column === undefined ? [] : [column];
  });
}
