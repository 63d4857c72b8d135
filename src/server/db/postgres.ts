import type { Writable } from 'node:stream';
import {
  Kysely,
  PostgresDialect,
  PostgresDriver,
  type Driver,
  type PostgresCursor,
  type PostgresDialectConfig,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import pg from 'pg';
import { preparedName } from './prepared.ts';
import { release } from './release.ts';

const INT8 = 20;
const NUMERIC = 1700;

/** Counts and row versions stay far below 2^53: numbers, as SQLite gives them, instead of the driver's strings. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary'): unknown =>
    oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/**
 * Seconds for which a transaction may be open with nothing asked of it. A process that is stopped in the middle of one keeps
 * its locks, and PostgreSQL takes it for alive: it is ended well before those who wait for its locks run into their own limit.
 */
const IDLE_SECONDS = 10;

/** A connection keeps the plans of its prepared statements, however much there is by now of what was little when they were made. */
const LIFETIME_SECONDS = 300;

/** Runs until `statementSeconds` at most per statement, so that one query cannot hold a connection for ever. */
export function openPool(url: string, statementSeconds: number, idleSeconds = IDLE_SECONDS): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: 10,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    // What is asked in one breath is sent in one, and answered in its order.
    pipeline: true,
    connectionTimeoutMillis: 8000,
    statement_timeout: statementSeconds * 1000,
    idle_in_transaction_session_timeout: idleSeconds * 1000,
    application_name: 'alongside',
  });
  // A connection that the server closed is replaced at the next use. Without a listener it would end the process: one for
  // those that are idle, one for those between two statements of a transaction, whose next statement fails anyway.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    releaseSent(client.connection.stream);
  });
  return pool;
}

/** The driver makes a new message of every statement and its values: of a megabyte of them, one of a megabyte. */
function releaseSent(stream: Writable): void {
  const write = stream.write.bind(stream);
  stream.write = (message: Uint8Array, ...given: (BufferEncoding | Sent | undefined)[]) =>
    write(message, (error) => {
      if (error == null) release(message);
      for (const told of given) if (typeof told === 'function') told(error);
    });
}

type Sent = (error: Error | null | undefined) => void;

/** A transaction begins together with its first statement: BEGIN fails only with its connection, and so does what follows. */
class PipelinedPostgresDriver extends PostgresDriver {
  override beginTransaction(...given: Parameters<PostgresDriver['beginTransaction']>): Promise<void> {
    super.beginTransaction(...given).catch(() => undefined);
    return Promise.resolve();
  }
}

class PipelinedPostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new PipelinedPostgresDriver(this.#config);
  }
}

export function kyselyOverPostgres(pool: pg.Pool): Kysely<object> {
  return new Kysely<object>({ dialect: new PipelinedPostgresDialect({ pool: sending(pool) }) });
}

/** The pool as Kysely wants it, with `SendingClient`s. */
function sending(pool: pg.Pool): PostgresPool {
  const known = new WeakMap<pg.PoolClient, SendingClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const sender = known.get(client) ?? new SendingClient(client);
      known.set(client, sender);
      return sender;
    },
  };
}

/**
 * Names the statements that are to stay prepared, and writes what is asked in one breath as one packet: PostgreSQL is woken once
 * instead of for each statement.
 */
class SendingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(text: string | PostgresCursor<R>, values: readonly unknown[] = []): unknown {
    if (typeof text !== 'string') throw new Error('A connection that sends statements in advance streams none.');
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
    return this.#client.query({ text, name: preparedName(text), values: [...values] });
  }

  release(destroy?: boolean): void {
    this.#client.release(destroy);
  }
}
