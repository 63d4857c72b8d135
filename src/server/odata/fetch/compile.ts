import { sql, type RawBuilder } from 'kysely';
import { within } from '../../db/time-limit.ts';
import { badRequest, shown } from '../bad-request.ts';
import { at, identifier } from '../identifier.ts';
import { fromClause, newScope, type ColumnRef, type Scope, type Statement } from '../read/scope.ts';
import { conditionSql } from './condition.ts';
import { childJoins, joinSql, joinType, linkCondition, nodesOf, plantTree, refOf, type Node } from './joins.ts';
import type { Condition, Entity, Filter, Link } from './tree.ts';

/** The tables of a query and which of their rows are meant, ready to be put into a statement. */
export interface Compiled {
  statement: Statement;
  root: Node;
  nodes: Node[];
  /** `from ...` with everything that is joined. */
  from(): RawBuilder<unknown>;
  conditions: RawBuilder<boolean>[];
}

/** @param among which rows of the first table, besides what the query says */
export function compile(
  statement: Statement,
  entity: Entity,
  among: (scope: Scope) => (RawBuilder<boolean> | undefined)[],
): Compiled {
  const root = plantTree(statement, entity);
  const nodes = nodesOf(root);
  const names = nodes.map(({ alias }) => alias);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw badRequest(`FetchXML should have unique aliases: ${shown(twice)} is used twice.`, '0x80041130');
  const conditions = [...conditionsOf(statement, root), ...among(root.scope)].filter((part) => part !== undefined);
  const joins = childJoins(root, (child) => onSql(statement, child));
  return { statement, root, nodes, conditions, from: () => sql`${fromClause(statement, root.scope)}${joins}` };
}

/** What the rows of one table must fulfil: what the caller may see, its filters, and links that only ask. */
function conditionsOf(statement: Statement, node: Node): RawBuilder<boolean>[] {
  const { entity, scope } = node;
  const { access, caller, model, engine } = statement.session;
  const asking = entity.links.filter((link) => joinType(link) === undefined);
  const parts = [
    within(engine, at(scope.alias, scope.table.key)),
    // The pairs of a many-to-many relationship are no table of their own.
    model.tables.has(scope.table.name) ? access.readable(caller, scope.table, scope.alias) : undefined,
    ...entity.filters.map((filter) => filterSql(statement, node, filter)),
    ...asking.map((link) => linkFilterSql(statement, node, link)),
  ];
  return parts.filter((part) => part !== undefined);
}

function onSql(statement: Statement, node: Node): RawBuilder<boolean> {
  const { parent, entity } = node;
  if (parent === undefined) throw new Error('Only a linked table is joined');
  const link = entity as Link;
  if (node.type === 'matchfirstrowusingcrossapply') return firstRow(statement, parent, node, link);
  return all([linkCondition(parent, node, link), ...conditionsOf(statement, node)]);
}

/** One row at most: the first by its id among those that match. */
function firstRow(statement: Statement, parent: Node, node: Node, link: Link): RawBuilder<boolean> {
  const { table } = node.scope;
  const candidate: Node = { ...node, scope: newScope(statement, table), children: [] };
  const { alias } = candidate.scope;
  const wanted = all([linkCondition(parent, candidate, link), ...conditionsOf(statement, candidate)]);
  return sql<boolean>`${at(node.scope.alias, table.key)} = (select ${at(alias, table.key)} from ${identifier(table.name)} as ${identifier(alias)} where ${wanted} order by ${at(alias, table.key)} limit 1)`;
}

function all(parts: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.join(parts, sql` and `)}`;
}

/**
 * The link types that only filter. The documents define `all` as: there are matching rows, but none of them fulfils the
 * filters; and `not all` as another name of `any`.
 */
function linkFilterSql(statement: Statement, parent: Node, link: Link): RawBuilder<boolean> {
  const exists = (filters: Filter[], links: Link[]) => {
    const inner = plantTree(statement, { ...link, filters, links }, link.alias ?? link.name, parent);
    const wanted = all([linkCondition(parent, inner, link), ...conditionsOf(statement, inner)]);
    return sql<boolean>`exists (select 1 from ${joinSql(inner, (child) => onSql(statement, child))} where ${wanted})`;
  };
  switch (link.type) {
    case 'not any':
      return sql<boolean>`(not ${exists(link.filters, link.links)})`;
    case 'all':
      return sql<boolean>`(${exists([], [])} and not ${exists(link.filters, link.links)})`;
    case 'any':
    case 'not all':
    case 'exists':
    case 'in':
    case 'inner':
    case 'outer':
    case 'matchfirstrowusingcrossapply':
      return exists(link.filters, link.links);
  }
}

function filterSql(statement: Statement, node: Node, filter: Filter): RawBuilder<boolean> | undefined {
  const parts = [
    ...filter.conditions.map((condition) => oneCondition(statement, node, condition)),
    ...filter.filters.map((inner) => filterSql(statement, node, inner)),
    ...filter.links.map((link) => linkFilterSql(statement, node, link)),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  return sql<boolean>`(${sql.join(parts, filter.type === 'and' ? sql` and ` : sql` or `)})`;
}

function oneCondition(statement: Statement, node: Node, condition: Condition): RawBuilder<boolean> {
  const { attribute, entityName, valueOf } = condition;
  const owner = entityName === undefined ? node : findNode(node, entityName);
  return conditionSql(
    statement,
    condition,
    refOf(owner, attribute),
    valueOf === undefined ? undefined : otherColumn(node, owner, valueOf),
  );
}

function otherColumn(node: Node, owner: Node, name: string): ColumnRef {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? refOf(owner, name) : refOf(findNode(node, name.slice(0, dot)), name.slice(dot + 1));
}

/** By alias, or by the name of the table. @throws {HttpError} 400 when nothing is called so from here */
export function findNode(node: Node, name: string): Node {
  const visible = visibleFrom(node);
  const found = visible.find(({ alias }) => alias === name) ?? visible.find(({ scope }) => scope.table.name === name);
  if (found === undefined)
    throw badRequest(`The specified alias for the given entity does not exist: ${shown(name)}.`, '0x8004110a');
  return found;
}

/** The tables that SQL lets a condition name where it stands: the condition of a join sees its two sides only. */
function visibleFrom(node: Node): Node[] {
  const own = nodesOf(node);
  if (node.parent === undefined) return own;
  return [...own, ...(node.type === undefined ? visibleFrom(node.parent) : [node.parent])];
}
