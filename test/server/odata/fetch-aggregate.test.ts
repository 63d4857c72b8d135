import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

type Rows = { value: Record<string, unknown>[] } & Record<string, unknown>;

/** The accounts of the documents' own example. */
const accounts: [employees: number | null, name: string, city: string | null, created: string][] = [
  [null, 'Example Account', null, '2023-08-27T09:00:00Z'],
  [1500, 'Contoso Pharmaceuticals', 'Redmond', '2023-03-25T09:00:00Z'],
  [2700, 'Fabrikam, Inc.', 'Lynnwood', '2023-03-25T09:00:00Z'],
  [2900, 'Blue Yonder Airlines', 'Los Angeles', '2023-03-25T09:00:00Z'],
  [2900, 'City Power & Light', 'redmond', '2023-03-25T09:00:00Z'],
  [3900, 'Coho Winery', 'Phoenix', '2023-03-25T09:00:00Z'],
  [4300, 'Adventure Works', 'Santa Cruz', '2023-03-25T09:00:00Z'],
  [4800, 'Alpine Ski House', 'Missoula', '2023-03-25T09:00:00Z'],
  [6000, 'Litware, Inc.', 'Dallas', '2023-03-25T09:00:00Z'],
  [6200, 'A. Datum Corporation', 'Redmond', '2023-03-25T09:00:00Z'],
];

