import { sql } from 'kysely';
import { limit, type Engine } from '../../db/engine.ts';
import { identifier } from '../../odata/identifier.ts';
import type { Model, Table } from '../../odata/metadata.ts';
import type { Access, Standing } from '../../odata/session.ts';
import { reachCondition } from './reach.ts';
import { parentsOf } from './rights.ts';

/** Sorting this many rows takes about as long as walking along an index until a page is full. */
const FEW = 2_000;

/**
 * Counts, on SQLite, the rows that a caller reaches: once per table for as long as the caller's standing is kept. Parts of
 * rows have no owner to be found by.
 */
export function createCount(engine: Engine, model: () => Model): Access['isFew'] {
  const counted = new WeakMap<Standing, Map<string, boolean>>();
  return async ({ caller: { standing }, queries }, table) => {
    if (engine !== 'sqlite' || parentsOf(model(), table).length > 0) return false;
    const known = counted.get(standing) ?? new Map<string, boolean>();
    counted.set(standing, known);
    const before = known.get(table.name);
    if (before !== undefined) return before;
    const condition = reachCondition({ engine, model: model(), standing, use: 'find' }, 'read', table, 't0');
    const few = condition !== undefined && (await count(queries, table, condition)) <= FEW;
    known.set(table.name, few);
    return few;
  };
}

async function count(
  queries: Parameters<Access['isFew']>[0]['queries'],
  table: Table,
  condition: NonNullable<ReturnType<typeof reachCondition>>,
): Promise<number> {
  const some = sql`select 1 from ${identifier(table.name)} as t0 where ${condition}${limit(FEW + 1)}`;
  const { rows } = await sql<{ n: number }>`select count(*) as n from (${some})`.execute(queries);
  return Number(rows[0]?.n ?? 0);
}
