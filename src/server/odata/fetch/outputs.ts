import { sql, type RawBuilder } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import { at, identifier, quoted, word } from '../identifier.ts';
import type { Column } from '../metadata.ts';
import { presentRows, type Annotations } from '../read/present.ts';
import { hierarchyOf } from '../read/hierarchy.ts';
import { isPolymorphic, storedIn } from '../read/scope.ts';
import type { Row, Session } from '../session.ts';
import { findColumnOf, refOf, type Node } from './joins.ts';
import type { Attribute } from './tree.ts';

/** A column of the answer. */
export interface Output {
  node: Node;
  column: Column;
  /** In the statement: names of tables and columns may be the same twice. */
  name: string;
  /** In the answer; `undefined`: what a row of the table itself calls it. */
  shownAs: string | undefined;
  /** Worked out for each row, instead of stored. */
  value?: RawBuilder<unknown>;
}

/** What the tables of a query are asked for; the key of the first table comes along, unless rows are made distinct. */
export function outputsOf(nodes: readonly Node[], distinct: boolean): Output[] {
  const outputs: Output[] = [];
  for (const node of nodes) {
    for (const [column, shownAs] of wantedColumns(node, distinct))
      outputs.push({ node, column, name: `c${outputs.length}`, shownAs });
    outputs.push(...node.entity.attributes.filter((each) => each.countChildren).map((each) => childCount(node, each)));
  }
  demandWidth(nodes, outputs.length * (distinct ? 3 : 2));
  const names = outputs.map(({ node, column, shownAs }) => shownAs ?? `${node.alias}${column.name}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw badRequest(`FetchXML should have unique aliases: ${shown(twice)} is used twice.`, '0x80041130');
  return outputs;
}

/** PostgreSQL selects at most 1,664 columns: with those that rows are sorted by, and a lookup's type beside it. */
const WIDTH = 1_500;

/** @throws {HttpError} 400 when a query asks for more columns than a statement can have */
export function demandWidth(nodes: readonly Node[], columns: number): void {
  const orders = nodes.reduce((sum, { entity }) => sum + entity.orders.length, 0);
  if (columns + orders > WIDTH) throw badRequest('The query asks for more columns than can be read at once.');
}

/** How many rows that the caller may see stand directly below each one in the hierarchy of its table. */
function childCount(node: Node, { name, alias }: Attribute): Output {
  const { statement } = node;
  if (alias === undefined) throw badRequest(`An alias is needed for the aggregate of ${shown(name)}.`, '0x8004110b');
  const found = refOf(node, name);
  const { table, parent } = hierarchyOf(statement, found);
  const child = statement.alias();
  const visible = statement.session.access.readable(statement.session.caller, table, child);
  const value = sql`(select count(*) from ${identifier(table.name)} as ${identifier(child)} where ${at(child, parent)} = ${found.ref}${visible === undefined ? sql`` : sql` and ${visible}`})`;
  return {
    node,
    column: { name: alias, label: alias, kind: 'integer' },
    name: `children_${child}`,
    shownAs: alias,
    value,
  };
}

/** Named twice without an alias is asked for once. */
function wantedColumns(node: Node, distinct: boolean): [Column, shownAs: string | undefined][] {
  const { entity, scope, parent } = node;
  const first = parent === undefined;
  const usual = (column: Column) => (first ? undefined : `${node.alias}.${column.name}`);
  const wanted: [Column, string | undefined][] = [];
  const plain = new Set<Column>();
  for (const { name, alias, aggregate, groupBy, countChildren } of entity.attributes) {
    if (aggregate !== undefined || groupBy)
      throw badRequest(`${shown(name)} is aggregated or grouped, but the query is not an aggregate.`, '0x8004111a');
    if (countChildren) continue;
    const column = findColumnOf(node, name);
    if (alias !== undefined) wanted.push([column, alias]);
    else plain.add(column);
  }
  const everything = entity.all || (first && !entity.bare && entity.attributes.length === 0);
  for (const column of scope.table.columns.values()) {
    const isKey = first && !distinct && column.name === scope.table.key;
    if (isKey || (everything && column.heavy !== true)) plain.add(column);
  }
  return [...wanted, ...[...plain].map((column): [Column, string | undefined] => [column, usual(column)])];
}

/** Whether column security lets the caller see what the column holds; where not, it is empty. */
export function isSeen({ node, column }: Output): boolean {
  const { access, caller } = node.statement.session;
  return access.mayUse(caller, 'read', node.scope.table, column);
}

/** `t0.fullname as c0, ...`, with the version of the first table's row. */
export function selectList(outputs: readonly Output[], root: Node, distinct: boolean): RawBuilder<unknown> {
  const names = outputs.flatMap((output): RawBuilder<unknown>[] => {
    const { node, column, name, value: worked } = output;
    const { table, alias } = node.scope;
    if (worked !== undefined) return [sql`${worked} as ${sql.raw(name)}`];
    const typed = column.kind === 'lookup' && isPolymorphic(table, column.name);
    if (!isSeen(output)) return [sql.raw(`null as ${name}`), ...(typed ? [sql.raw(`null as ${name}_type`)] : [])];
    // Of a table that an outer join found no row in, a constant is empty as well.
    const stored = column.constant === undefined ? storedIn(node.scope, column) : quoted(alias, table.key);
    const value =
      column.constant === undefined ? stored : `case when ${stored} is not null then ${word(column.constant)} end`;
    const type = `${quoted(alias, `${column.name}_type`)} as ${name}_type`;
    return [sql.raw(`${value} as ${name}`), ...(typed ? [sql.raw(type)] : [])];
  });
  if (!distinct) names.push(sql.raw(`${quoted(root.scope.alias, 'versionnumber')} as versionnumber`));
  return sql.join(names);
}

const ATTRIBUTE_NAME = 'OData.Community.Display.V1.AttributeName';

/**
 * Rows as the dialect writes them: each table's columns as in a query of its own, then under the names of this query. What is
 * empty is left out, which is documented for FetchXML only.
 */
export async function presentOutputs(
  session: Session,
  outputs: readonly Output[],
  stored: readonly Row[],
  annotations: Annotations,
): Promise<Row[]> {
  const rows = stored.map((row): Row => {
    return 'versionnumber' in row ? { '@odata.etag': `W/"${String(row['versionnumber'])}"` } : {};
  });
  for (const [node, own] of byNode(outputs)) {
    const { table } = node.scope;
    const parts = stored.map((row) => {
      const part: Row = {};
      for (const { column, name } of own) {
        part[column.name] = row[name];
        if (`${name}_type` in row) part[`${column.name}_type`] = row[`${name}_type`];
      }
      return part;
    });
    const columns = [...new Set(own.map(({ column }) => column))];
    const presented = await presentRows(session, table, columns, parts, annotations);
    presented.forEach((part, index) => addPart(rows[index] ?? {}, own, part, annotations));
  }
  return rows;
}

function byNode(outputs: readonly Output[]): Map<Node, Output[]> {
  const found = new Map<Node, Output[]>();
  for (const output of outputs) found.set(output.node, [...(found.get(output.node) ?? []), output]);
  return found;
}

function addPart(row: Row, outputs: readonly Output[], part: Row, annotations: Annotations): void {
  for (const { column, shownAs } of outputs) {
    const own = column.kind === 'lookup' ? `_${column.name}_value` : column.name;
    if (part[own] === null || part[own] === undefined) continue;
    const name = shownAs ?? own;
    if (shownAs !== undefined && annotations(ATTRIBUTE_NAME)) row[`${name}@${ATTRIBUTE_NAME}`] = column.name;
    for (const [key, value] of Object.entries(part))
      if (key === own || key.startsWith(`${own}@`)) row[`${name}${key.slice(own.length)}`] = value;
  }
}
