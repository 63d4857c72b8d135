import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

const groups: [string, object[]][] = [
  ['groupby((statecode))', [{ statecode: 0 }, { statecode: 1 }]],
  ['groupby((industrycode))', [{}, { industrycode: 1 }, { industrycode: 6 }]],
  [
    'groupby((industrycode,statecode))',
    [
      { statecode: 0 },
      { industrycode: 1, statecode: 0 },
      { industrycode: 6, statecode: 0 },
      { industrycode: 6, statecode: 1 },
    ],
  ],
  [
    'groupby((statecode),aggregate($count as rows))',
    [
      { statecode: 0, rows: 4 },
      { statecode: 1, rows: 1 },
    ],
  ],
  ['aggregate($count as rows)', [{ rows: 5 }]],
  ['aggregate(revenue with sum as total)', [{ total: 1060.5 }]],
  ['aggregate(revenue with average as mean)', [{ mean: 265.125 }]],
  ['aggregate(revenue with min as least,revenue with max as most)', [{ least: 10, most: 1000.25 }]],
  ['aggregate(createdon with max as last)', [{ last: '2024-05-05T00:00:00Z' }]],
  ['aggregate(createdon with min as first)', [{ first: '2024-05-01T00:00:00Z' }]],
  ['aggregate(numberofemployees with average as mean)', [{ mean: 3 }]],
  ['filter(statecode eq 1)/aggregate(revenue with sum as total)', [{ total: 1000.25 }]],
  ["filter(name eq 'nobody')/aggregate($count as rows)", [{ rows: 0 }]],
  ["filter(name eq 'nobody')/groupby((statecode))", []],
  ["filter(statecode eq 0)/filter(contains(name,'a'))/aggregate($count as rows)", [{ rows: 3 }]],
  [
    'groupby((primarycontactid/fullname),aggregate(revenue with sum as total))',
    [{ total: 1000.25 }, { contact_fullname: 'Ada', total: 40.25 }, { contact_fullname: 'Zoë', total: 20 }],
  ],
  [
    "filter(address1_city eq 'oslo')/groupby((primarycontactid/fullname))",
    [{ contact_fullname: 'Ada' }, { contact_fullname: 'Zoë' }],
  ],
  [
    'groupby((primarycontactid/createdby/fullname),aggregate($count as rows))',
    [{ rows: 2 }, { systemuser_fullname: 'Dana Whitfield', rows: 3 }],
  ],
  ['groupby((address1_city))', [{}, { address1_city: 'OSLO' }]],
];

const refused: [string, string][] = [
  ['', 'end'],
  ['groupby', 'end'],
  ['groupby()', '")"'],
  ['groupby((nothing))', 'nothing'],
  ['groupby((createdon))', 'groupby with datetime values is not supported'],
  ['groupby((nothing/fullname))', 'nothing'],
  ['groupby((contact_customer_accounts/fullname))', 'contact_customer_accounts'],
  ['groupby((statecode),concat(x))', 'concat'],
  ['aggregate(revenue with countdistinct as n)', 'countdistinct'],
  ['aggregate(revenue with sum)', '")"'],
  ['aggregate(revenue with sum total)', '"as" is missing'],
  ['aggregate(primarycontactid/donotemail with max as x)', 'donotemail'],
  ['aggregate(revenue as total)', '"with" is missing'],
  ['aggregate(name with sum as total)', 'name'],
  ['aggregate($count as a,$count as a)', 'unique aliases'],
  ['aggregate($count as a.b)', 'a.b'],
  ['filter(statecode eq 0)', 'needs a groupby'],
  ['topcount(5,revenue)', 'topcount'],
  ['compute(revenue mul 2 as x)', 'compute'],
  ['groupby((statecode))/aggregate($count as n)', '"/"'],
  ['filter(statecode eq)/aggregate($count as n)', '")"'],
  [`filter(${'('.repeat(200)}statecode eq 0${')'.repeat(200)})/aggregate($count as n)`, 'deeper'],
  [`groupby((${Array.from({ length: 60 }, () => 'statecode').join(',')}))`, 'at most 50'],
];

