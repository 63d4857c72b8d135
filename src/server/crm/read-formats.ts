import { sql } from 'kysely';
import type { Queries } from '../db/engine.ts';
import type { Formats } from '../odata/formats.ts';
import { zoneNameOf } from '../odata/time-zone-codes.ts';
import { zoneOf } from '../db/time-zone.ts';

interface Settings {
  timezonecode: number | null;
  dateformatstring: string | null;
  dateseparator: string | null;
  timeformatstring: string | null;
  timeseparator: string | null;
  decimalsymbol: string | null;
  numberseparator: string | null;
}

/** Somebody's personal options; where they say nothing, the organisation's. */
export async function readFormats(queries: Queries, userId: string): Promise<Formats> {
  const { rows } = await sql<Settings>`select s.timezonecode,
    coalesce(s.dateformatstring, o.dateformatstring) as dateformatstring,
    coalesce(s.dateseparator, o.dateseparator) as dateseparator,
    coalesce(s.timeformatstring, o.timeformatstring) as timeformatstring,
    coalesce(s.timeseparator, o.timeseparator) as timeseparator,
    coalesce(s.decimalsymbol, o.decimalsymbol) as decimalsymbol,
    coalesce(s.numberseparator, o.numberseparator) as numberseparator
    from organization as o left join usersettings as s on s.systemuserid = ${userId} limit 1`.execute(queries);
  const [found] = rows;
  const given = (value: string | null | undefined) => (value == null || value === '' ? undefined : value);
  return {
    zone: zoneOf(zoneNameOf(Number(found?.timezonecode ?? 92))),
    date: given(found?.dateformatstring),
    time: given(found?.timeformatstring),
    dateSeparator: given(found?.dateseparator),
    timeSeparator: given(found?.timeseparator),
    decimalSymbol: given(found?.decimalsymbol),
    numberSeparator: given(found?.numberseparator),
  };
}
