import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Kysely, QueryResult, RawBuilder, Transaction } from 'kysely';
import type pg from 'pg';
import type { Engine } from './engine.ts';
import { DatabaseError } from './errors.ts';
import { bringUpToDate } from './migrate.ts';
import { ownDirectory } from './owner-lock.ts';
import { kyselyOverPostgres, openPool } from './postgres.ts';
import { repeatClashes } from './repeat.ts';
import { kyselyOverSqlite, makeDurable, openSqlite } from './sqlite.ts';
import { createStatementClock } from './time-limit.ts';
import { commitTogether, runTogether } from './together.ts';

export interface Database {
  readonly db: Kysely<object>;
  readonly engine: Engine;
  /**
   * Runs `work` in one transaction: all of it is durable when the promise resolves, none of it when it rejects. A clash
   * with another writer is repeated up to five times, so `work` must have no effect outside the database.
   * Inside, use only the transaction: SQLite has one connection, and waiting for `db` in there waits for ever. Do not
   * wait for a network either; every other query of the process waits with you.
   */
  transaction<T>(work: (trx: Transaction<object>) => Promise<T>): Promise<T>;
  /**
   * The same for statements between which nothing is to be decided: PostgreSQL is sent the whole transaction at once, with its
   * COMMIT, and holds its locks for no way there and back.
   */
  commit(statements: readonly RawBuilder<unknown>[]): Promise<readonly QueryResult<unknown>[]>;
  close(): Promise<void>;
}

/** An SQLite file (`:memory:` for a database that lives as long as its process), or the URL of a PostgreSQL. */
export type DatabaseLocation = { file: string } | { url: string };

/** How long one statement may run; what takes longer fails with an error that `isTimeout` knows. */
export interface StatementLimits {
  seconds?: number | undefined;
  /** Milliseconds that only grow. */
  clock?: (() => number) | undefined;
  /** PostgreSQL: how long a transaction may be open with nothing asked of it. */
  idleSeconds?: number | undefined;
}

/** SQLite works in this process: while it does, nobody else is answered. PostgreSQL keeps one connection of ten busy. */
const SQLITE_SECONDS = 5;
const POSTGRES_SECONDS = 30;

/**
 * Opens a database and brings its schema up to date.
 * @throws {DatabaseError} with a sentence for people: in use, newer than this program, unreadable, unreachable.
 */
export function openDatabase(location: DatabaseLocation, limits: StatementLimits = {}): Promise<Database> {
  return 'url' in location ? openPostgresDatabase(location.url, limits) : openSqliteDatabase(location.file, limits);
}

async function openSqliteDatabase(file: string, limits: StatementLimits): Promise<Database> {
  const owner = file === ':memory:' ? undefined : ownDirectory(dirname(file));
  let raw: DatabaseSync | undefined;
  try {
    const clock = createStatementClock(limits.clock ?? (() => performance.now()));
    raw = openSqlite(file, clock);
    raw.prepare('select count(*) from sqlite_schema').get();
    const db = kyselyOverSqlite(raw, clock);
    await bringUpToDate(db, 'sqlite', file);
    makeDurable(raw);
    clock.limit(limits.seconds ?? SQLITE_SECONDS);
    const close = async () => {
      await db.destroy();
      if (raw?.isOpen) raw.close();
      owner?.release();
    };
    const transaction = repeating(db);
    const commit: Database['commit'] = (statements) => transaction((trx) => runTogether(trx, 'sqlite', statements));
    return { db, engine: 'sqlite', close, transaction, commit };
  } catch (error) {
    if (raw?.isOpen) raw.close();
    owner?.release();
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError('unreadable', `${file} cannot be opened as a database: ${messageOf(error)}`, error);
  }
}

async function openPostgresDatabase(url: string, limits: StatementLimits): Promise<Database> {
  const pool = openPool(url, limits.seconds ?? POSTGRES_SECONDS, limits.idleSeconds);
  const db = kyselyOverPostgres(pool);
  try {
    await greet(pool, url);
    await bringUpToDate(db, 'postgres', 'The PostgreSQL database');
    const commit: Database['commit'] = (statements) => repeatClashes(() => commitTogether(db, statements));
    return { db, engine: 'postgres', close: () => db.destroy(), transaction: repeating(db), commit };
  } catch (error) {
    await db.destroy();
    if (!pool.ended) await pool.end();
    throw error;
  }
}

async function greet(pool: pg.Pool, url: string): Promise<void> {
  try {
    await pool.query('select 1');
  } catch (error) {
    const host = URL.canParse(url) ? new URL(url).host || 'the local socket' : 'the address in DATABASE_URL';
    throw new DatabaseError('unreachable', `PostgreSQL at ${host} does not answer: ${messageOf(error)}`, error);
  }
}

function repeating(db: Kysely<object>): Database['transaction'] {
  return (work) => repeatClashes(() => db.transaction().execute(work));
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
