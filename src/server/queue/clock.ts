import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';

/** The time that decides in the ledger, as an expression of SQL: milliseconds since 1970. */
export interface Clock {
  now(): RawBuilder<number>;
}

/**
 * Several daemons share one PostgreSQL, and one of their clocks may jump: its time decides there. An SQLite file has one
 * process, whose own clock is as good as any.
 */
export function clockOf(engine: Engine, now: () => number): Clock {
  return engine === 'postgres' ? databaseClock : processClock(now);
}

/** A time from outside, on either engine: what tests and the simulator turn. */
export function processClock(now: () => number): Clock {
  return { now: () => sql<number>`cast(${now()} as bigint)` };
}

/** The time of the statement and not clock_timestamp(): a volatile function would keep the planner from every index. */
const databaseClock: Clock = {
  now: () => sql<number>`cast(extract(epoch from statement_timestamp()) * 1000 as bigint)`,
};
