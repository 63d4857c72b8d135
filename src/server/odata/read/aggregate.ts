import { badRequest, shown } from '../bad-request.ts';
import type { Aggregate, Attribute, Entity, Fetch, Link, Order as FetchOrder } from '../fetch/tree.ts';
import { tableOf, type Column, type Table } from '../metadata.ts';
import type { Aggregation, Apply } from '../parse/apply.ts';
import type { Order } from '../parse/query.ts';
import type { Session } from '../session.ts';
import { findColumn, unknownColumn } from './scope.ts';

/** Documented: so many rows can be aggregated. */
const LIMIT = 50_000;
const METHODS: Record<Aggregation['method'], Aggregate> = {
  sum: 'sum',
  average: 'avg',
  min: 'min',
  max: 'max',
  count: 'count',
};

/** A column at the end of a path, with the table of the query that it is asked of. */
interface Place {
  entity: Entity;
  table: Table;
  column: Column;
}

/**
 * A $apply as the aggregate query of FetchXML that it is in the original, too. A path through lookups becomes joined tables, and
 * its value is called after the last one: `contact_fullname`.
 * @throws {HttpError} 400 naming what is unknown or cannot be grouped
 */
export function applyAsFetch(
  session: Session,
  table: Table,
  { groupBy, aggregations }: Apply,
  order: readonly Order[],
): Fetch {
  const entity = newEntity(table.name);
  const links = new Map<string, Link>();
  const place = (path: readonly string[]) => findPlace(session, links, { entity, table }, path);
  for (const path of groupBy) {
    const found = place(path);
    if (found.column.kind === 'datetime')
      throw badRequest(`groupby with datetime values is not supported: ${path.join('/')}.`);
    found.entity.attributes.push({
      ...plainAttribute(found.column.name),
      alias: groupAlias(found, path),
      groupBy: true,
    });
  }
  for (const { path = [table.key], method, as } of aggregations) {
    const found = place(path);
    found.entity.attributes.push({ ...plainAttribute(found.column.name), alias: as, aggregate: METHODS[method] });
  }
  entity.orders = order.map((item) => sortedGroup(item, groupBy, (path) => groupAlias(place(path), path)));
  return {
    entity,
    aggregate: true,
    aggregateLimit: LIMIT,
    distinct: false,
    top: undefined,
    count: undefined,
    page: undefined,
    cookie: undefined,
    returnCount: false,
    rawOrder: true,
  };
}

function newEntity(name: string): Entity {
  return { name, all: false, bare: true, attributes: [], orders: [], filters: [], links: [] };
}

function plainAttribute(name: string): Attribute {
  return {
    name,
    alias: undefined,
    aggregate: undefined,
    distinct: false,
    groupBy: false,
    dateGrouping: undefined,
    userTimeZone: true,
    countChildren: false,
  };
}

function groupAlias({ table, column }: Place, path: readonly string[]): string {
  const own = column.kind === 'lookup' ? `_${column.name}_value` : column.name;
  return path.length === 1 ? own : `${table.name}_${own}`;
}

function findPlace(
  session: Session,
  links: Map<string, Link>,
  start: { entity: Entity; table: Table },
  path: readonly string[],
): Place {
  let { entity, table } = start;
  for (const [index, name] of path.slice(0, -1).entries()) {
    const navigation = table.single.get(name);
    if (navigation === undefined) throw unknownColumn(table, name);
    table = tableOf(session.model, navigation.target);
    const alias = path.slice(0, index + 1).join('/');
    const link = links.get(alias) ?? {
      ...newEntity(table.name),
      type: 'outer' as const,
      from: table.key,
      to: navigation.column,
      alias,
    };
    if (!links.has(alias)) entity.links.push(link);
    links.set(alias, link);
    entity = link;
  }
  const name = path.at(-1) ?? '';
  const column = findColumn(table, name);
  if (column === undefined) throw unknownColumn(table, name);
  return { entity, table, column };
}

/** Only what is grouped by can be sorted by. */
function sortedGroup(
  { path, descending }: Order,
  groupBy: readonly string[][],
  alias: (path: string[]) => string,
): FetchOrder {
  const name = path.join('/');
  const group = groupBy.find((each) => each.join('/') === name || alias(each) === name);
  if (group === undefined)
    throw badRequest(`The query node SingleValueOpenPropertyAccess is not supported: ${shown(name)} in $orderby.`);
  return { attribute: undefined, alias: alias(group), entityName: undefined, descending };
}
