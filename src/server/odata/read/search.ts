import { sql, type RawBuilder } from 'kysely';
import { identifier } from '../identifier.ts';
import type { Search, Statement } from './scope.ts';

export function searchSql({ index, column, pattern }: Search): RawBuilder<unknown> {
  return sql`from ${identifier(index)} where ${identifier(column)} like ${pattern}`;
}

/** Measured with 100,000 names: collecting this many by trigrams takes about as long as walking through all of them. */
const FEW = 2_000;

/**
 * The patterns of a statement that are found so often that SQLite does better without its trigram index: walking in the
 * asked order, the first page is full soon. (`com` in a hundred thousand addresses took 370 ms through the index, and
 * everybody else waits meanwhile.) PostgreSQL knows by its own statistics.
 */
export async function findCommon({ session, searches }: Statement): Promise<Set<string>> {
  const common = new Set<string>();
  for (const search of searches) {
    const some = sql<{
      n: number;
    }>`select count(*) as n from (select 1 ${searchSql(search)} limit ${FEW + 1}) as found`;
    const { rows } = await some.execute(session.queries);
    if (Number(rows[0]?.n) > FEW) common.add(search.pattern);
  }
  return common;
}
