import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { utc } from '../../db/time-zone.ts';
import { badRequest, shown } from '../bad-request.ts';
import type { Formats } from '../formats.ts';
import type { Column } from '../metadata.ts';
import { currenciesOf } from '../read/currencies.ts';
import { orderSql } from '../read/paging.ts';
import { where } from '../read/prepare.ts';
import { presentRows, type Annotations } from '../read/present.ts';
import { isPolymorphic, type ColumnRef } from '../read/scope.ts';
import { at } from '../identifier.ts';
import type { Row, Session } from '../session.ts';
import { formatted, toJson, type Currency } from '../values.ts';
import type { Compiled } from './compile.ts';
import { groupOfDate } from './date-group.ts';
import { refOf, type Node } from './joins.ts';
import { sortedBy } from './order.ts';
import { demandWidth } from './outputs.ts';
import { countOf, windowOf, type FetchPage, type FetchRequest } from './page.ts';
import type { Attribute, Order } from './tree.ts';

const FORMATTED = 'OData.Community.Display.V1.FormattedValue';

/** A value of an aggregate: what it is grouped by, or what is worked out for each group. */
interface Cell {
  alias: string;
  /** As it is selected. */
  value: RawBuilder<unknown>;
  /** What it is grouped by; `undefined` for what is worked out. */
  group: RawBuilder<unknown> | undefined;
  sorted: RawBuilder<unknown>;
  /** How the value is shown. */
  column: Column;
  /** A column of a table, shown as there; others are shown by their kind alone. */
  node: Node | undefined;
}

/** @throws {HttpError} 400 0x8004e023 when more rows than allowed would be aggregated */
export async function readAggregate(request: FetchRequest, compiled: Compiled): Promise<FetchPage> {
  const { session, fetch, annotations } = request;
  const cells = cellsOf(compiled);
  await demandLimit(session, compiled, fetch.aggregateLimit);
  const window = windowOf({ ...request, fetch: { ...fetch, cookie: undefined }, skipToken: undefined }, []);
  const list = sql.join(cells.map(({ value }, index) => sql`${value} as ${sql.raw(`c${index}`)}`));
  const types = cells.flatMap((cell, index) =>
    typeOf(cell).map((type) => sql`, min(${type}) as ${sql.raw(`c${index}_type`)}`),
  );
  // An id has one type, so no group is parted by it; PostgreSQL lets a name be looked up by nothing else.
  const groups = cells.flatMap((cell) => (cell.group === undefined ? [] : [cell.group, ...typeOf(cell)]));
  const grouped = groups.length === 0 ? sql`` : sql` group by ${sql.join(groups)}`;
  const select = sql`select ${list}${sql.join(types, sql``)} ${compiled.from()}${where(compiled.conditions)}${grouped}`;
  const { rows: found } =
    await sql<Row>`${select} order by ${orderOf(compiled, cells)}${limit(window.size + 1)} offset ${window.offset}`.execute(
      session.queries,
    );
  const stored = found.slice(0, window.size);
  return {
    rows: await presentCells(session, cells, stored, annotations),
    page: window.page,
    more: found.length > window.size && fetch.top === undefined,
    cookie: undefined,
    ...(await countOf(request, select)),
  };
}

/** The table that a lookup to one of several points to. */
function typeOf({ node, column }: Cell): RawBuilder<unknown>[] {
  const isTyped = node !== undefined && column.kind === 'lookup' && isPolymorphic(node.scope.table, column.name);
  return isTyped ? [at(node.scope.alias, `${column.name}_type`)] : [];
}

/** @throws {HttpError} 400 for what cannot be worked out or sorted */
export function checkAggregate(compiled: Compiled): void {
  orderOf(compiled, cellsOf(compiled));
}

async function demandLimit(session: Session, compiled: Compiled, most: number): Promise<void> {
  const one = sql`select 1 as one ${compiled.from()}${where(compiled.conditions)}${limit(most + 1)}`;
  const { rows } = await sql<{ n: number }>`select count(*) as n from (${one}) as counted`.execute(session.queries);
  if (Number(rows[0]?.n ?? 0) > most)
    throw badRequest('AggregateQueryRecordLimit exceeded. Cannot perform this operation.', '0x8004E023');
}

function cellsOf({ statement, nodes }: Compiled): Cell[] {
  const cells: Cell[] = [];
  for (const node of nodes) {
    if (node.entity.all) throw notAggregated('all-attributes');
    for (const attribute of node.entity.attributes) {
      const found = refOf(node, attribute.name);
      const cell = attribute.groupBy ? groupCell(node, attribute, found, statement) : aggregateCell(attribute, found);
      if (cells.some(({ alias }) => alias === cell.alias))
        throw badRequest(`FetchXML should have unique aliases: ${shown(cell.alias)} is used twice.`, '0x80041130');
      cells.push(cell);
    }
  }
  demandWidth(nodes, cells.length * 3);
  if (cells.length === 0) throw badRequest('An aggregate query needs an attribute.', '0x8004111e');
  return cells;
}

function notAggregated(name: string) {
  return badRequest(
    `Attributes can not be returned when aggregate operation is specified: ${shown(name)}.`,
    '0x80041107',
  );
}

