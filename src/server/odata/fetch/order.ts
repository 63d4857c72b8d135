import { sql, type RawBuilder } from 'kysely';
import { fold } from '../../db/fold.ts';
import { badRequest } from '../bad-request.ts';
import { at, identifier } from '../identifier.ts';
import { tableOf, type Column } from '../metadata.ts';
import type { SortColumn } from '../read/paging.ts';
import { columnRef, isPolymorphic, newScope, noText, type ColumnRef, type Statement } from '../read/scope.ts';
import { findNode, type Compiled } from './compile.ts';
import { refOf, type Node } from './joins.ts';
import type { Fetch, Order } from './tree.ts';

/** Documented: the orders of the first table come before those of the tables that are linked to it. */
export function sortColumns({ statement, nodes }: Compiled, { rawOrder }: Fetch): SortColumn[] {
  return nodes.flatMap((node) => node.entity.orders.map((order) => sortColumn(statement, node, order, rawOrder)));
}

function sortColumn(statement: Statement, node: Node, order: Order, raw: boolean): SortColumn {
  const { attribute, entityName, descending } = order;
  if (attribute === undefined)
    throw badRequest('An attribute is required for an order clause for a non-aggregate Query.', '0x80041133');
  if (order.alias !== undefined)
    throw badRequest(
      'An alias cannot be specified for an order clause for a non-aggregate Query. Use an attribute.',
      '0x80041132',
    );
  const owner = entityName === undefined ? node : findNode(node, entityName);
  return { ...sortedBy(statement, refOf(owner, attribute), raw), descending };
}

/** What rows are sorted by: a lookup by the name of its row, a choice by its label, as people see them. */
export function sortedBy(statement: Statement, found: ColumnRef, raw: boolean): ColumnRef {
  const { column } = found;
  if (column.kind === 'choice' && !raw && column.options !== undefined) return asText(found, labelSql(found, column));
  if (column.kind === 'lookup') return asText(found, nameSql(statement, found));
  return found;
}

function asText(found: ColumnRef, folded: RawBuilder<unknown>): ColumnRef {
  return { ...found, column: { ...found.column, kind: 'string' }, folded };
}

function labelSql({ ref }: ColumnRef, { options = new Map() }: Column): RawBuilder<unknown> {
  const cases = [...options].map(([value, label]) => sql`when ${value} then ${fold(label)}`);
  return sql`case ${ref} ${sql.join(cases, sql` `)} end`;
}

/** Of rows that the caller may not see the name is not used either: the order would tell it. */
function nameSql(statement: Statement, { column, ref, scope }: ColumnRef): RawBuilder<unknown> {
  const { session } = statement;
  const names = (column.targets ?? []).map((name) => {
    const target = newScope(statement, tableOf(session.model, name));
    const { table, alias } = target;
    const primary = table.primary === undefined ? undefined : table.columns.get(table.primary);
    if (primary === undefined || !session.access.mayUse(session.caller, 'read', table, primary)) return noText;
    const visible = session.access.readable(session.caller, table, alias);
    const typed = isPolymorphic(scope.table, column.name)
      ? sql` and ${at(scope.alias, `${column.name}_type`)} = ${table.name}`
      : sql``;
    return sql`(select ${columnRef(target, primary).folded} from ${identifier(table.name)} as ${identifier(alias)} where ${at(alias, table.key)} = ${ref}${typed}${visible === undefined ? sql`` : sql` and ${visible}`})`;
  });
  return names.length === 1 ? sql`${names[0]}` : sql`coalesce(${sql.join(names)})`;
}
