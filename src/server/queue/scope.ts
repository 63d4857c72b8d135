import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';
import type { Database } from '../db/open.ts';
import type { Clock } from './clock.ts';
import { withLedger, type LedgerTables } from './tables.ts';

/** Where a statement of the ledger runs, the database itself or one transaction, and what time it is there. */
export interface Scope {
  readonly tables: Kysely<LedgerTables>;
  readonly engine: Engine;
  readonly now: () => RawBuilder<number>;
}

export function scopeOf(database: Database, clock: Clock): Scope {
  return { tables: withLedger(database.db), engine: database.engine, now: () => clock.now() };
}

/** Any constant, the same in all processes on one PostgreSQL. */
const ledgerLock = 7_204_411;

/**
 * Runs `work` as the only writer of lanes and events. The lock is what makes two inserts into one lane agree on who is its
 * head, and cursors visible in their order. It is held once for a whole group commit, not once for a row.
 */
export function asWriter<Answer>(
  database: Database,
  clock: Clock,
  work: (scope: Scope) => Promise<Answer>,
): Promise<Answer> {
  return database.transaction(async (trx) => {
    if (database.engine === 'postgres') await sql`select pg_advisory_xact_lock(${ledgerLock})`.execute(trx);
    return work({ tables: withLedger(trx), engine: database.engine, now: () => clock.now() });
  });
}
