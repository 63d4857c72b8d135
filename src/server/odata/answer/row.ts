import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import type { RowKey, Segment } from '../parse/address.ts';
import { findCollection } from '../read/collection.ts';
import { idOf } from '../write/alternate-key.ts';
import { allow, type Ask } from './ask.ts';
import { answerCollection } from './collection.ts';
import { answerLookup } from './navigation.ts';
import { callOperation } from './operation.ts';
import { answerProperty } from './property.ts';
import { readOne } from './read-row.ts';
import { remove, update } from './write-row.ts';

/** One row, and what hangs on it. */
export async function answerRow(ask: Ask, table: Table, key: RowKey, [next, ...rest]: Segment[]): Promise<ApiResponse> {
  const found = () => idOf(ask.place.session, table, key);
  if (next === undefined) {
    return allow(ask, {
      GET: async () => readOne(ask, table, await found()),
      PATCH: () => update(ask, table, key),
      DELETE: async () => remove(ask, table, await found()),
    });
  }
  const id = await found();
  if (next.name.includes('.')) return callOperation(ask, next, { table, id });
  const collection = findCollection(table, next.name);
  if (collection !== undefined) return answerCollection(ask, table, id, collection, next, rest);
  const lookup = table.single.get(next.name);
  if (lookup !== undefined) return answerLookup(ask, table, id, lookup, rest);
  return answerProperty(ask, table, id, next.name, rest);
}