forEachEngine('Aggregates of FetchXML', (engine) => {
  let client: Client;
  const ask = (inside: string, options = '', headers = {}) => {
    const xml = `<fetch aggregate="true" ${options}><entity name="account">${inside}</entity></fetch>`;
    return client.get<Rows>(`accounts?fetchXml=${encodeURIComponent(xml)}`, headers);
  };
  const employees = (aggregate: string, alias: string, more = '') =>
    `<attribute name="numberofemployees" aggregate="${aggregate}" alias="${alias}" ${more}/>`;

  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
    const company = await client.create('contacts', { lastname: 'Berg' });
    for (const [numberofemployees, name, address1_city, overriddencreatedon] of accounts)
      await client.create('accounts', {
        ...{ numberofemployees, name, address1_city, overriddencreatedon },
        revenue: 0.1,
        industrycode: numberofemployees === 2900 ? 33 : 1,
        ...(numberofemployees === 2900 ? { 'primarycontactid@odata.bind': `contacts(${company})` } : {}),
      });
  });

  test('one row with the figures of the documents', async () => {
    const { body } = await ask(
      employees('avg', 'Average') +
        employees('count', 'Count') +
        employees('countcolumn', 'ColumnCount') +
        employees('countcolumn', 'Different', 'distinct="true"') +
        employees('max', 'Maximum') +
        employees('min', 'Minimum') +
        employees('sum', 'Sum') +
        '<attribute name="revenue" aggregate="sum" alias="Revenue"/><attribute name="createdon" aggregate="max" alias="Last"/>',
      '',
      { prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' },
    );
    expect(body.value).toEqual([
      {
        ...{ Average: 3911, 'Average@OData.Community.Display.V1.FormattedValue': '3,911' },
        ...{ Count: 10, 'Count@OData.Community.Display.V1.FormattedValue': '10' },
        ...{ ColumnCount: 9, 'ColumnCount@OData.Community.Display.V1.FormattedValue': '9' },
        ...{ Different: 8, 'Different@OData.Community.Display.V1.FormattedValue': '8' },
        ...{ Maximum: 6200, 'Maximum@OData.Community.Display.V1.FormattedValue': '6,200' },
        ...{ Minimum: 1500, 'Minimum@OData.Community.Display.V1.FormattedValue': '1,500' },
        ...{ Sum: 35200, 'Sum@OData.Community.Display.V1.FormattedValue': '35,200' },
        ...{ Revenue: 1, 'Revenue@OData.Community.Display.V1.FormattedValue': expect.stringContaining('1.00') },
        Last: '2023-08-27T09:00:00Z',
        'Last@OData.Community.Display.V1.FormattedValue': expect.stringContaining('8/27/23'),
      },
    ]);
  });

  test('groups: texts without regard to case, choices by label, lookups by name', async () => {
    const cities = await ask(
      `${employees('sum', 'Total')}<attribute name="address1_city" aggregate="count" alias="Count"/><attribute name="address1_city" alias="City" groupby="true"/><order alias="City"/>`,
    );
    expect(cities.body.value.map(({ City, Total, Count }) => [City, Total, Count])).toEqual([
      [undefined, 0, 1],
      ['Dallas', 6000, 1],
      ['Los Angeles', 2900, 1],
      ['Lynnwood', 2700, 1],
      ['Missoula', 4800, 1],
      ['Phoenix', 3900, 1],
      ['Redmond', 10600, 3],
      ['Santa Cruz', 4300, 1],
    ]);
    const kinds = await ask(
      `${employees('count', 'n')}<attribute name="industrycode" alias="kind" groupby="true"/><attribute name="primarycontactid" alias="who" groupby="true"/><order alias="n" descending="true"/>`,
      '',
      { prefer: 'odata.include-annotations="*"' },
    );
    expect(kinds.body.value).toMatchObject([
      { n: 8, 'kind@OData.Community.Display.V1.FormattedValue': 'Accounting' },
      {
        n: 2,
        kind: 33,
        'kind@OData.Community.Display.V1.FormattedValue': 'Wholesale',
        'who@OData.Community.Display.V1.FormattedValue': 'Berg',
        'who@Microsoft.Dynamics.CRM.lookuplogicalname': 'contact',
      },
    ]);
    expect(kinds.body.value[0]).not.toHaveProperty('who');
  });

  test('groups by parts of a date, as in the documents', async () => {
    const parts = ['day', 'week', 'month', 'quarter', 'year', 'fiscal-period', 'fiscal-year'];
    const groups = parts.map(
      (part) => `<attribute name="createdon" groupby="true" dategrouping="${part}" alias="${part.replace('-', '')}"/>`,
    );
    const { body } = await ask(`${employees('sum', 'Total')}${groups.join('')}<order alias="month"/>`);
    expect(body.value).toEqual([
      {
        ...{ Total: 35200, day: 25, week: 12, month: 3, quarter: 1, year: 2023 },
        fiscalperiod: 'Quarter 1 FY2023',
        fiscalyear: 'FY2023',
      },
      {
        ...{ Total: 0, day: 27, week: 35, month: 8, quarter: 3, year: 2023 },
        fiscalperiod: 'Quarter 3 FY2023',
        fiscalyear: 'FY2023',
      },
    ]);
  });

  test('over linked tables, in pages', async () => {
    const link = `<link-entity name="account" from="primarycontactid" to="contactid" alias="a"><attribute name="numberofemployees" aggregate="sum" alias="sum"/></link-entity>`;
    const xml = `<fetch aggregate="true"><entity name="contact"><attribute name="lastname" groupby="true" alias="who"/>${link}</entity></fetch>`;
    const { body } = await client.get<Rows>(`contacts?fetchXml=${encodeURIComponent(xml)}`);
    expect(body.value).toEqual([{ who: 'Berg', sum: 5800 }]);
    const paged = await ask(
      `${employees('sum', 'Total')}<attribute name="address1_city" alias="City" groupby="true"/><order alias="City"/>`,
      'count="3" page="2"',
      { prefer: 'odata.include-annotations="*"' },
    );
    expect(paged.body.value.map(({ City }) => City)).toEqual(['Lynnwood', 'Missoula', 'Phoenix']);
    expect(paged.body['@Microsoft.Dynamics.CRM.morerecords']).toBe(true);
  });

  test.each([
    [
      'more rows than may be aggregated',
      employees('count', 'n'),
      'aggregatelimit="9"',
      '0x8004E023',
      'AggregateQueryRecordLimit exceeded',
    ],
    ['a column beside aggregates', `${employees('count', 'n')}<attribute name="name"/>`, '', '0x80041107', 'name'],
    ['no alias', '<attribute name="name" aggregate="count"/>', '', '0x8004110b', 'name'],
    ['the sum of a text', '<attribute name="name" aggregate="sum" alias="n"/>', '', '0x8004112F', 'name'],
    ['an unknown aggregate', employees('median', 'n'), '', '0x8004111a', 'median'],
    [
      'an unknown part of a date',
      '<attribute name="createdon" groupby="1" dategrouping="decade" alias="d"/>',
      '',
      '0x80041135',
      'decade',
    ],
    [
      'part of a date of a text',
      '<attribute name="name" groupby="1" dategrouping="day" alias="d"/>',
      '',
      '0x80041135',
      'name',
    ],
    ['both', employees('sum', 'n', 'groupby="true"'), '', '0x80041137', ''],
    ['order by a column', `${employees('count', 'n')}<order attribute="name"/>`, '', '0x80041131', ''],
    ['order by an unknown alias', `${employees('count', 'n')}<order alias="m"/>`, '', '0x8004110a', 'm'],
    ['an alias twice', employees('count', 'n') + employees('sum', 'n'), '', '0x80041130', 'n'],
  ])('refused: %s', async (_, inside, options, code, named) => {
    const { status, body } = await ask(inside, options);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { code, message: expect.stringContaining(named) } });
  });
});
