import { sql } from 'kysely';
import { identifier } from '../odata/identifier.ts';
import { tableOf, type Table } from '../odata/metadata.ts';
import type { WriteSession } from '../odata/session.ts';
import { insertRow } from '../odata/write/write.ts';

/** What the currency of a code is called, how it is written, and how many digits it has. */
function describe(code: string): { name: string; symbol: string; precision: number } {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol' });
  const symbol = format.formatToParts(0).find(({ type }) => type === 'currency')?.value ?? code;
  const name = new Intl.DisplayNames('en', { type: 'currency' }).of(code) ?? code;
  return { name, symbol, precision: format.resolvedOptions().maximumFractionDigits ?? 2 };
}

/**
 * The organisation's own currency, made on the first start with a database that has none; amounts that were stored before
 * there were currencies are in it. It is never changed afterwards: all exchange rates are relative to it.
 * @param code ISO 4217
 */
export async function ensureBaseCurrency(session: WriteSession, organizationId: string, code: string): Promise<void> {
  const { queries, model } = session;
  const { rows } = await sql`select 1 from organization where basecurrencyid is not null`.execute(queries);
  if (rows.length > 0) return;
  const { name, symbol, precision } = describe(code);
  const values = new Map<string, string | number>([
    ['currencyname', name],
    ['isocurrencycode', code],
    ['currencysymbol', symbol],
    ['currencyprecision', precision],
    ['exchangerate', 1],
  ]);
  const id = await insertRow(session, tableOf(model, 'transactioncurrency'), values);
  if (id === undefined) throw new Error('The base currency was not stored');
  await sql`update organization set basecurrencyid = ${id}, basecurrencysymbol = ${symbol},
    basecurrencyprecision = ${precision} where organizationid = ${organizationId}`.execute(queries);
  for (const table of model.tables.values()) await adopt(session, table, id);
}

async function adopt({ queries }: WriteSession, table: Table, currency: string): Promise<void> {
  const bases = [...table.columns.keys()].filter((name) => name.endsWith('_base'));
  if (bases.length === 0 || !table.columns.has('exchangerate')) return;
  const amounts = bases.map((base) => [identifier(base), identifier(base.slice(0, -'_base'.length))] as const);
  const sets = sql.join(amounts.map(([base, own]) => sql`${base} = ${own}`));
  const some = sql.join(
    amounts.map(([, own]) => sql`${own} is not null`),
    sql` or `,
  );
  await sql`update ${identifier(table.name)} set transactioncurrencyid = ${currency}, exchangerate = 1, ${sets}
    where transactioncurrencyid is null and (${some})`.execute(queries);
}
