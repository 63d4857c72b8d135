import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { zoneNameOf } from '../../../src/server/odata/time-zone-codes.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client } from '../world.ts';

/** Half past midnight on Monday the 30th in Berlin, where the clocks were put forward the night before; Sunday in UTC. */
const NOW = new Date('2026-03-29T22:30:00Z');
const tasks = {
  z: '2026-03-28T22:59:59Z',
  a: '2026-03-28T23:00:00Z',
  b: '2026-03-29T21:59:59Z',
  c: '2026-03-29T22:00:00Z',
  n: '2026-03-29T22:30:00Z',
  d: '2026-03-30T21:59:59Z',
  e: '2026-03-30T22:00:00Z',
};

/** condition -> what it finds for Dana in Berlin, and for Miguel in UTC */
const days: [string, string, string][] = [
  ['Today()', 'cnd', 'bcn'],
  ['Yesterday()', 'ab', 'za'],
  ['Tomorrow()', 'e', 'de'],
  ['ThisWeek()', 'abcnde', 'bcnde'],
  ['LastXDays(1)', 'abcn', 'zabcn'],
  ["On('2026-03-29')", 'ab', 'bcn'],
  ["On('2026-03-29T22:10:00Z')", 'cnd', 'bcn'],
  ["OnOrBefore('2026-03-29')", 'zab', 'zabcn'],
  ["OnOrAfter('2026-03-30')", 'cnde', 'de'],
  ['LastXHours(24)', 'zabcn', 'zabcn'],
];

