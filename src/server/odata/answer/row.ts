import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import type { Segment } from '../parse/address.ts';
import { allow, type Ask } from './ask.ts';
import { answerCollection, answerLookup } from './navigation.ts';
import { callOperation } from './operation.ts';
import { answerProperty } from './property.ts';
import { readOne } from './read-row.ts';
import { remove, update } from './write-row.ts';

/** One row, and what hangs on it. */
export function answerRow(ask: Ask, table: Table, id: string, [next, ...rest]: Segment[]): Promise<ApiResponse> {
  if (next === undefined) {
    return allow(ask, {
      GET: () => readOne(ask, table, id),
      PATCH: () => update(ask, table, id),
      DELETE: () => remove(ask, table, id),
    });
  }
  if (next.name.includes('.')) return callOperation(ask, next, { table, id });
  if (table.collections.has(next.name)) return answerCollection(ask, table, id, next.name, rest);
  if (table.single.has(next.name)) return answerLookup(ask, table, id, next.name, rest);
  return answerProperty(ask, table, id, next.name, rest);
}
