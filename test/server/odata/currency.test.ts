import { beforeAll, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

// Every table on both engines: a busy machine needs a while.
jest.setTimeout(60_000);

const FORMATTED = { prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' };
const shown = (name: string) => `${name}@OData.Community.Display.V1.FormattedValue`;

forEachEngine('Money', (engine) => {
  let client: Client;
  let base: string;
  let euro: string;
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
    base = String(
      (await client.get<{ value: Record<string, unknown>[] }>('organizations')).body.value[0]!['_basecurrencyid_value'],
    );
    euro = await client.create('transactioncurrencies', {
      currencyname: 'Euro',
      isocurrencycode: 'EUR',
      currencysymbol: '€',
      currencyprecision: 2,
      exchangerate: 0.8,
    });
  });

  test('is in the base currency of the organisation unless somebody says otherwise', async () => {
    const id = await client.create('opportunities', { name: 'Pumps', estimatedvalue: 1234.567 });
    expect(
      (await client.get(`opportunities(${id})?$select=estimatedvalue,estimatedvalue_base`, FORMATTED)).body,
    ).toMatchObject({
      estimatedvalue: 1234.57,
      [shown('estimatedvalue')]: '$1,234.57',
      estimatedvalue_base: 1234.57,
      _transactioncurrencyid_value: base,
      [shown('_transactioncurrencyid_value')]: 'US Dollar',
    });
  });

  test('follows the currency of its row, and the base amount follows both', async () => {
    const currency = { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${euro})` };
    const id = await client.create('opportunities', { name: 'Valves', estimatedvalue: 100, ...currency });
    const read = async () => (await client.get(`opportunities(${id})`, FORMATTED)).body;
    expect(await read()).toMatchObject({
      [shown('estimatedvalue')]: '€100.00',
      estimatedvalue_base: 125,
      [shown('estimatedvalue_base')]: '$125.00',
      exchangerate: 0.8,
    });
    await client.send('PATCH', `opportunities(${id})`, { estimatedvalue: -40.5, budgetamount: 8 });
    expect(await read()).toMatchObject({
      [shown('estimatedvalue')]: '-€40.50',
      estimatedvalue_base: -50.625,
      budgetamount_base: 10,
    });
    await client.send('PATCH', `opportunities(${id})`, {
      'transactioncurrencyid@odata.bind': `/transactioncurrencies(${base})`,
    });
    expect(await read()).toMatchObject({ exchangerate: 1, estimatedvalue_base: -40.5, budgetamount_base: 8 });
    await client.send('PATCH', `opportunities(${id})`, { estimatedvalue: null });
    expect(await read()).toMatchObject({ estimatedvalue: null, estimatedvalue_base: null, budgetamount_base: 8 });
  });

  test('a currency that somebody uses stays, and so does that of the organisation', async () => {
    await client.create('accounts', {
      name: 'Rotor',
      revenue: 5,
      'transactioncurrencyid@odata.bind': `/transactioncurrencies(${euro})`,
    });
    expect((await client.send('DELETE', `transactioncurrencies(${euro})`)).status).toBe(405);
    expect((await client.send('DELETE', `transactioncurrencies(${base})`)).status).toBe(405);
  });
});

forEachEngine('Amounts from before there were currencies', (engine) => {
  test('are in the base currency, which a later start does not change', async () => {
    const database = await engine.open();
    await createWorld(database);
    await sql`insert into account (accountid, versionnumber, name, name_folded, revenue, statecode) values
      ('0a000000-0000-4000-8000-000000000001', 1, 'Old', 'old', 70, 0)`.execute(database.db);
    await sql`update organization set basecurrencyid = null`.execute(database.db);
    const crm = { organisation: 'Contoso', firstSignIn: 'create' as const, administrators: [dana.address] };
    const client = (await createWorld(database, { crm: { ...crm, baseCurrency: 'JPY' } })).as(dana);
    const read = () => client.get("accounts?$select=revenue&$filter=name eq 'Old'", FORMATTED);
    expect((await read()).text).toContain('¥70');
    await createWorld(database, { crm: { ...crm, baseCurrency: 'CHF' } });
    expect((await read()).text).toContain('¥70');
  });
});