function groupCell(node: Node, attribute: Attribute, found: ColumnRef, statement: Compiled['statement']): Cell {
  const alias = attribute.alias ?? attribute.name;
  const { column, ref, folded } = found;
  if (attribute.dateGrouping !== undefined) {
    const { engine, caller } = statement.session;
    const zone = attribute.userTimeZone ? caller.formats.zone : utc;
    const { value, kind } = groupOfDate(engine, found, attribute.dateGrouping, zone);
    return { alias, value, group: value, sorted: value, column: { name: alias, label: alias, kind }, node: undefined };
  }
  // Texts that differ in case only are one group, and are shown as one of them.
  const isText = column.kind === 'string' || column.kind === 'memo';
  const value = isText ? sql`min(${ref})` : ref;
  return { alias, value, group: folded, sorted: sortedBy(statement, found, false).folded, column, node };
}

const NUMBERS = new Set(['integer', 'bigint', 'decimal', 'money']);

function aggregateCell({ name, alias, aggregate, distinct }: Attribute, found: ColumnRef): Cell {
  if (aggregate === undefined) throw notAggregated(name);
  if (alias === undefined) throw badRequest(`An alias is needed for the aggregate of ${shown(name)}.`, '0x8004110b');
  const { column, ref, folded } = found;
  const make = (value: RawBuilder<unknown>, kind: Column['kind']): Cell => {
    const shape: Column = { ...column, kind };
    return { alias, value, group: undefined, sorted: value, column: shape, node: undefined };
  };
  const isDate = column.kind === 'datetime' || column.kind === 'date';
  const isWhole = column.kind === 'integer' || column.kind === 'bigint';
  const fits = NUMBERS.has(column.kind) || (isDate && (aggregate === 'min' || aggregate === 'max'));
  switch (aggregate) {
    case 'count':
      return make(sql`count(*)`, 'integer');
    case 'countcolumn':
      return make(sql`count(${sql.raw(distinct ? 'distinct ' : '')}${distinct ? folded : ref})`, 'integer');
    case 'sum':
    case 'avg':
    case 'min':
    case 'max': {
      if (!fits)
        throw badRequest(
          `Aggregate ${aggregate} is not supported for attribute of type ${column.kind}: ${name}.`,
          '0x8004112F',
        );
      if (aggregate === 'sum') return make(sql`coalesce(sum(${ref}), 0)`, column.kind);
      // The average of whole numbers is a whole number.
      if (aggregate === 'avg') return make(isWhole ? sql`trunc(avg(${ref}))` : sql`avg(${ref})`, column.kind);
      return make(sql`${sql.raw(aggregate)}(${ref})`, column.kind);
    }
  }
}

/** By the aliases that are asked for, then by all groups, so that the order is the same everywhere. */
function orderOf({ nodes }: Compiled, cells: readonly Cell[]): RawBuilder<unknown> {
  const wanted = nodes.flatMap(({ entity }) => entity.orders).map((order) => sortCell(order, cells));
  const ties = cells.filter(({ group }) => group !== undefined).map((cell) => ({ cell, descending: false }));
  const order = [...wanted, ...ties].map(({ cell, descending }) => ({
    column: cell.column,
    ref: cell.sorted,
    folded: cell.sorted,
    descending,
  }));
  const groups = ties.map(({ cell }) => cell.group ?? cell.sorted);
  return sql.join([orderSql(order, groups[0] ?? sql`min(1)`), ...groups.slice(1)]);
}

function sortCell(
  { attribute, alias, descending }: Order,
  cells: readonly Cell[],
): { cell: Cell; descending: boolean } {
  if (alias === undefined)
    throw attribute === undefined
      ? badRequest('An alias is required for an order clause for an aggregate Query.', '0x80041134')
      : badRequest(
          'An attribute cannot be specified for an order clause for an aggregate Query. Use an alias.',
          '0x80041131',
        );
  const cell = cells.find((each) => each.alias === alias);
  if (cell === undefined) throw badRequest(`The specified alias does not exist: ${shown(alias)}.`, '0x8004110a');
  return { cell, descending };
}

async function presentCells(
  session: Session,
  cells: readonly Cell[],
  stored: readonly Row[],
  annotations: Annotations,
): Promise<Row[]> {
  const rows = stored.map((): Row => ({}));
  const formats = annotations(FORMATTED) ? session.caller.formats : undefined;
  const amounts = formats === undefined ? [] : cells.map(({ column }) => column);
  const currencyOf = await currenciesOf(session, amounts, stored);
  for (const [index, { alias, column, node }] of cells.entries()) {
    const parts = stored.map((row): Row => ({
      [column.name]: row[`c${index}`],
      [`${column.name}_type`]: row[`c${index}_type`],
    }));
    const shownParts =
      node === undefined
        ? parts.map((part) => presentNumber(column, part[column.name], formats, currencyOf(column, {})))
        : await presentRows(session, node.scope.table, [column], parts, annotations);
    const own = node !== undefined && column.kind === 'lookup' ? `_${column.name}_value` : column.name;
    shownParts.forEach((part, at) => {
      const row = rows[at] ?? {};
      for (const [key, value] of Object.entries(part))
        if ((key === own && value !== null) || key.startsWith(`${own}@`))
          row[`${alias}${key.slice(own.length)}`] = value;
    });
  }
  return rows;
}

/**
 * Sums of broken numbers differ in their last digits with the order in which an engine adds. Amounts are shown in the
 * organisation's own currency.
 * @param formats only where formatted values are asked for
 */
function presentNumber(
  column: Column,
  value: unknown,
  formats: Formats | undefined,
  currency: Currency | undefined,
): Row {
  const kept = typeof value === 'number' ? Number(value.toPrecision(15)) : value;
  const text = formats === undefined ? undefined : formatted(column, kept, formats, currency);
  return {
    ...(text === undefined ? {} : { [`${column.name}@${FORMATTED}`]: text }),
    [column.name]: toJson(column, kept),
  };
}
