import { sql, type RawBuilder } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import { quoted, word } from '../identifier.ts';
import type { Column } from '../metadata.ts';
import { presentRows, type Annotations } from '../read/present.ts';
import { isPolymorphic } from '../read/scope.ts';
import type { Row, Session } from '../session.ts';
import { findColumnOf, type Node } from './joins.ts';

/** A column of the answer. */
export interface Output {
  node: Node;
  column: Column;
  /** In the statement: names of tables and columns may be the same twice. */
  name: string;
  /** In the answer; `undefined`: what a row of the table itself calls it. */
  shownAs: string | undefined;
}

/** What the tables of a query are asked for; the key of the first table comes along, unless rows are made distinct. */
export function outputsOf(nodes: readonly Node[], distinct: boolean): Output[] {
  const outputs: Output[] = [];
  for (const node of nodes) {
    for (const [column, shownAs] of wantedColumns(node, distinct))
      outputs.push({ node, column, name: `c${outputs.length}`, shownAs });
  }
  const names = outputs.map(({ node, column, shownAs }) => shownAs ?? `${node.alias}${column.name}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw badRequest(`FetchXML should have unique aliases: ${shown(twice)} is used twice.`, '0x80041130');
  return outputs;
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
  const names = outputs.flatMap((output) => {
    const { node, column, name } = output;
    const { table, alias } = node.scope;
    const typed = column.kind === 'lookup' && isPolymorphic(table, column.name);
    if (!isSeen(output)) return [`null as ${name}`, ...(typed ? [`null as ${name}_type`] : [])];
    // Of a table that an outer join found no row in, a constant is empty as well.
    const stored = quoted(alias, column.constant === undefined ? (column.from ?? column.name) : table.key);
    const value =
      column.constant === undefined ? stored : `case when ${stored} is not null then ${word(column.constant)} end`;
    return [`${value} as ${name}`, ...(typed ? [`${quoted(alias, `${column.name}_type`)} as ${name}_type`] : [])];
  });
  if (!distinct) names.push(`${quoted(root.scope.alias, 'versionnumber')} as versionnumber`);
  return sql.raw(names.join(', '));
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
