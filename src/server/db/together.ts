import type { QueryResult, RawBuilder } from 'kysely';
import type { Engine, Queries } from './engine.ts';

/**
 * Runs statements in this order, those that write inside a transaction only. PostgreSQL is sent all of them at once and answers
 * in turn: one way there and back, however many they are. What follows a failure has no effect, so the first failure is told.
 */
export function runTogether(
  queries: Queries,
  engine: Engine,
  statements: readonly RawBuilder<unknown>[],
): Promise<readonly QueryResult<unknown>[]> {
  const compiled = statements.map((statement) => statement.compile(queries));
  return queries.getExecutor().provideConnection(async (connection) => {
    if (engine === 'postgres') {
      const ends = await Promise.allSettled(compiled.map((query) => connection.executeQuery(query)));
      return ends.map((end) => {
        if (end.status === 'rejected') throw end.reason;
        return end.value;
      });
    }
    // A full disk makes SQLite roll back by itself: what came after it would be a transaction of its own.
    const results: QueryResult<unknown>[] = [];
    for (const query of compiled) results.push(await connection.executeQuery(query));
    return results;
  });
}
