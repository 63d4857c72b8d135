import type { DatabaseSync } from 'node:sqlite';
import { sql, type RawBuilder } from 'kysely';
import type { Engine } from './engine.ts';
import { StatementTimeout } from './errors.ts';

/** How often the clock is read: a row costs at most what a filter of 32 KB can do with it, 200 microseconds. */
const ROWS = 64;

/**
 * node:sqlite runs a statement to its end while everybody else waits, and offers no way to interrupt it. So statements count
 * their rows through a function that looks at the clock now and then and ends the statement by throwing.
 * Measured over 100,000 rows: 0.1 microseconds per row; nothing that can be measured where an index finds the row.
 */
export interface StatementClock {
  /** From now on; before, statements run as long as they like: a step of the schema over a large table may. */
  limit(seconds: number): void;
  /** A statement begins. */
  start(): void;
  /** A step of it. @throws {StatementTimeout} */
  tick(): void;
}

export function createStatementClock(now: () => number): StatementClock {
  let milliseconds = Infinity;
  let steps = 0;
  let end = Infinity;
  return {
    limit(seconds) {
      milliseconds = seconds * 1_000;
    },
    start() {
      steps = 0;
      end = now() + milliseconds;
    },
    tick() {
      steps += 1;
      if (steps % ROWS === 0 && now() > end) throw new StatementTimeout();
    },
  };
}

export function registerWithin(raw: DatabaseSync, clock: StatementClock): void {
  // Not deterministic, or SQLite would ask once per statement.
  raw.function('crm_within', { varargs: true }, () => {
    clock.tick();
    return 1;
  });
}

/**
 * A condition that is always true and ends a statement that takes too long. It stands first in a WHERE, once for every table
 * of a FROM: `key` is a column of it, which makes SQLite ask for each of its rows. PostgreSQL has statement_timeout.
 */
export function within(engine: Engine, key: RawBuilder<unknown>): RawBuilder<boolean> | undefined {
  // The planner must not think that it leaves rows out.
  return engine === 'sqlite' ? sql<boolean>`likelihood(crm_within(${key}), 1.0)` : undefined;
}
