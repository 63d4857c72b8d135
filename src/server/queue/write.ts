import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';
import { prepared } from '../db/prepared.ts';
import { recordsAs, type Columns, type Values } from './records.ts';

/**
 * Rows of the ledger change, and with them what depends on those that did: heads, events, bytes, marks. PostgreSQL does all of
 * it in one statement; SQLite knows no such statement, and none of its statements costs a way there and back.
 */
export interface Write {
  /** What is to be written (`recordsAs`), for statements that name it in their FROM. */
  readonly given: RawBuilder<unknown> | null;
  /** Changes rows and returns them. */
  readonly change: (given: RawBuilder<unknown>) => RawBuilder<unknown>;
  readonly returned: Columns;
  /** None of them sees what another did. */
  readonly effects: readonly Effect[];
  /** Told the rows that were changed, in no order; again when the transaction was repeated. */
  heard(rows: readonly unknown[]): void;
}

/** A statement about the rows that were changed: `changed` in a FROM, by that name. */
export type Effect = (changed: RawBuilder<unknown>, given: RawBuilder<unknown>) => RawBuilder<unknown>;

export type Run = (statement: RawBuilder<unknown>) => Promise<readonly unknown[]>;

/** All of it as one statement, for PostgreSQL. */
export function asOne({ given, change, effects }: Write): RawBuilder<unknown> {
  const [givenName, changed] = [sql.ref('given'), sql.ref('changed')];
  if (given === null && effects.length === 0) return prepared(change(givenName));
  const parts = [
    ...(given === null ? [] : [sql`given as materialized (select * from ${given})`]),
    sql`changed as (${change(givenName)})`,
    ...effects.map((effect, place) => sql`${sql.ref(`effect_${place}`)} as (${effect(changed, givenName)})`),
  ];
  return prepared(sql`with ${sql.join(parts)} select * from changed`);
}

/** The same, one statement after the other. */
export async function oneByOne(engine: Engine, run: Run, write: Write): Promise<readonly unknown[]> {
  const given = write.given ?? sql``;
  const rows = await run(write.change(given));
  if (rows.length === 0) return rows;
  const changed = recordsAs(engine, write.returned, rows as readonly Values[], 'changed');
  for (const effect of write.effects) await run(effect(changed, given));
  return rows;
}
