import { beforeAll, expect, jest, test } from '@jest/globals';
import type { Column, Table } from '../../../src/server/odata/metadata.ts';
import { crmModel } from '../../../src/server/odata/tables/crm-model.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

// Every table on both engines: a busy machine needs a while.
jest.setTimeout(60_000);

/** Rows of these are made by what they are about, or stand for rights; their own tests make them. */
const special = new Set(['organization', 'businessunit', 'systemuser', 'usersettings', 'fieldpermission', 'mailbox']);
const writable = [...crmModel.tables.values()].filter(({ name, readOnly }) => !readOnly && !special.has(name));

/** Texts that are read by the server. */
const understood = new Map([
  ['fetchxml', '<fetch><entity name="account"><attribute name="name" /></entity></fetch>'],
  [
    'layoutxml',
    '<grid name="resultset"><row name="result" id="accountid"><cell name="name" width="100" /></row></grid>',
  ],
  ['returnedtypecode', 'account'],
  ['baseentityname', 'account'],
  ['matchingentityname', 'account'],
  ['baseattributename', 'name'],
  ['matchingattributename', 'name'],
]);
let given = 0;

/** A value of every kind that is kept as it is given. */
function sample({ kind, name, length, options }: Column, turn: number): unknown {
  switch (kind) {
    case 'string':
    case 'memo':
      if (understood.has(name)) return understood.get(name);
      // Some of them are keys.
      return `${turn}.${(given += 1)} ${name}`.slice(0, length);
    case 'integer':
      return turn + 7;
    case 'bigint':
      return 5_000_000_000 + turn;
    case 'decimal':
    case 'money':
      return turn + 0.25;
    case 'boolean':
      return turn % 2 === 0;
    case 'choice':
      return [...options!.keys()][turn % options!.size];
    case 'choices':
      return String([...options!.keys()][turn % options!.size]);
    case 'datetime':
      return `2026-11-2${turn}T09:30:00Z`;
    case 'date':
      return `2026-11-2${turn}`;
    case 'guid':
      return `0000000${turn}-0000-4000-8000-000000000001`;
    case 'bytes':
      // What a picture begins with does no harm to other files.
      return Buffer.from(`GIF8 ${name} ${turn}`).toString('base64');
    case 'lookup':
      return undefined;
  }
}

function plainColumns(table: Table): Column[] {
  const notGiven = new Set([table.key, 'statecode', 'statuscode', 'fullname']);
  // Worked out from others; each has its own test.
  const worked = new Set(['overriddencreatedon', 'filesize', 'isdocument', 'description']);
  return [...table.columns.values()].filter(
    ({ kind, name, readOnly, from, constant }) =>
      kind !== 'lookup' &&
      readOnly !== true &&
      from === undefined &&
      constant === undefined &&
      !notGiven.has(name) &&
      !worked.has(name),
  );
}

forEachEngine('Every table of the model', (engine) => {
  let world: World;
  let client: Client;
  const known = new Map<string, string>();
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(dana);
    known.set('systemuser', String((await client.get('WhoAmI')).body['UserId']));
    known.set('businessunit', String((await client.get('WhoAmI')).body['BusinessUnitId']));
  });

  /** A row that a required lookup can point to. */
  async function rowOf(name: string): Promise<string> {
    const table = crmModel.tables.get(name)!;
    const id = known.get(name) ?? (await client.create(table.setName, await fullRow(table, 1)));
    known.set(name, id);
    return id;
  }

  async function fullRow(table: Table, turn: number): Promise<Record<string, unknown>> {
    const row: Record<string, unknown> = {};
    for (const column of plainColumns(table)) row[column.name] = sample(column, turn);
    // A view is checked when it is written.
    if (table.columns.has('fetchxml')) {
      const fetchxml = `<fetch count="${turn}"><entity name="account"/></fetch>`;
      Object.assign(row, { returnedtypecode: 'account', fetchxml, layoutxml: `<grid name="${turn}"/>` });
    }
    for (const column of table.columns.values()) {
      if (column.kind !== 'lookup' || column.required !== true || column.readOnly === true) continue;
      const target = column.targets!.find((each) => each !== table.name)!;
      const path = [...table.single.values()].find(
        (each) => each.column === column.name && each.target === target,
      )!.name;
      row[`${path}@odata.bind`] = `/${crmModel.tables.get(target)!.setName}(${await rowOf(target)})`;
    }
    return row;
  }

  test.each(writable.map((table) => [table.name, table] as const))('%s keeps every column', async (_name, table) => {
    const given = await fullRow(table, 1);
    const id = await client.create(table.setName, given);
    const wanted = (row: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes('@')));
    expect((await client.get(`${table.setName}(${id})`)).body).toMatchObject(wanted(given));
    const later = wanted(await fullRow(table, 2));
    const changed = await client.send('PATCH', `${table.setName}(${id})`, later);
    expect([changed.status, changed.text]).toEqual([204, '']);
    expect((await client.get(`${table.setName}(${id})`)).body).toMatchObject(later);
  });

  test.each([...crmModel.tables.values()].map((table) => [table.name, table] as const))(
    '%s is selected, filtered and sorted by every column, and every relationship is expanded',
    async (_name, table) => {
      const names = [...table.columns.values()].map(({ kind, name }) => (kind === 'lookup' ? `_${name}_value` : name));
      const page = await client.get(`${table.setName}?$select=${names.join(',')}&$top=1`);
      expect([page.status, page.text.slice(0, 200)]).toEqual([200, expect.any(String)]);
      for (const { kind, name } of table.columns.values()) {
        if (kind === 'bytes') continue;
        const path = kind === 'lookup' ? `_${name}_value` : name;
        const answer = await client.get(
          `${table.setName}?$select=${path}&$filter=${path} ne null&$orderby=${path}&$top=2`,
        );
        expect([name, answer.status]).toEqual([name, 200]);
      }
      for (const name of [...table.single.keys(), ...table.collections.keys(), ...table.many.keys()]) {
        const answer = await client.get(
          `${table.setName}?$select=${table.key}&$expand=${name}($select=versionnumber)&$top=1`,
        );
        expect([name, answer.status, answer.text.slice(0, 100)]).toEqual([name, 200, expect.any(String)]);
      }
    },
  );

  test.each(writable.map((table) => [table.name, table] as const))('%s is deleted', async (_name, table) => {
    const id = await client.create(table.setName, await fullRow(table, 3));
    const gone = await client.send('DELETE', `${table.setName}(${id})`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await client.get(`${table.setName}(${id})`)).status).toBe(404);
  });
});

test('every lookup has its other side, and no two relationships have the same name', () => {
  const tables = [...crmModel.tables.values()];
  for (const table of tables) {
    for (const name of table.collections.keys())
      expect([name, table.columns.has(name) || table.single.has(name) || table.many.has(name)]).toEqual([name, false]);
    for (const { name, targets = [] } of table.columns.values()) {
      for (const target of targets) {
        const back = [...crmModel.tables.get(target)!.collections.values()].filter(
          (each) => each.target === table.name && each.column === name,
        );
        expect([table.name, name, target, back.length]).toEqual([table.name, name, target, 1]);
      }
    }
  }
  const names = tables.flatMap(({ collections }) => [...collections.keys()]);
  expect(new Set(names).size).toBe(names.length);
});
