import { notFound, type Segment } from '../parse/address.ts';
import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { allow, type Ask } from './ask.ts';
import { count, list } from './list.ts';
import { callOperation } from './operation.ts';
import { create } from './write-row.ts';

/** `contacts`, `contacts/$count`, and messages that are bound to the set. */
export function answerSet(ask: Ask, table: Table, [next, ...rest]: Segment[]): Promise<ApiResponse> {
  if (next === undefined)
    return allow(ask, { GET: () => list(ask, table, table.setName), POST: () => create(ask, table) });
  if (next.name.includes('.') && rest.length === 0) return callOperation(ask, next, { table });
  if (next.name === '$count' && rest.length === 0) return allow(ask, { GET: () => count(ask, table) });
  throw notFound(next.name);
}
