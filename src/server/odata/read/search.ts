import { sql } from 'kysely';
import { identifier } from '../identifier.ts';
import { searchKey, type Hits, type Statement } from './scope.ts';

/** Measured with 100,000 names: collecting this many by trigrams takes about as long as walking through all of them. */
const FEW = 2_000;

/**
 * Asks SQLite's trigram index for every text that the statement looks for inside a column: one walk through the index,
 * whose row numbers the statement is then built with. What is found too often is better looked for without it: walking in
 * the asked order, the first page is full soon. (`com` in a hundred thousand addresses took 370 ms through the index, and
 * everybody else waits meanwhile.) PostgreSQL knows by its own statistics.
 */
export async function findHits({ session, searches }: Statement): Promise<Hits> {
  const hits = new Map<string, readonly number[] | 'many'>();
  for (const search of searches) {
    const { index, column, pattern } = search;
    const { rows } = await sql<{
      rowno: number;
    }>`select rowid as rowno from ${identifier(index)} where ${identifier(column)} like ${pattern} limit ${FEW + 1}`.execute(
      session.queries,
    );
    hits.set(searchKey(search), rows.length > FEW ? 'many' : rows.map(({ rowno }) => rowno));
  }
  return hits;
}
