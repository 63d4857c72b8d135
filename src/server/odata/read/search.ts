import { sql, type RawBuilder } from 'kysely';
import { limit, type Engine } from '../../db/engine.ts';
import { at, identifier } from '../identifier.ts';
import type { Access } from '../session.ts';
import { asLike, trigramsOf } from './pattern.ts';
import type { Scope, Search, Statement } from './scope.ts';

/**
 * With more hits than these, walking along the index of the asked order until a page of 50 is full is no slower. Measured with
 * 100,000 names: on SQLite a hit costs 2.5 µs with its row and a step of the walk 0.15 µs, on PostgreSQL 2 and 0.6 µs. Names come
 * in clusters, so a walk is often longer than the share of hits promises: in doubt the hits, whose cost is known.
 */
const FEW = { sqlite: 1_000, postgres: 2_000 };
/** How often a text is found is believed for so long, and of so many texts: it decides how rows are found, never which. */
const BELIEVED_MS = 60_000;
const BELIEVED_TEXTS = 1_000;

/** Per server: search, as `keyOf` names it -> whether the index finds few rows. */
const counts = new WeakMap<Access, Map<string, { few: boolean; until: number }>>();

/**
 * That a row is among those that the trigram index finds. SQLite's finds too much (the trigrams in another order, or in another
 * column), so the statement compares as well. `undefined` where that is of no use: what is found too often is better looked for
 * without it, because walking in the asked order, the first page is full soon. (`com` in a hundred thousand addresses took
 * 370 ms through the index, and everybody else waits meanwhile.) PostgreSQL would choose by statistics, which say nothing of
 * rare texts: it walked the whole order, 90 ms, for 64 rows. Of an array it knows nothing, and takes it for short, as it is.
 */
export function amongFound(statement: Statement, scope: Scope, search: Search): RawBuilder<boolean> | undefined {
  const known = countsOf(statement).get(keyOf(search));
  if (known === undefined || known.until < statement.session.now().getTime()) statement.uncounted.push(search);
  if (known?.few !== true) return undefined;
  const { engine } = statement.session;
  return engine === 'postgres'
    ? sql<boolean>`${at(scope.alias, 'ctid')} = any(array(${found(engine, search)}))`
    : sql<boolean>`${at(scope.alias, 'rowno')} in (${found(engine, search)})`;
}

/** Counts what `amongFound` did not know; the statement is then to be built anew. */
export async function countFound(statement: Statement): Promise<void> {
  const { session, uncounted } = statement;
  const known = countsOf(statement);
  const few = FEW[session.engine];
  for (const search of uncounted) {
    const some = sql<{
      n: number;
    }>`select count(*) as n from (${found(session.engine, search)}${limit(few + 1)}) as found`;
    const { rows } = await some.execute(session.queries);
    if (known.size >= BELIEVED_TEXTS) known.clear();
    const until = session.now().getTime() + BELIEVED_MS;
    known.set(keyOf(search), { few: Number(rows[0]?.n) <= few, until });
  }
}

/** Where the rows are that may match, in the engine's own terms. */
function found(engine: Engine, { table, column, pattern }: Search): RawBuilder<unknown> {
  if (engine === 'postgres')
    return sql`select ctid from ${identifier(table)} where ${identifier(column)} like ${asLike(pattern)} escape ${'\\'}`;
  const index = identifier(`${table}_fts`);
  const wanted = trigramsOf(pattern).map((trigram) => `"${trigram.replaceAll('"', '""')}"`);
  return sql`select rowid from ${index} where ${index} match ${wanted.join(' AND ')}`;
}

function countsOf({ session: { access } }: Statement): Map<string, { few: boolean; until: number }> {
  const known = counts.get(access) ?? new Map<string, { few: boolean; until: number }>();
  counts.set(access, known);
  return known;
}

function keyOf({ table, column, pattern }: Search): string {
  return JSON.stringify([table, column, asLike(pattern)]);
}
