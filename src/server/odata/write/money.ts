import { sql } from 'kysely';
import { badRequest } from '../bad-request.ts';
import type { Table } from '../metadata.ts';
import type { Row, WriteSession } from '../session.ts';
import type { Stored } from '../values.ts';

interface Rate {
  id: string;
  exchangerate: number;
  currencyprecision: number;
}

const BASE = '_base';
/** Of the amounts in the base currency. */
const BASE_PRECISION = 4;

/** Columns with an amount in the row's own currency. */
function amountsOf(table: Table): string[] {
  if (!table.columns.has('exchangerate') || !table.columns.has('transactioncurrencyid')) return [];
  return [...table.columns.values()]
    .filter(({ kind, name }) => kind === 'money' && !name.endsWith(BASE))
    .map(({ name }) => name);
}

/**
 * Keeps a row's amounts in step with its currency: an amount without one is in the currency of the user or the organisation,
 * is rounded to what the currency has, and stands in `<column>_base` in the organisation's own.
 */
export async function settleMoney(
  session: WriteSession,
  table: Table,
  values: Map<string, Stored>,
  before: Row | undefined,
): Promise<void> {
  if (!table.columns.has('exchangerate')) return;
  const given = [...values.keys()];
  if (!given.some((name) => name === 'transactioncurrencyid' || table.columns.get(name)?.kind === 'money')) return;
  const amounts = amountsOf(table);
  const kept = (name: string) => (values.has(name) ? values.get(name) : before?.[name]);
  const chosen = kept('transactioncurrencyid');
  if (chosen == null && amounts.every((name) => kept(name) == null)) return;
  const rate = await rateOf(session, typeof chosen === 'string' ? chosen : undefined);
  if (rate === undefined) return;
  values.set('transactioncurrencyid', rate.id);
  values.set('exchangerate', rate.exchangerate);
  for (const name of amounts) {
    const stored = kept(name);
    const amount = stored == null ? null : round(Number(stored), rate.currencyprecision);
    if (values.has(name)) values.set(name, amount);
    values.set(`${name}${BASE}`, amount === null ? null : round(amount / rate.exchangerate, BASE_PRECISION));
  }
}

function round(amount: number, digits: number): number {
  return Number(amount.toFixed(Math.min(Math.max(digits, 0), 10)));
}

async function rateOf({ queries, caller }: WriteSession, chosen: string | undefined): Promise<Rate | undefined> {
  const wanted =
    chosen === undefined
      ? sql`coalesce((select transactioncurrencyid from usersettings where systemuserid = ${caller.userId}),
          (select basecurrencyid from organization where organizationid = ${caller.organizationId}))`
      : sql`${chosen}`;
  const { rows } = await sql<Rate>`select transactioncurrencyid as id, exchangerate, currencyprecision
    from transactioncurrency where transactioncurrencyid = ${wanted}`.execute(queries);
  const [rate] = rows;
  if (rate !== undefined && !(Number(rate.exchangerate) > 0))
    throw badRequest('The currency of the record has no exchange rate above zero.', '0x80048cf2');
  return rate === undefined
    ? undefined
    : { id: rate.id, exchangerate: Number(rate.exchangerate), currencyprecision: Number(rate.currencyprecision) };
}
