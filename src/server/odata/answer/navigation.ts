import { sql } from 'kysely';
import { at } from '../identifier.ts';
import type { ApiResponse } from '../message.ts';
import { tableOf, type Table } from '../metadata.ts';
import { notFound, type Segment } from '../parse/address.ts';
import { belongsTo, isPolymorphic, type Scope } from '../read/scope.ts';
import { requireRow } from '../write/write.ts';
import { allow, type Ask } from './ask.ts';
import { list } from './list.ts';
import { readOne } from './read-row.ts';
import { answerReference } from './reference.ts';

export async function answerCollection(
  ask: Ask,
  table: Table,
  id: string,
  name: string,
  rest: Segment[],
): Promise<ApiResponse> {
  const navigation = table.collections.get(name);
  if (navigation === undefined) throw notFound(name);
  const { session } = ask.place;
  const target = tableOf(session.model, navigation.target);
  const among = (scope: Scope) => {
    const typed = belongsTo(table, scope, navigation);
    const own = sql<boolean>`${at(scope.alias, navigation.column)} = ${id}`;
    return typed === undefined ? own : sql<boolean>`(${own} and ${typed})`;
  };
  if (rest.length > 0) throw notFound(rest[0]?.name ?? '');
  return allow(ask, {
    GET: async () => {
      await requireRow(session, table, id);
      return list(ask, target, target.setName, among);
    },
  });
}

export async function answerLookup(
  ask: Ask,
  table: Table,
  id: string,
  name: string,
  rest: Segment[],
): Promise<ApiResponse> {
  const navigation = table.single.get(name);
  if (navigation === undefined) throw notFound(name);
  const target = tableOf(ask.place.session.model, navigation.target);
  if (rest.length === 1 && rest[0]?.name === '$ref') return answerReference(ask, table, id, navigation.column);
  if (rest.length > 0) throw notFound(rest[0]?.name ?? '');
  return allow(ask, {
    GET: async () => {
      const row = await requireRow(ask.place.session, table, id);
      const typed = isPolymorphic(table, navigation.column) && row[`${navigation.column}_type`] !== target.name;
      const to = typed ? null : row[navigation.column];
      return typeof to === 'string' ? readOne(ask, target, to) : { status: 204, headers: {} };
    },
  });
}
