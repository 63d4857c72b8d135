import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { identifier } from '../identifier.ts';
import type { Access } from '../session.ts';
import type { Search, Statement } from './scope.ts';

/**
 * Measured with 100,000 names: a hit costs 0.1 µs in the trigram index and 0.5 µs when its row is read, a step along the
 * index of the asked order 0.05 µs. So with more hits than these, walking until a page of 50 is full is no slower.
 */
const FEW = 2_000;
/** How often a text is found is believed for so long, and of so many texts: it decides how rows are found, never which. */
const BELIEVED_MS = 60_000;
const BELIEVED_TEXTS = 1_000;

/** Per server: search, as `keyOf` names it -> whether the index finds few rows. */
const counts = new WeakMap<Access, Map<string, { few: boolean; until: number }>>();

/**
 * The row numbers that SQLite's trigram index finds, as a subquery. It finds too much (the trigrams in another order, or in
 * another column), so the statement compares as well. `undefined` where that is of no use: what is found too often is better
 * looked for without it, because walking in the asked order, the first page is full soon. (`com` in a hundred thousand
 * addresses took 370 ms through the index, and everybody else waits meanwhile.) PostgreSQL knows by its own statistics.
 */
export function rowsFound(statement: Statement, search: Search): RawBuilder<unknown> | undefined {
  const known = countsOf(statement).get(keyOf(search));
  if (known === undefined || known.until < statement.session.now().getTime()) statement.uncounted.push(search);
  return known?.few === true ? found(search) : undefined;
}

/** Counts what `rowsFound` did not know; the statement is then to be built anew. */
export async function countFound(statement: Statement): Promise<void> {
  const { session, uncounted } = statement;
  const known = countsOf(statement);
  for (const search of uncounted) {
    const some = sql<{ n: number }>`select count(*) as n from (${found(search)}${limit(FEW + 1)})`;
    const { rows } = await some.execute(session.queries);
    if (known.size >= BELIEVED_TEXTS) known.clear();
    const until = session.now().getTime() + BELIEVED_MS;
    known.set(keyOf(search), { few: Number(rows[0]?.n) <= FEW, until });
  }
}

function found({ table, trigrams }: Search): RawBuilder<unknown> {
  const index = identifier(`${table}_fts`);
  const wanted = trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
  return sql`select rowid from ${index} where ${index} match ${wanted}`;
}

function countsOf({ session: { access } }: Statement): Map<string, { few: boolean; until: number }> {
  const known = counts.get(access) ?? new Map<string, { few: boolean; until: number }>();
  counts.set(access, known);
  return known;
}

function keyOf({ table, trigrams }: Search): string {
  return JSON.stringify([table, trigrams]);
}
