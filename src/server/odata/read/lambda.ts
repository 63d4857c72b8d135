import { sql, type RawBuilder } from 'kysely';
import { within } from '../../db/time-limit.ts';
import { at } from '../identifier.ts';
import { tableOf } from '../metadata.ts';
import type { Condition } from '../parse/filter.ts';
import { findCollection } from './collection.ts';
import { relate } from './related.ts';
import { fromClause, joinTo, newScope, pathWithin, unknownColumn, type Scope, type Statement } from './scope.ts';

type Lambda = Extract<Condition, { kind: 'any' | 'all' }>;

/**
 * `any` as a list of ids, which both engines turn around: the inner index first, then the rows. `all` says that there is
 * no row for which the condition fails; of nothing, all is true.
 * @param inside turns the condition on a row of the collection into SQL
 */
export function lambdaSql(
  statement: Statement,
  start: Scope,
  lambda: Lambda,
  inside: (statement: Statement, scope: Scope, condition: Condition) => RawBuilder<boolean>,
): RawBuilder<boolean> {
  const path = pathWithin(start, lambda.path);
  const name = path.at(-1) ?? '';
  const scope = path.slice(0, -1).reduce((outer, segment) => joinTo(statement, outer, segment), start);
  const collection = findCollection(scope.table, name);
  if (collection === undefined) throw unknownColumn(scope.table, name);
  const { access, caller, model } = statement.session;
  const target = tableOf(model, collection.navigation.target);
  access.demand(caller, 'read', target);
  const inner = newScope(statement, target, lambda.variable);
  const of = lambda.of === undefined ? undefined : inside(statement, inner, lambda.of);
  const { parent, join, conditions } = relate(statement, scope.table, inner, collection);
  const parts = [
    within(statement.session.engine, at(inner.alias, target.key)),
    sql<boolean>`${parent} is not null`,
    ...conditions,
    access.readable(caller, target, inner.alias),
    of !== undefined && lambda.kind === 'all' ? sql<boolean>`not coalesce(${of}, false)` : of,
  ].filter((part) => part !== undefined);
  const ids = sql`select ${parent} ${fromClause(statement, inner)}${join} where ${sql.join(parts, sql` and `)}`;
  const key = at(scope.alias, scope.table.key);
  return lambda.kind === 'any'
    ? sql<boolean>`${key} in (${ids})`
    : sql<boolean>`(${key} is null or ${key} not in (${ids}))`;
}
