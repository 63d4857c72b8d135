import { sql, type RawBuilder } from 'kysely';
import { at, identifier } from '../identifier.ts';
import type { CollectionNavigation, ManyNavigation, Table } from '../metadata.ts';
import { belongsTo, type Scope } from './scope.ts';

/** The rows behind a navigation: one to many, or many to many. */
export type Collection =
  { kind: 'children'; navigation: CollectionNavigation } | { kind: 'pairs'; navigation: ManyNavigation };

export function findCollection(table: Table, name: string): Collection | undefined {
  const children = table.collections.get(name);
  if (children !== undefined) return { kind: 'children', navigation: children };
  const pairs = table.many.get(name);
  return pairs === undefined ? undefined : { kind: 'pairs', navigation: pairs };
}

/** Which rows of the target belong to the collection of row `id` of `table`. */
export function amongRows(table: Table, id: string, collection: Collection): (scope: Scope) => RawBuilder<boolean> {
  return (scope) => {
    if (collection.kind === 'pairs') {
      const { intersect, near, far } = collection.navigation;
      return sql<boolean>`${at(scope.alias, scope.table.key)} in
        (select ${identifier(far)} from ${identifier(intersect)} where ${identifier(near)} = ${id})`;
    }
    const typed = belongsTo(table, scope, collection.navigation);
    const own = sql<boolean>`${at(scope.alias, collection.navigation.column)} = ${id}`;
    return typed === undefined ? own : sql<boolean>`(${own} and ${typed})`;
  };
}
