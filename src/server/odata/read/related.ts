import { sql, type RawBuilder } from 'kysely';
import { at, identifier } from '../identifier.ts';
import type { Table } from '../metadata.ts';
import type { Collection } from './collection.ts';
import { belongsTo, type Scope, type Statement } from './scope.ts';

/** The rows of a collection beside the ids of the rows they belong to: for questions about many of those at once. */
export interface Related {
  /** The id of the row of the near table. */
  parent: RawBuilder<unknown>;
  /** Comes after the from clause of `child`. */
  join: RawBuilder<unknown>;
  conditions: RawBuilder<boolean>[];
}

/** @param of the near table @param child the far table, in the statement */
export function relate(statement: Statement, of: Table, child: Scope, collection: Collection): Related {
  if (collection.kind === 'pairs') {
    const { intersect, near, far } = collection.navigation;
    const pairs = statement.alias();
    const join = sql` join ${identifier(intersect)} as ${identifier(pairs)} on ${at(pairs, far)} = ${at(child.alias, child.table.key)}`;
    return { parent: at(pairs, near), join, conditions: [] };
  }
  const typed = belongsTo(of, child, collection.navigation);
  return {
    parent: at(child.alias, collection.navigation.column),
    join: sql``,
    conditions: typed === undefined ? [] : [typed],
  };
}
