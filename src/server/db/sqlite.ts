import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type Driver,
  type SqliteDialectConfig,
  type SqliteStatement,
} from 'kysely';
import { fold } from './fold.ts';
import { dayIn } from './time-zone.ts';
import { registerWithin, type StatementClock } from './time-limit.ts';

/**
 * Up to this many columns a row is read as an array and made an object here, which takes two thirds of the time node:sqlite
 * takes to fill its objects without a prototype. Wider objects are filled faster there.
 */
const NARROW = 12;

/** Preparing costs about as much as running: the statements of a working day fit in this many. */
const KEPT_STATEMENTS = 500;

/** Kysely leaves DDL outside transactions on SQLite; SQLite itself rolls it back, and half a migration helps nobody. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** A full disk makes SQLite roll back by itself; asked for it once more, it would complain of that instead of the disk. */
class NodeSqliteDriver extends SqliteDriver {
  readonly #raw: DatabaseSync;

  constructor(config: SqliteDialectConfig, raw: DatabaseSync) {
    super(config);
    this.#raw = raw;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#raw.isTransaction) await super.rollbackTransaction(connection);
  }
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #driver: () => Driver;

  constructor(raw: DatabaseSync, clock: StatementClock) {
    const config = { database: { close: () => raw.close(), prepare: keepStatements(raw, clock) } };
    super(config);
    this.#driver = () => new NodeSqliteDriver(config, raw);
  }

  override createDriver(): Driver {
    return this.#driver();
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }
}

export function openSqlite(file: string, clock: StatementClock): DatabaseSync {
  const raw = new DatabaseSync(file, { timeout: 5000 });
  raw.function('crm_fold', { deterministic: true }, (text) => {
    clock.tick();
    return typeof text === 'string' ? fold(text) : null;
  });
  raw.function('crm_day', { deterministic: true }, (text, zone) => {
    clock.tick();
    return typeof text === 'string' ? dayIn(text, String(zone)) : null;
  });
  raw.aggregate<Uint8Array<ArrayBuffer>>('crm_join', {
    start: () => new Uint8Array(),
    step: (joined, piece) => (piece instanceof Uint8Array ? append(joined, piece) : joined),
    result: (joined) => (joined.length === 0 ? null : joined),
  });
  registerWithin(raw, clock);
  return raw;
}

/** Most of the time there is room behind what is joined so far. */
function append({ buffer, length }: Uint8Array<ArrayBuffer>, piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const needed = length + piece.length;
  const joined = new Uint8Array(needed <= buffer.byteLength ? buffer : buffer.transfer(2 * needed), 0, needed);
  joined.set(piece, length);
  return joined;
}

/** Durable before the answer: a commit that was reported survives a power cut. */
export function makeDurable(raw: DatabaseSync): void {
  raw.exec('pragma journal_mode = wal');
  raw.exec('pragma synchronous = full');
  raw.exec('pragma foreign_keys = on');
  raw.exec('pragma cache_size = -16000');
  raw.exec('pragma temp_store = memory');
}

export function kyselyOverSqlite(raw: DatabaseSync, clock: StatementClock): Kysely<object> {
  return new Kysely<object>({ dialect: new NodeSqliteDialect(raw, clock) });
}

/** The shape in which Kysely's SQLite driver wants statements; the least recently used are forgotten. */
function keepStatements(raw: DatabaseSync, clock: StatementClock): (sql: string) => SqliteStatement {
  const kept = new Map<string, SqliteStatement>();
  return (sql) => {
    const statement = kept.get(sql) ?? wrap(raw.prepare(sql), clock);
    kept.delete(sql);
    kept.set(sql, statement);
    const oldest = kept.size > KEPT_STATEMENTS ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    return statement;
  };
}

function wrap(statement: StatementSync, clock: StatementClock): SqliteStatement {
  const bind = (values: readonly unknown[]): SQLInputValue[] => {
    clock.start();
    return values.map(toSqlite);
  };
  const names = statement.columns().map(({ name }) => name);
  const narrow = names.length <= NARROW;
  if (narrow) statement.setReturnArrays(true);
  const read = (row: unknown) => (narrow ? nameCells(row, names) : row);
  return {
    reader: names.length > 0,
    all: (values) => (narrow ? statement.all(...bind(values)).map(read) : statement.all(...bind(values))),
    run: (values) => statement.run(...bind(values)),
    *iterate(values) {
      for (const row of statement.iterate(...bind(values))) yield read(row);
    },
  };
}

/** The names are those of a statement, never from outside, so they may be keys of an object. */
function nameCells(cells: unknown, names: readonly string[]): unknown {
  if (!Array.isArray(cells)) throw new TypeError('node:sqlite was asked for arrays');
  const row: Record<string, unknown> = {};
  for (let at = 0; at < names.length; at += 1) row[names[at] ?? ''] = cells[at];
  return row;
}

function toSqlite(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`SQLite stores no ${typeof value}`);
}