forEachEngine('$apply', (engine) => {
  let client: Client;
  let database: Database;
  beforeAll(async () => {
    database = await engine.open();
    client = (await createWorld(database)).as(dana);
    const ada = await client.create('contacts', { lastname: 'Ada' });
    const zoe = await client.create('contacts', { lastname: 'Zoë' });
    for (const [name, industrycode, statecode, revenue, employees, city, person] of [
      ['Alpha', null, 0, 10, 2, 'Oslo', ada],
      ['Beta', 1, 0, 30.25, 3, null, ada],
      ['Gamma', 6, 0, 20, 5, 'OSLO', zoe],
      ['Delta', 6, 1, 1000.25, null, null, undefined],
      ['Omicron', 6, 0, null, null, null, undefined],
    ] as const) {
      await client.create('accounts', {
        name,
        industrycode,
        revenue,
        statecode,
        numberofemployees: employees,
        address1_city: city,
        overriddencreatedon: `2024-05-0${['Alpha', 'Beta', 'Gamma', 'Delta', 'Omicron'].indexOf(name) + 1}`,
        ...(person === undefined ? {} : { 'primarycontactid@odata.bind': `contacts(${person})` }),
      });
    }
  }, 60_000);

  const apply = (text: string, more = '', headers = {}) =>
    client.get<{
      value: Record<string, unknown>[];
      error?: object;
      '@odata.nextLink'?: string;
      '@odata.count'?: number;
    }>(`accounts?$apply=${encodeURIComponent(text)}${more}`, headers);

  test.each(groups)('%s', async (text, expected) => {
    expect((await apply(text)).body.value).toEqual(expected);
  });

  test('formatted values come with numbers, choices and dates', async () => {
    const everything = { prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' };
    const formatted = (name: string) => `${name}@OData.Community.Display.V1.FormattedValue`;
    const { body } = await apply(
      'groupby((statecode),aggregate(revenue with sum as total,$count as rows))',
      '',
      everything,
    );
    expect(body.value[1]).toEqual({
      statecode: 1,
      [formatted('statecode')]: 'Inactive',
      total: 1000.25,
      [formatted('total')]: '$1,000.25',
      rows: 1,
      [formatted('rows')]: '1',
    });
  });

  test('groups are sorted by what they are grouped by, cut and paged', async () => {
    const by = 'groupby((industrycode),aggregate($count as rows))';
    expect((await apply(by, '&$orderby=industrycode desc&$top=2')).body.value).toEqual([
      { industrycode: 6, rows: 3 },
      { industrycode: 1, rows: 1 },
    ]);
    const first = await apply(by, '&$count=true', { prefer: 'odata.maxpagesize=2' });
    expect(first.body['@odata.count']).toBe(3);
    expect(first.body.value).toHaveLength(2);
    const next = String(first.body['@odata.nextLink']).replace(/^.*\/v9\.2\//, '');
    const second = await client.get(next, { prefer: 'odata.maxpagesize=2' });
    expect(second.body).toMatchObject({ value: [{ industrycode: 6, rows: 3 }] });
    expect(second.body).not.toHaveProperty('@odata.nextLink');
    const { status, body } = await apply(by, '&$orderby=rows');
    expect([status, body.error]).toMatchObject([
      400,
      { message: expect.stringContaining('The query node SingleValueOpenPropertyAccess is not supported') },
    ]);
  });

  test('more than 50,000 rows are too many, and 5,000 are what a count tells', async () => {
    await sql`insert into activityparty (activitypartyid, versionnumber)
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) select 'x' || i, 1 from n`.execute(
      database.db,
    );
    const count = () => client.get('activityparties?$apply=aggregate($count as n)');
    expect((await count()).body['value']).toEqual([{ n: 50_000 }]);
    await sql`insert into activityparty (activitypartyid, versionnumber) values ('y', 1)`.execute(database.db);
    const { status, body } = await count();
    expect([status, body['error']]).toEqual([
      400,
      { code: '0x8004E023', message: expect.stringContaining('AggregateQueryRecordLimit exceeded') },
    ]);
    const page = await client.get<{ value: object[] }>('activityparties?$select=activitypartyid&$count=true', {
      prefer: 'odata.maxpagesize=9000,odata.include-annotations="Microsoft.Dynamics.CRM.*"',
    });
    expect(page.body).toMatchObject({
      '@odata.count': 5_000,
      '@Microsoft.Dynamics.CRM.totalrecordcount': 5_000,
      '@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded': true,
      '@odata.nextLink': expect.stringContaining('$skiptoken='),
    });
    expect(page.body.value).toHaveLength(5_000);
    expect((await client.get('activityparties/$count')).text).toBe('5000');
  });

  test.each(refused)('%s is refused: %s', async (text, word) => {
    const { status, body } = await apply(text);
    expect([status, body.error]).toMatchObject([400, { message: expect.stringContaining(word) }]);
  });

  test.each(['$select=name', '$filter=statecode eq 0', '$expand=primarycontactid'])(
    '%s does not go with it',
    async (option) => {
      const { status, body } = await apply('groupby((statecode))', `&${option}`);
      expect([status, body.error]).toMatchObject([400, { message: expect.stringContaining('cannot be combined') }]);
    },
  );
});
