import {
  Kysely,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
} from 'kysely';
import type { Database } from '../../src/server/db/open.ts';
import type { Program } from './program.ts';

/**
 * The database as one program sees it over its own connection: a statement, or a whole transaction, is one event. A program
 * killed before it has changed nothing; one killed after it has committed and never hears so. The SQL is run by the product's
 * own database, which all programs of a run share.
 */
export function connect(program: Program, shared: Database): Database {
  const db = new Kysely<object>({ dialect: dialectOver(program, shared) });
  return {
    db,
    engine: shared.engine,
    transaction: (work) => program.call('transaction', usual, () => shared.transaction(work)),
    commit: (statements) => program.call('transaction', usual, () => shared.commit(statements)),
    close: () => db.destroy(),
  };
}

/** Milliseconds of a statement or transaction with its commit. */
const usual = 3;

function dialectOver(program: Program, shared: Database): Dialect {
  const connection: DatabaseConnection = {
    executeQuery: <Row>(query: CompiledQuery) =>
      program.call(`statement ${query.sql.slice(0, 60)}`, usual, () =>
        shared.db.executeQuery<Row>(query as CompiledQuery<Row>),
      ),
    // eslint-disable-next-line require-yield
    async *streamQuery() {
      throw new Error('The ledger streams nothing.');
    },
  };
  const outside = async (): Promise<void> => {
    throw new Error('Transactions begin with Database.transaction.');
  };
  const driver: Driver = {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: outside,
    commitTransaction: outside,
    rollbackTransaction: outside,
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  };
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** One migrated database for all runs of a process; emptied between them, which takes less than a millisecond. */
export async function empty(shared: Database): Promise<void> {
  await shared.transaction(async (trx) => {
    const { rows } = await sql<{ name: string }>`
      select name from sqlite_schema where type = 'table' and name like 'ledger\\_%' escape '\\'`.execute(trx);
    for (const { name } of rows) await sql`delete from ${sql.table(name)}`.execute(trx);
    await sql`delete from sqlite_sequence`.execute(trx);
  });
}
