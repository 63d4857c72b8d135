import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../../db/engine.ts';
import { utc, type Zone } from '../../db/time-zone.ts';
import type { ColumnRef } from './scope.ts';

/** Text that begins with the day, as `2026-03-30`, that a stored moment is on the clock of a zone; a column of days has its own. */
export function localDay(engine: Engine, { column, ref }: ColumnRef, zone: Zone): RawBuilder<unknown> {
  if (column.kind === 'date' || zone.name === utc.name) return ref;
  // In the text of the statement: PostgreSQL takes what is selected for what is grouped by only where both are the same text.
  const name = sql.lit(zone.name);
  return engine === 'postgres'
    ? sql`to_char(cast(${ref} as timestamptz) at time zone ${name}, 'YYYY-MM-DD')`
    : sql`crm_day(${ref}, ${name})`;
}
