import { sql } from 'kysely';
import type { Engine, Queries } from '../../db/engine.ts';
import { keepStatement } from '../../db/kept-statement.ts';

/** The number that the next written row carries: larger than any before it. */
export async function nextVersion(queries: Queries, engine: Engine): Promise<number> {
  const [row] = await next.run(queries, engine);
  return Number(row?.value);
}

const next = keepStatement<{ value: number }>((_, engine) =>
  engine === 'postgres'
    ? sql`select crm_next_version() as value`
    : sql`update crm_version set value = value + 1 returning value`,
);

/** The numbers of the next rows, in their order. */
export async function nextVersions(queries: Queries, engine: Engine, rows: number): Promise<readonly number[]> {
  if (rows === 1) return [await nextVersion(queries, engine)];
  const found = await several.run(queries, engine, rows);
  if (engine === 'postgres') return found.map(({ value }) => Number(value));
  const last = Number(found[0]?.value);
  return Array.from({ length: rows }, (_, index) => last - rows + 1 + index);
}

const several = keepStatement<{ value: number }>(({ value }, engine) =>
  engine === 'postgres'
    ? sql`select crm_next_version() as value from generate_series(1, cast(${value(0)} as integer)) order by 1`
    : sql`update crm_version set value = value + ${value(0)} returning value`,
);

/** A point in the history of all tables. */
export interface Moment {
  /** Everything up to here is there to be read, and nothing will be added to it. */
  settled: number;
  /** The largest number given out; between the two some may still be written. */
  latest: number;
}

/**
 * Where a reader stands who must never miss a change.
 *
 * SQLite has one writer, so what is committed has all numbers up to the counter. On PostgreSQL a writer W locks a number
 * below all of its own before it takes them, and holds that lock until its changes can be seen (see crm_next_version). We
 * read first the sequence, L, then the smallest lock, M, and settle on min(L, M); rows are read after that. Let W have a
 * number v that the rows do not show. If W held its lock when we read the locks, then M < v. If W took its lock later, it
 * took v later still, after we had read L, so L < v. If W had let go of its lock, its changes could be seen before we read
 * the rows. So v is above what we settled on, and the next reading, which begins there, finds it. The three steps must be
 * three statements in this order: within one, PostgreSQL may look in any order, and rows as of its beginning.
 */
export async function readMoment(queries: Queries, engine: Engine): Promise<Moment> {
  if (engine === 'sqlite') {
    const { rows } = await sql<{ value: number }>`select value from crm_version`.execute(queries);
    const value = Number(rows[0]?.value ?? 0);
    return { settled: value, latest: value };
  }
  const { rows: given } = await sql<{
    value: number;
  }>`select case when is_called then last_value else 0 end as value from crm_version`.execute(queries);
  const latest = Number(given[0]?.value ?? 0);
  const { rows: held } = await sql<{ value: number | null }>`
    select min(((classid::bigint & 65535) << 32) | objid::bigint) as value from pg_locks
    where locktype = 'advisory' and objsubid = 1 and (classid::bigint >> 16) = 24940
      and database = (select oid from pg_database where datname = current_database())`.execute(queries);
  return { settled: Math.min(latest, held[0]?.value ?? latest), latest };
}
