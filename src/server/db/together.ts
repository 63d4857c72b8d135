import { CompiledQuery, type Kysely, type QueryResult, type RawBuilder } from 'kysely';
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
  if (engine === 'postgres') return sendTogether(queries, compiled);
  return queries.getExecutor().provideConnection(async (connection) => {
    // A full disk makes SQLite roll back by itself: what came after it would be a transaction of its own.
    const results: QueryResult<unknown>[] = [];
    for (const query of compiled) results.push(await connection.executeQuery(query));
    return results;
  });
}

const begin = CompiledQuery.raw('begin');
const commit = CompiledQuery.raw('commit');

/** A whole transaction of PostgreSQL in one way there and back. After a failure its COMMIT rolls back. */
export async function commitTogether(
  db: Kysely<object>,
  statements: readonly RawBuilder<unknown>[],
): Promise<readonly QueryResult<unknown>[]> {
  const compiled = statements.map((statement) => statement.compile(db));
  const results = await sendTogether(db, [begin, ...compiled, commit]);
  return results.slice(1, -1);
}

function sendTogether(queries: Queries, all: readonly CompiledQuery[]): Promise<readonly QueryResult<unknown>[]> {
  return queries.getExecutor().provideConnection(async (connection) => {
    const ends = await Promise.allSettled(all.map((query) => connection.executeQuery(query)));
    return ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
  });
}
