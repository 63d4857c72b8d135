import { expect, jest, test } from '@jest/globals';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

jest.setTimeout(60_000);

const activities = 'sample_outdooractivities';
const labels = ['Swimming', 'Hiking', 'Mountain Climbing', 'Fishing', 'Hunting', 'Running', 'Boating', 'Skiing'];
const customTables = {
  publisher: 'sample',
  columns: [
    {
      table: 'contact',
      columns: [
        {
          name: activities,
          label: 'Outdoor activities',
          type: 'choices',
          options: [
            ...labels.map((label, index) => ({ value: index + 1, label })),
            { value: 9, label: 'Camping' },
            { value: 12, label: 'Sailing; with oars' },
          ],
        },
        {
          name: 'sample_secret',
          label: 'Secret',
          type: 'choices',
          secured: true,
          options: [{ value: 1, label: 'One' }],
        },
      ],
    },
  ],
};
/** The data of the documents, somebody who likes nothing, and somebody whose choice looks like others. */
const people = {
  Yarborough: '1, 9',
  Orton: '2',
  Maple: '4',
  Mundy: '9,8,3,2,2',
  Weber: '1,4,7',
  Sullivan: '4,5,9',
  Kennedy: '2,4,9',
  Bracken: '1,2,8,9',
  Oars: '12',
  Idle: null,
};

const start = async (database: Database): Promise<World> => {
  const crm = { organisation: 'Contoso', firstSignIn: 'create' as const, administrators: [dana.address], customTables };
  const world = await createWorld(database, { crm });
  for (const [lastname, chosen] of Object.entries(people))
    await world.as(dana).create('contacts', { lastname, [activities]: chosen });
  return world;
};

const names = async (client: Client, query: string): Promise<string> => {
  const { status, body, text } = await client.get<{ value: { lastname: string }[] }>(`contacts?${query}`);
  return status === 200 ? body.value.map(({ lastname }) => lastname).join(',') : `${status} ${text}`;
};
const filtered = (client: Client, filter: string) =>
  names(client, `$select=lastname&$orderby=lastname&$filter=${encodeURIComponent(filter)}`);
const fetched = (client: Client, operator: string, values: readonly string[], attribute = activities) =>
  names(
    client,
    `fetchXml=${encodeURIComponent(
      `<fetch><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/><filter>
       <condition attribute="${attribute}" operator="${operator}">${values.map((value) => `<value>${value}</value>`).join('')}</condition>
       </filter></entity></fetch>`,
    )}`,
  );
const call = (name: string, values: string, property = activities) =>
  `Microsoft.Dynamics.CRM.${name}(PropertyName='${property}',PropertyValues=${values})`;

/** $filter, the operator of FetchXML with its values where it has one, and who is found. */
const questions: [filter: string, fetch: [string, ...string[]] | undefined, found: string][] = [
  [call('ContainValues', "['2']"), ['contain-values', '2'], 'Bracken,Kennedy,Mundy,Orton'],
  [call('ContainValues', "['1','2']"), ['contain-values', '1', '2'], 'Bracken,Kennedy,Mundy,Orton,Weber,Yarborough'],
  [call('ContainValues', '["12"]'), ['contain-values', '12'], 'Oars'],
  [call('ContainValues', "['6']"), ['contain-values', '6'], ''],
  [call('DoesNotContainValues', "['2','4','12']"), ['not-contain-values', '2', '4', '12'], 'Idle,Yarborough'],
  [`${activities} eq '9,1'`, ['eq', '1,9'], 'Yarborough'],
  [`${activities} eq '2'`, ['eq', '2'], 'Orton'],
  [`${activities} eq 12`, ['eq', '12'], 'Oars'],
  [`${activities} ne '2'`, ['ne', '2'], 'Bracken,Idle,Kennedy,Maple,Mundy,Oars,Sullivan,Weber,Yarborough'],
  [`${activities} eq null`, ['null'], 'Idle'],
  [`${activities} ne null and lastname lt 'L'`, undefined, 'Bracken,Kennedy'],
  [call('In', "['1','9']"), ['in', '9', '1'], 'Yarborough'],
  [
    call('NotIn', "['2,3','8','9']"),
    ['not-in', '2', '3', '8', '9'],
    'Bracken,Idle,Kennedy,Maple,Oars,Orton,Sullivan,Weber,Yarborough',
  ],
  [`not (${call('ContainValues', "['1','2','4']")})`, undefined, 'Idle,Oars'],
];

const refused: [filter: string, said: string][] = [
  [call('ContainValues', "['1']", 'lastname'), 'lastname'],
  [call('ContainValues', "['x']"), activities],
  [call('ContainValues', '[]'), activities],
  [call('ContainValues', "['']"), activities],
  [call('Between', "['1','2']"), activities],
  [`contains(${activities},'1')`, activities],
  [`${activities} gt '1'`, activities],
  [`${activities} eq 'Hiking'`, activities],
  [`${activities} eq true`, activities],
  [`${activities} eq lastname`, activities],
];

