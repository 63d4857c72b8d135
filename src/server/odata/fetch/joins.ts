import { sql, type RawBuilder } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import { at, identifier } from '../identifier.ts';
import { plain, table as makeTable, type Column, type Model, type Table } from '../metadata.ts';
import { columnRef, isPolymorphic, newScope, type ColumnRef, type Scope, type Statement } from '../read/scope.ts';
import type { Entity, JoinType, Link } from './tree.ts';

/** A table of the query within its statement, with the tables that stand beside it. */
export interface Node {
  statement: Statement;
  entity: Entity;
  scope: Scope;
  /** By what conditions and the answer call it; the first table has no name. */
  alias: string;
  /** How it is joined to its parent; `undefined` for the first table and for one inside a subquery. */
  type: JoinType | undefined;
  parent: Node | undefined;
  children: Node[];
}

const JOINED = new Map<string, JoinType>(
  (['inner', 'outer', 'matchfirstrowusingcrossapply'] as const).map((type) => [type, type]),
);

/** The join of a link whose rows are part of the answer. */
export function joinType({ type }: Link): JoinType | undefined {
  return JOINED.get(type);
}

/** The first table of a query or subquery, with its links. @throws {HttpError} 400 naming the table, 403 without the right */
export function plantTree(statement: Statement, entity: Entity, alias = '', parent?: Node): Node {
  const counts = new Map<string, number>();
  return plant(statement, entity, { alias, type: undefined, parent }, counts);
}

function plant(
  statement: Statement,
  entity: Entity,
  place: Pick<Node, 'alias' | 'type' | 'parent'>,
  counts: Map<string, number>,
): Node {
  const scope = newScope(statement, findTable(statement, entity.name));
  const node: Node = { ...place, statement, entity, scope, children: [] };
  for (const link of entity.links) {
    const type = joinType(link);
    if (type === undefined) continue;
    const alias = link.alias ?? defaultAlias(statement, link, counts);
    node.children.push(plant(statement, link, { alias, type, parent: node }, counts));
  }
  return node;
}

/** Documented: the table's name on the way to one row, and the name with a number on the way to many. */
function defaultAlias({ session }: Statement, { name, from }: Link, counts: Map<string, number>): string {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return session.model.tables.get(name)?.key === from && count === 1 ? name : `${name}${count}`;
}

function findTable({ session }: Statement, name: string): Table {
  const table = session.model.tables.get(name);
  if (table === undefined) {
    const pairs = intersectTable(session.model, name);
    if (pairs !== undefined) return pairs;
    throw badRequest(
      `The entity with a name = '${shown(name)}' with namemapping = 'Logical' was not found in the MetadataCache.`,
      '0x80041102',
    );
  }
  session.access.demand(session.caller, 'read', table);
  return table;
}

/** The pairs of a many-to-many relationship: their rows are seen as far as the rows on both sides are. */
function intersectTable({ tables }: Model, name: string): Table | undefined {
  for (const { many } of tables.values()) {
    for (const { intersect, near, far } of many.values()) {
      if (intersect !== name) continue;
      const parts = { name, label: name, set: name, key: far, part: true, readOnly: true, tracked: false };
      const pairs = makeTable({ ...parts, columns: { [near]: plain(near, 'guid') } });
      return { ...pairs, columns: new Map([...pairs.columns].filter(([column]) => column !== 'versionnumber')) };
    }
  }
  return undefined;
}

export function findColumnOf({ scope: { table } }: Node, name: string): Column {
  const column = table.columns.get(name);
  if (column === undefined)
    throw badRequest(
      `'${table.name}' entity doesn't contain attribute with Name = '${shown(name)}' and NameMapping = 'Logical'.`,
      '0x80041103',
    );
  return column;
}

/**
 * The column of a node in the statement, to be compared, sorted by or worked with: each would tell what it holds.
 * @throws {HttpError} 400 naming what is unknown, 403 for a column that the caller may not read
 */
export function refOf(node: Node, name: string): ColumnRef {
  const { statement, scope } = node;
  const column = findColumnOf(node, name);
  statement.session.access.demandColumn(statement.session.caller, 'read', scope.table, column);
  return columnRef(scope, column);
}

/** All tables of the answer, the first one first. */
export function nodesOf(root: Node): Node[] {
  return [root, ...root.children.flatMap(nodesOf)];
}

/** Where the linked row belongs to the parent's: equal columns, and the right table where a lookup has several. */
export function linkCondition(parent: Node, node: Node, { from, to }: Link): RawBuilder<boolean> {
  const far = refOf(node, from);
  const near = refOf(parent, to);
  if (comparedAs(far.column) !== comparedAs(near.column))
    throw badRequest(`Data Types don't match for the link-entity join attributes '${from}', '${to}'.`, '0x80041104');
  const parts = [
    sql<boolean>`${far.folded} = ${near.folded}`,
    typeCondition(parent.scope, to, node.scope, from),
    typeCondition(node.scope, from, parent.scope, to),
  ].filter((part) => part !== undefined);
  return sql.join<boolean>(parts, sql` and `);
}

/** Ids are unique over all tables, but the type says at once which rows cannot be meant. The union of activities has no type. */
function typeCondition(scope: Scope, lookup: string, target: Scope, key: string): RawBuilder<boolean> | undefined {
  if (!isPolymorphic(scope.table, lookup) || target.table.key !== key || target.table.name === 'activitypointer')
    return undefined;
  return sql<boolean>`${at(scope.alias, `${lookup}_type`)} = ${target.table.name}`;
}

function comparedAs({ kind }: Column): string {
  switch (kind) {
    case 'guid':
    case 'lookup':
      return 'id';
    case 'string':
    case 'memo':
      return 'text';
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
    case 'choice':
      return 'number';
    case 'choices':
    case 'boolean':
    case 'datetime':
    case 'date':
    case 'bytes':
      return kind;
  }
}

/** `contact as t1 left join (account as t2 inner join ...) on ...`: an inner join inside an outer one takes no parent away. */
export function joinSql(node: Node, on: (child: Node) => RawBuilder<boolean>): RawBuilder<unknown> {
  const own = sql`${identifier(node.scope.table.name)} as ${identifier(node.scope.alias)}`;
  return sql`${own}${childJoins(node, on)}`;
}

export function childJoins(node: Node, on: (child: Node) => RawBuilder<boolean>): RawBuilder<unknown> {
  const joins = node.children.map((child) => {
    const inside = joinSql(child, on);
    const joined = child.children.length === 0 ? inside : sql`(${inside})`;
    return sql` ${sql.raw(child.type === 'outer' ? 'left' : 'inner')} join ${joined} on ${on(child)}`;
  });
  return joins.length === 0 ? sql`` : sql.join(joins, sql``);
}
