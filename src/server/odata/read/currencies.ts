import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import type { Column } from '../metadata.ts';
import type { Row, Session } from '../session.ts';
import type { Currency } from '../values.ts';

/** In which currency an amount of a row is. */
export type CurrencyOf = (column: Column, row: Row) => Currency | undefined;

interface Found {
  id: string;
  currencysymbol: string;
  currencyprecision: number;
  base: number;
}

/** The currencies of a page's amounts, and the organisation's own for those that say none: one query, or none at all. */
export async function currenciesOf(
  { queries, engine, caller }: Session,
  columns: readonly Column[],
  rows: readonly Row[],
): Promise<CurrencyOf> {
  if (rows.length === 0 || !columns.some(({ kind }) => kind === 'money')) return () => undefined;
  const ids = new Set(rows.map((row) => row['transactioncurrencyid']).filter((id) => typeof id === 'string'));
  const base = sql`(select basecurrencyid from organization where organizationid = ${caller.organizationId})`;
  const { rows: found } = await sql<Found>`select transactioncurrencyid as id, currencysymbol, currencyprecision,
    case when transactioncurrencyid = ${base} then 1 else 0 end as base from transactioncurrency
    where transactioncurrencyid = ${base} or ${isOneOf(engine, sql.raw('transactioncurrencyid'), [...ids])}`.execute(
    queries,
  );
  const known = new Map(
    found.map(({ id, currencysymbol, currencyprecision }) => [
      id,
      { symbol: currencysymbol, precision: Number(currencyprecision) },
    ]),
  );
  const own = known.get(found.find((each) => Number(each.base) === 1)?.id ?? '');
  return (column, row) =>
    column.name.endsWith('_base') ? own : (known.get(String(row['transactioncurrencyid'])) ?? own);
}