forEachEngine('Days and formats', (engine) => {
  let [berlin, plain]: Client[] = [];
  const settings = async (client: Client) =>
    `usersettingscollection(${String((await client.get('WhoAmI')).body['UserId'])})`;
  beforeAll(async () => {
    const world = await createWorld(await engine.open(), { now: () => NOW });
    [berlin, plain] = [world.as(dana), world.as(miguel)];
    for (const client of [berlin, plain])
      for (const [subject, scheduledend] of Object.entries(tasks))
        await client.create('tasks', { subject, scheduledend });
  });
  beforeEach(async () => {
    const fresh = { timezonecode: 110, dateformatstring: null, timeformatstring: null, decimalsymbol: null };
    const set = await berlin!.send('PATCH', await settings(berlin!), {
      ...fresh,
      dateseparator: null,
      numberseparator: null,
    });
    expect(set.status).toBe(204);
  });
  const subjects = async (client: Client, query: string) => {
    const id = String((await client.get('WhoAmI')).body['UserId']);
    const answer = await client.get<{ value: { subject: string }[] }>(query.replace('$me', id));
    expect([query, answer.status]).toEqual([query, 200]);
    return answer.body.value.map(({ subject }) => subject).join('');
  };

  test.each(days)('%s is a day of the user', async (condition, local, universal) => {
    const [, name = '', given = ''] = /^(\w+)\((.*)\)$/.exec(condition)!;
    const value = given === '' ? '' : `,PropertyValue=${given}`;
    const call = `Microsoft.Dynamics.CRM.${name}(PropertyName='scheduledend'${value})`;
    const query = `tasks?$select=subject&$orderby=scheduledend&$filter=_ownerid_value eq $me and ${call}`;
    expect([await subjects(berlin!, query), await subjects(plain!, query)]).toEqual([local, universal]);
  });

  test('FetchXML means the same days', async () => {
    const fetch = (operator: string) =>
      `tasks?fetchXml=${encodeURIComponent(`<fetch><entity name="task"><attribute name="subject"/><order attribute="scheduledend"/><filter>
        <condition attribute="ownerid" operator="eq-userid"/><condition attribute="scheduledend" ${operator}/></filter></entity></fetch>`)}`;
    expect(await subjects(berlin!, fetch('operator="today"'))).toBe('cnd');
    expect(await subjects(plain!, fetch('operator="today"'))).toBe('bcn');
    expect(await subjects(berlin!, fetch('operator="on" value="2026-03-29"'))).toBe('ab');
  });

  test('rows are grouped by days, months and periods of the user, and in UTC when asked so', async () => {
    const ends = ['2025-12-31T22:59:59Z', '2025-12-31T23:00:00Z', '2026-06-30T21:59:59Z', '2026-06-30T22:00:00Z'];
    for (const scheduledend of ends)
      for (const client of [berlin!, plain!]) await client.create('phonecalls', { subject: 'p', scheduledend });
    await berlin!.create('phonecalls', { subject: 'p' });
    const grouped = async (client: Client, part: string, more = '') => {
      const fetch = `<fetch aggregate="true"><entity name="phonecall"><attribute name="activityid" alias="n" aggregate="count"/>
        <attribute name="scheduledend" alias="part" groupby="true" dategrouping="${part}" ${more}/><order alias="part"/>
        <filter><condition attribute="ownerid" operator="eq-userid"/></filter></entity></fetch>`;
      const answer = await client.get<{ value: { part?: string | number; n: number }[] }>(
        `phonecalls?fetchXml=${encodeURIComponent(fetch)}`,
      );
      expect([part, answer.status]).toEqual([part, 200]);
      return answer.body.value.map((row) => `${row.part ?? 'none'}:${row.n}`).join(' ');
    };
    for (const [part, local, universal] of [
      ['day', 'none:1 1:2 30:1 31:1', '30:2 31:2'],
      ['week', 'none:1 1:1 27:2 53:1', '27:2 53:2'],
      ['month', 'none:1 1:1 6:1 7:1 12:1', '6:2 12:2'],
      ['quarter', 'none:1 1:1 2:1 3:1 4:1', '2:2 4:2'],
      ['year', 'none:1 2025:1 2026:3', '2025:2 2026:2'],
      ['fiscal-year', 'none:1 FY2025:1 FY2026:3', 'FY2025:2 FY2026:2'],
    ] as const) {
      expect([part, await grouped(berlin!, part)]).toEqual([part, local]);
      expect([part, await grouped(plain!, part)]).toEqual([part, universal]);
      expect([part, await grouped(berlin!, part, 'usertimezone="true"')]).toEqual([part, local]);
      expect([part, await grouped(berlin!, part, 'usertimezone="false"')]).toEqual([part, `none:1 ${universal}`]);
    }
    const inPeriod = async (client: Client, period: number) => {
      const call = `Microsoft.Dynamics.CRM.InFiscalPeriod(PropertyName='scheduledend',PropertyValue=${period})`;
      const id = String((await client.get('WhoAmI')).body['UserId']);
      return (await client.get(`phonecalls/$count?$filter=_ownerid_value eq ${id} and ${call}`)).text;
    };
    const periods = [1, 2, 3, 4];
    expect(await Promise.all(periods.map((period) => inPeriod(berlin!, period)))).toEqual(['1', '1', '1', '1']);
    expect(await Promise.all(periods.map((period) => inPeriod(plain!, period)))).toEqual(['0', '2', '0', '2']);
  });

  test('every time zone that a user may have groups', async () => {
    const fetch = `<fetch aggregate="true"><entity name="task"><attribute name="activityid" alias="n" aggregate="count"/>
      <attribute name="scheduledend" alias="day" groupby="true" dategrouping="day"/></entity></fetch>`;
    const path = await settings(berlin!);
    for (let code = 0; code <= 300; code += 1) {
      if (zoneNameOf(code) === 'UTC') continue;
      expect((await berlin!.send('PATCH', path, { timezonecode: code })).status).toBe(204);
      const answer = await berlin!.get(`tasks?fetchXml=${encodeURIComponent(fetch)}`);
      expect([zoneNameOf(code), answer.status]).toEqual([zoneNameOf(code), 200]);
    }
  });

  test('a column that holds days has the one that the clock shows', async () => {
    for (const estimatedclosedate of ['2026-03-29', '2026-03-30'])
      await berlin!.create('opportunities', { name: estimatedclosedate, estimatedclosedate });
    const query = "opportunities?$select=name&$filter=Microsoft.Dynamics.CRM.Today(PropertyName='estimatedclosedate')";
    const names = async (client: Client) =>
      (await client.get<{ value: { name: string }[] }>(query)).body.value.map(({ name }) => name);
    expect(await names(berlin!)).toEqual(['2026-03-30']);
  });

  test('dates, times and numbers are written as the user says, at once', async () => {
    const id = await berlin!.create('opportunities', {
      name: 'Written',
      estimatedvalue: 12_345.5,
      estimatedclosedate: '2026-04-05',
      closeprobability: 1_000,
    });
    const shown = async (client: Client) => {
      const { body } = await client.get(`opportunities(${id})`, { prefer: 'odata.include-annotations="*"' });
      return ['createdon', 'estimatedclosedate', 'estimatedvalue', 'closeprobability'].map(
        (name) => body[`${name}@OData.Community.Display.V1.FormattedValue`],
      );
    };
    expect(await shown(berlin!)).toEqual(['3/30/26, 12:30 AM', '4/5/26', '$12,345.50', '1,000']);
    await berlin!.send('PATCH', await settings(berlin!), {
      dateformatstring: 'ddd dd/MM/yyyy',
      dateseparator: '.',
      timeformatstring: "HH:mm 'Uhr'",
      decimalsymbol: ',',
      numberseparator: '.',
    });
    expect(await shown(berlin!)).toEqual(['Mon 30.03.2026 00:30 Uhr', 'Sun 05.04.2026', '$12.345,50', '1.000']);
    await berlin!.send('PATCH', await settings(berlin!), { timeformatstring: 'h:mm tt', timezonecode: 4 });
    expect((await shown(berlin!))[0]).toBe('Sun 29.03.2026 3:30 PM');
    await berlin!.send('PATCH', await settings(berlin!), { timezonecode: 9_999 });
    expect((await shown(berlin!))[0]).toBe('Sun 29.03.2026 10:30 PM');
  });
});
