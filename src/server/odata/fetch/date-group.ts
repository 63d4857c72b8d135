import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../../db/engine.ts';
import type { Zone } from '../../db/time-zone.ts';
import { badRequest } from '../bad-request.ts';
import type { ColumnKind } from '../metadata.ts';
import { localDay } from '../read/local-day.ts';
import type { ColumnRef } from '../read/scope.ts';
import type { DateGrouping } from './tree.ts';

/** The part of a date, on the clock of a zone, that rows are grouped by. The fiscal year begins on 1 January and has quarters. */
export function groupOfDate(
  engine: Engine,
  found: ColumnRef,
  grouping: DateGrouping,
  zone: Zone,
): { value: RawBuilder<unknown>; kind: ColumnKind } {
  const { column } = found;
  if (column.kind !== 'datetime' && column.kind !== 'date')
    throw badRequest(`${column.name} is not a date: dategrouping has no meaning for it.`, '0x80041135');
  const ref = localDay(engine, found, zone);
  const part = (from: number, length: number) =>
    sql`cast(substr(${ref}, ${sql.lit(from)}, ${sql.lit(length)}) as integer)`;
  const quarter = sql`((${part(6, 2)} + 2) / 3)`;
  switch (grouping) {
    case 'day':
      return { value: part(9, 2), kind: 'integer' };
    case 'week':
      return { value: weekOf(engine, ref), kind: 'integer' };
    case 'month':
      return { value: part(6, 2), kind: 'integer' };
    case 'quarter':
      return { value: quarter, kind: 'integer' };
    case 'year':
      return { value: part(1, 4), kind: 'integer' };
    case 'fiscal-period':
      return { value: sql`'Quarter ' || ${quarter} || ' FY' || substr(${ref}, 1, 4)`, kind: 'string' };
    case 'fiscal-year':
      return { value: sql`'FY' || substr(${ref}, 1, 4)`, kind: 'string' };
  }
}

/** Weeks begin on Sunday; that of 1 January is the first, however short: 27 August 2023 is in week 35. */
function weekOf(engine: Engine, ref: RawBuilder<unknown>): RawBuilder<unknown> {
  const date = sql`substr(${ref}, 1, 10)`;
  const [day, weekday] =
    engine === 'postgres'
      ? [
          sql`cast(extract(doy from cast(${date} as date)) as integer)`,
          sql`cast(extract(dow from cast(${date} as date)) as integer)`,
        ]
      : [sql`cast(strftime('%j', ${date}) as integer)`, sql`cast(strftime('%w', ${date}) as integer)`];
  // The weekday of 1 January; the remainder is kept above zero.
  const first = sql`(((${weekday} - ${day} + 1) % 7) + 7) % 7`;
  return sql`((${day} - 1 + ${first}) / 7 + 1)`;
}
