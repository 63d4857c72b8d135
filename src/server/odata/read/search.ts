import { sql } from 'kysely';
import { limit } from '../../db/engine.ts';
import { identifier } from '../identifier.ts';
import { MANY, searchKey, type Hits, type Statement } from './scope.ts';

/**
 * Measured with 100,000 names: a hit costs 0.1 µs in the trigram index and 0.5 µs when its row is read, a step along the
 * index of the asked order 0.05 µs. So with more hits than these, walking until a page of 50 is full is no slower.
 */
const FEW = 2_000;

/**
 * Asks SQLite's trigram index for every text that the statement looks for inside a column: one walk through the index,
 * whose row numbers the statement is then built with. It finds too much (the trigrams in another order, or in another
 * column), so the statement compares as well. What is found too often is better looked for without it: walking in the
 * asked order, the first page is full soon. (`com` in a hundred thousand addresses took 370 ms through the index, and
 * everybody else waits meanwhile.) PostgreSQL knows by its own statistics.
 */
export async function findHits({ session, searches }: Statement): Promise<Hits> {
  const hits = new Map<string, string>();
  for (const search of searches) {
    const index = identifier(`${search.table}_fts`);
    const wanted = search.trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
    const found = sql<{ n: number; hits: string }>`select count(*) as n, json_group_array(rowno) as hits
      from (select rowid as rowno from ${index} where ${index} match ${wanted}${limit(FEW + 1)})`;
    const { rows } = await found.execute(session.queries);
    for (const row of rows) hits.set(searchKey(search), row.n > FEW ? MANY : row.hits);
  }
  return hits;
}
