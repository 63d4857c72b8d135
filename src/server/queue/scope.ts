import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';
import type { Database } from '../db/open.ts';
import { prepared } from '../db/prepared.ts';
import { runTogether } from '../db/together.ts';
import type { Clock } from './clock.ts';
import { withLedger, type LedgerTables } from './tables.ts';
import { asOne, oneByOne, type Write } from './write.ts';

/** Where a statement of the ledger runs that stands by itself, and what time it is there. */
export interface Scope {
  readonly tables: Kysely<LedgerTables>;
  readonly engine: Engine;
  readonly now: () => RawBuilder<number>;
}

/** The one who writes lanes and events just now, in a transaction. */
export interface Writer extends Omit<Scope, 'tables'> {
  /** Runs a statement, after those before. */
  readonly run: <Row>(statement: RawBuilder<Row>) => Promise<readonly Row[]>;
  /** The same for a statement whose answer nobody needs: it goes along with the next that is run, or before the commit. */
  readonly ahead: (statement: RawBuilder<unknown>) => void;
  /** @returns the rows that were changed */
  readonly write: (write: Write) => Promise<readonly unknown[]>;
}

export function scopeOf(database: Database, clock: Clock): Scope {
  return { tables: withLedger(database.db), engine: database.engine, now: () => clock.now() };
}

/** Any constant, the same in all processes on one PostgreSQL. */
const ledgerLock = 7_204_411;

/**
 * Every row of the ledger is found by an index, and no statement is worth compiling. What PostgreSQL knows of how many there are is minutes old:
 * of a backlog that has just come it would read all, for each Change anew.
 */
const notWanted = ['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'];
const becomeWriter = prepared(sql`select pg_advisory_xact_lock(${sql.lit(ledgerLock)}),
  set_config('plan_cache_mode', 'force_generic_plan', true),
  ${sql.join(notWanted.map((name) => sql`set_config(${sql.lit(name)}, 'off', true)`))}`);

/**
 * Runs `work` as the only writer of lanes and events. The lock is what makes two inserts into one lane agree on who is its
 * head, and cursors visible in their order. It is held once for a whole group commit, not once for a row.
 */
export function asWriter<Answer>(
  database: Database,
  clock: Clock,
  work: (writer: Writer, scope: Scope) => Promise<Answer>,
): Promise<Answer> {
  const { engine } = database;
  return database.transaction(async (trx) => {
    const waiting = engine === 'postgres' ? [becomeWriter] : [];
    const scope: Scope = { tables: withLedger(trx), engine, now: () => clock.now() };
    const run = async <Row>(statement: RawBuilder<Row>): Promise<readonly Row[]> => {
      const results = await runTogether(trx, engine, [...waiting.splice(0), statement]);
      return (results.at(-1)?.rows ?? []) as Row[];
    };
    const writer: Writer = {
      engine,
      now: scope.now,
      run,
      ahead: (statement) => void waiting.push(statement),
      async write(write) {
        const rows = await (engine === 'postgres' ? run(asOne(write)) : oneByOne(engine, run, write));
        write.heard(rows);
        return rows;
      },
    };
    const answer = await work(writer, scope);
    await runTogether(trx, engine, waiting);
    return answer;
  });
}

/** Does these writes as the only writer, in their order and in one transaction; on PostgreSQL that is one way there and back. */
export async function writeAll(database: Database, clock: Clock, writes: readonly Write[]): Promise<void> {
  if (database.engine === 'sqlite')
    return asWriter(database, clock, async ({ write }) => {
      for (const one of writes) await write(one);
    });
  const [, ...results] = await database.commit([becomeWriter, ...writes.map(asOne)]);
  for (const [place, write] of writes.entries()) write.heard(results[place]?.rows ?? []);
}