forEachEngine('Columns with several choices', (engine) => {
  test('are written and read as documented, and found by what they hold', async () => {
    const world = await start(await engine.open());
    const client = world.as(dana);
    for (const [filter, fetch, found] of questions) {
      expect([filter, await filtered(client, filter)]).toEqual([filter, found]);
      if (fetch !== undefined) expect([fetch, await fetched(client, fetch[0], fetch.slice(1))]).toEqual([fetch, found]);
    }
    for (const [filter, said] of refused)
      expect([filter, await filtered(client, filter)]).toEqual([filter, expect.stringMatching(`^400 .*${said}`)]);
    expect(await fetched(client, 'like', ['1'])).toContain('400');
    expect(await fetched(client, 'ge', ['1'])).toContain('400');

    const { body } = await client.get<{ value: object[] }>(
      `contacts?$select=${activities}&$filter=${encodeURIComponent("lastname eq 'Mundy' or lastname eq 'Oars' or lastname eq 'Idle'")}&$orderby=lastname`,
      { prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' },
    );
    const shown = `${activities}@OData.Community.Display.V1.FormattedValue`;
    expect(body.value).toMatchObject([
      { [activities]: null },
      { [activities]: '2,3,8,9', [shown]: 'Hiking; Mountain Climbing; Skiing; Camping' },
      { [activities]: '12', [shown]: 'Sailing; with oars' },
    ]);
    const groups = await client.get<{ value: object[] }>(
      `contacts?$apply=filter(lastname gt 'M')/groupby((${activities}),aggregate($count as n))`,
    );
    expect(groups.body.value).toContainEqual({ [activities]: '2,3,8,9', n: 1 });
    expect(await names(client, `$select=lastname&$orderby=${activities}&$top=3`)).toBe('Idle,Bracken,Weber');
  });

  test('take only their options, and a part of a row stays as it was', async () => {
    const client = (await start(await engine.open())).as(dana);
    const id = await client.create('contacts', { lastname: 'Nobody', [activities]: '1,2' });
    const write = async (value: unknown) => {
      const { status, text } = await client.send('PATCH', `contacts(${id})`, { [activities]: value });
      return [value, status, text.includes(activities)];
    };
    const wrong = ['1,10', '1;2', 'Hiking', '1,,2', ',1,', '1.5', '1e0', 1, [1, 2], true, {}, '9'.repeat(4_000)];
    for (const value of wrong) expect(await write(value)).toEqual([value, 400, true]);
    const outside = await client.send('PATCH', `contacts(${id})`, { [activities]: '1,10' });
    expect(outside.body).toMatchObject({ error: { code: '0x8004431a', message: expect.stringContaining('10') } });
    expect((await client.get(`contacts(${id})/${activities}`)).body).toMatchObject({ value: '1,2' });
    expect((await client.send('PUT', `contacts(${id})/${activities}`, { value: '4' })).status).toBe(204);
    expect((await client.get(`contacts(${id})/${activities}/$value`)).text).toBe('4');
    expect((await client.send('PATCH', `contacts(${id})`, { [activities]: null })).status).toBe(204);
    expect((await client.get(`contacts(${id})?$select=${activities}`)).body).toMatchObject({ [activities]: null });
  });

  test('are described, exported by their labels, and read back from them', async () => {
    const world = await start(await engine.open());
    const client = world.as(dana);
    expect((await client.get('$metadata')).text).toContain(
      `<Property Name="${activities}" Type="Edm.String" Unicode="false"`,
    );
    const described = await client.get(
      `EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='${activities}')/Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata?$select=AttributeType,AttributeTypeName&$expand=OptionSet`,
    );
    expect(described.body).toMatchObject({
      AttributeType: 'Virtual',
      AttributeTypeName: { Value: 'MultiSelectPicklistType' },
      OptionSet: { OptionSetType: 'Picklist', IsGlobal: false },
    });
    expect((described.body['OptionSet'] as { Options: object[] }).Options).toHaveLength(10);
    const token = await world.token(dana);
    const csv = await world.app.inject({
      url: `/crm/export/contacts?$select=lastname,${activities}&$orderby=lastname&$filter=lastname lt 'L' or lastname eq 'Oars'`,
      headers: { authorization: `Bearer ${token}` },
    });
    expect([csv.statusCode, csv.body]).toEqual([
      200,
      expect.stringContaining('Bracken,Swimming; Hiking; Skiing; Camping'),
    ]);
    const imported = await world.app.inject({
      method: 'POST',
      url: `/crm/import/contact/11111111-0000-4000-8000-000000000001?name=people.csv`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      payload: csv.body,
    });
    expect([imported.statusCode, imported.body]).toEqual([200, expect.anything()]);
    expect(await filtered(client, call('ContainValues', "['8','12']"))).toBe('Bracken,Bracken,Mundy,Oars,Oars');
  });

  test('are hidden by column security: neither read nor found out by asking', async () => {
    const world = await start(await engine.open());
    const secret = await world.as(dana).create('contacts', { lastname: 'Spy', sample_secret: '1' });
    const miguels = world.as(miguel);
    const row = await miguels.get(`contacts(${secret})?$select=sample_secret`);
    expect([row.status, row.body]).toEqual([200, expect.objectContaining({ sample_secret: null })]);
    expect(await filtered(miguels, call('ContainValues', "['1']", 'sample_secret'))).toMatch(/^403 /);
    expect(await fetched(miguels, 'contain-values', ['1'], 'sample_secret')).toMatch(/^403 /);
    expect((await miguels.send('POST', 'contacts', { lastname: 'X', sample_secret: '1' })).status).toBe(403);
  });
});
