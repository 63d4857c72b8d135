import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client } from '../world.ts';

/** A Wednesday. The week began on Sunday the 12th. */
const NOW = new Date('2024-05-15T10:30:00Z');
const tasks = {
  D: '2014-03-01T00:00:00Z',
  Y: '2023-05-14T23:59:59Z',
  Q: '2024-02-10T08:00:00Z',
  M: '2024-04-30T23:59:59Z',
  W: '2024-05-11T23:59:59Z',
  S: '2024-05-12T00:00:00Z',
  e: '2024-05-14T12:00:00Z',
  h: '2024-05-15T09:45:00Z',
  n: '2024-05-15T10:30:00Z',
  t: '2024-05-15T23:59:59Z',
  T: '2024-05-16T00:00:00Z',
  k: '2024-05-19T00:00:00Z',
  m: '2024-06-01T00:00:00Z',
  q: '2024-07-01T00:00:00Z',
  y: '2025-05-15T10:30:00Z',
  0: null,
};

/** function -> the tasks whose end it finds, in the order of their ends */
const moments: [string, string][] = [
  ['Today()', 'hnt'],
  ['Yesterday()', 'e'],
  ['Tomorrow()', 'T'],
  ['Last7Days()', 'WSehnt'],
  ['Next7Days()', 'hntTk'],
  ['LastWeek()', 'W'],
  ['ThisWeek()', 'SehntT'],
  ['NextWeek()', 'k'],
  ['LastMonth()', 'M'],
  ['ThisMonth()', 'WSehntTk'],
  ['NextMonth()', 'm'],
  ['LastYear()', 'Y'],
  ['ThisYear()', 'QMWSehntTkmq'],
  ['NextYear()', 'y'],
  ['LastFiscalPeriod()', 'Q'],
  ['ThisFiscalPeriod()', 'MWSehntTkm'],
  ['NextFiscalPeriod()', 'q'],
  ['LastFiscalYear()', 'Y'],
  ['ThisFiscalYear()', 'QMWSehntTkmq'],
  ['NextFiscalYear()', 'y'],
  ['LastXHours(1)', 'hn'],
  ['LastXHours(24)', 'ehn'],
  ['LastXDays(1)', 'ehn'],
  ['LastXDays(3)', 'Sehn'],
  ['LastXWeeks(1)', 'WSehn'],
  ['LastXMonths(1)', 'MWSehn'],
  ['LastXYears(1)', 'QMWSehn'],
  ['LastXYears(100000)', 'DYQMWSehn'],
  ['NextXHours(13)', 'nt'],
  ['NextXHours(14)', 'ntT'],
  ['NextXDays(1)', 'ntT'],
  ['NextXWeeks(1)', 'ntTk'],
  ['NextXMonths(1)', 'ntTkm'],
  ['NextXYears(1)', 'ntTkmqy'],
  ['NextXYears(100000)', 'ntTkmqy'],
  ['OlderThanXMinutes(30)', 'DYQMWSeh'],
  ['OlderThanXMinutes(45)', 'DYQMWSe'],
  ['OlderThanXHours(1)', 'DYQMWSe'],
  ['OlderThanXDays(1)', 'DYQMWS'],
  ['OlderThanXWeeks(1)', 'DYQM'],
  ['OlderThanXMonths(1)', 'DYQ'],
  ['OlderThanXYears(1)', 'DY'],
  ['LastXFiscalPeriods(1)', 'Q'],
  ['LastXFiscalPeriods(4)', 'YQ'],
  ['LastXFiscalYears(1)', 'Y'],
  ['LastXFiscalYears(10)', 'DY'],
  ['NextXFiscalPeriods(1)', 'q'],
  ['NextXFiscalPeriods(4)', 'qy'],
  ['NextXFiscalYears(1)', 'y'],
  ["On('2024-05-15')", 'hnt'],
  ['On(2024-05-14T18:00:00Z)', 'e'],
  ['OnOrAfter(2024-05-16)', 'Tkmqy'],
  ["OnOrBefore('2024-05-11')", 'DYQMW'],
  ['InFiscalYear(2024)', 'QMWSehntTkmq'],
  ['InFiscalPeriod(1)', 'DQ'],
  ['InFiscalPeriod(2)', 'YMWSehntTkmy'],
  ['InFiscalPeriodAndYear(2,2023)', 'Y'],
  ['InOrAfterFiscalPeriodAndYear(3,2024)', 'qy'],
  ['InOrBeforeFiscalPeriodAndYear(1,2024)', 'DYQ'],
  ['Between(["2024-05-15","2024-05-16"])', 'hntT'],
  ['NotBetween(["2015-01-01","2025-01-01"])', '0Dy'],
  ['In(["2024-05-12T00:00:00Z","2024-06-01"])', 'Sm'],
  ['NotIn(["2014-03-01","2023-05-14T23:59:59Z"])', '0QMWSehntTkmqy'],
];

/** `On(x)` as it is written: every value under its documented name. */
function written(call: string, property: string): string {
  const [, name = '', inside = ''] = /^(\w+)\((.*)\)$/.exec(call) ?? [];
  const values = inside.startsWith('[') ? [inside] : inside === '' ? [] : inside.split(',');
  const names = inside.startsWith('[')
    ? ['PropertyValues']
    : values.length > 1
      ? ['PropertyValue1', 'PropertyValue2']
      : ['PropertyValue'];
  const given = values.map((value, index) => `,${names[index]}=${value}`).join('');
  return `Microsoft.Dynamics.CRM.${name}(PropertyName='${property}'${given})`;
}

const ids = {
  A: 'a0000000-0000-4000-8000-00000000000a',
  B: 'a0000000-0000-4000-8000-00000000000b',
  C: 'a0000000-0000-4000-8000-00000000000c',
  D: 'a0000000-0000-4000-8000-00000000000d',
  E: 'a0000000-0000-4000-8000-00000000000e',
};

const hierarchy: [string, string][] = [
  [`Above('${ids.C}')`, 'A,B'],
  [`AboveOrEqual('${ids.C}')`, 'A,B,C'],
  [`Above('${ids.A}')`, ''],
  [`Under('${ids.A}')`, 'B,C,D'],
  [`UnderOrEqual(${ids.B})`, 'B,C'],
  [`NotUnder('${ids.A}')`, 'A,E,F,G,H,I'],
  [`Under('${ids.E}')`, 'F'],
];

const owners: [string, string][] = [
  ['EqualUserId()', 'A,B,C,D,E,F'],
  ['NotEqualUserId()', 'G,H,I'],
  ['EqualUserOrUserHierarchy()', 'A,B,C,D,E,F,G'],
  ['EqualUserTeams()', 'H'],
  ['EqualUserOrUserTeams()', 'A,B,C,D,E,F,H'],
  ['EqualUserOrUserHierarchyAndTeams()', 'A,B,C,D,E,F,G,H,I'],
];

const wrong: [string, string][] = [
  ['Contains(PropertyName=%27name%27,PropertyValue=%27x%27)', 'Unknown Condition Operator: Contains'],
  ['ContainValues(PropertyName=%27name%27,PropertyValues=[%221%22])', 'several choices'],
  ['Nothing(PropertyName=%27name%27)', 'Nothing'],
  ['Today(PropertyName=%27name%27)', 'Today works on dates; name is string'],
  ['Today(PropertyName=%27nothing%27)', 'nothing'],
  ['Today()', 'PropertyName'],
  ['Today(PropertyName=%27createdon%27,PropertyValue=1)', 'no parameter PropertyValue'],
  ['LastXDays(PropertyName=%27createdon%27)', 'needs a PropertyValue'],
  ['LastXDays(PropertyName=%27createdon%27,PropertyValue=0)', 'from 1 to'],
  ['LastXDays(PropertyName=%27createdon%27,PropertyValue=1.5)', 'whole number'],
  ['LastXDays(PropertyName=%27createdon%27,PropertyValue=%27%27)', 'whole number'],
  ['InFiscalPeriod(PropertyName=%27createdon%27,PropertyValue=5)', 'from 1 to 4'],
  ['On(PropertyName=%27createdon%27,PropertyValue=%27soon%27)', 'createdon'],
  ['In(PropertyName=%27name%27,PropertyValues=[])', 'at least one'],
  ['In(PropertyName=%27name%27,PropertyValues=[null])', 'null'],
  ['In(PropertyName=%27name%27,PropertyValue=%27x%27)', 'no parameter PropertyValue'],
  ['In(PropertyName=%27name%27,PropertyValues=[%22\\q%22])', 'Invalid JSON'],
  ['Between(PropertyName=%27revenue%27,PropertyValues=[1])', 'exactly two'],
  ['Between(PropertyName=%27revenue%27,PropertyValues=[%22a%22,%22b%22])', 'revenue'],
  ['Under(PropertyName=%27accountid%27,PropertyValue=%27x%27)', 'accountid'],
  [`Under(PropertyName=%27primarycontactid/createdon%27,PropertyValue=%27${ids.A}%27)`, 'hierarchy'],
];

/** A team with one member, which may own rows because it has the first role that there is. */
async function ownerTeam(client: Client, member: string): Promise<string> {
  const { body } = await client.get<{ value: Record<string, string>[] }>(
    "roles?$select=name&$filter=name eq 'System Administrator'",
  );
  const team = await client.create('teams', { name: `Team of ${member}` });
  for (const [navigation, address] of [
    ['teammembership_association', `systemusers(${member})`],
    ['teamroles_association', `roles(${body.value[0]?.['roleid']})`],
  ]) {
    const linked = await client.send('POST', `teams(${team})/${navigation}/$ref`, { '@odata.id': address });
    if (linked.status !== 204) throw new Error(linked.text);
  }
  return team;
}

forEachEngine('Query functions', (engine) => {
  let client: Client;
  beforeAll(async () => {
    const world = await createWorld(await engine.open(), { now: () => NOW });
    client = world.as(dana);
    for (const [subject, scheduledend] of Object.entries(tasks))
      await client.create('tasks', { subject, scheduledend });
    const parents = { B: ids.A, C: ids.B, D: ids.A, F: ids.E };
    for (const [name, id] of [...Object.entries(ids), ['F', undefined] as const]) {
      const parent = Object.entries(parents).find(([child]) => child === name)?.[1];
      await client.create('accounts', {
        name,
        ...(id === undefined ? {} : { accountid: id }),
        ...(parent === undefined ? {} : { 'parentaccountid@odata.bind': `accounts(${parent})` }),
      });
    }
    await client.create('contacts', { lastname: 'of C', 'parentcustomerid_account@odata.bind': `accounts(${ids.C})` });
    const report = (await world.as(miguel).get('WhoAmI')).body['UserId'];
    const me = (await client.get('WhoAmI')).body['UserId'];
    await client.send('PATCH', `systemusers(${String(report)})`, {
      'parentsystemuserid@odata.bind': `systemusers(${String(me)})`,
    });
    await world.as(miguel).create('accounts', { name: 'G' });
    for (const [name, member] of [
      ['H', me],
      ['I', report],
    ]) {
      const team = await ownerTeam(client, String(member));
      await client.create('accounts', { name, 'ownerid@odata.bind': `teams(${team})` });
    }
  }, 60_000);

  const named = async (set: string, column: string, filter: string, order = column) => {
    const path = `${set}?$select=${column}&$orderby=${order}&$filter=${encodeURIComponent(filter)}`;
    const { status, body, text } = await client.get<{ value: Record<string, string>[] }>(path);
    return status === 200 ? body.value.map((row) => row[column]) : text;
  };

  test.each(moments)('%s -> %s', async (call, expected) => {
    expect(await named('tasks', 'subject', written(call, 'scheduledend'), 'scheduledend')).toEqual([...expected]);
  });

  test.each(hierarchy)('%s -> %s', async (call, expected) => {
    expect(await named('accounts', 'name', written(call, 'accountid'))).toEqual(
      expected === '' ? [] : expected.split(','),
    );
  });

  test.each(owners)('%s -> %s', async (call, expected) => {
    expect(await named('accounts', 'name', written(call, 'ownerid'))).toEqual(
      expected === '' ? [] : expected.split(','),
    );
  });

  test('a lookup is under a row when the row it points to is', async () => {
    expect(await named('contacts', 'lastname', written(`Under('${ids.A}')`, 'parentcustomerid'))).toEqual(['of C']);
    expect(await named('contacts', 'lastname', written(`Under('${ids.C}')`, 'parentcustomerid'))).toEqual([]);
  });

  test('a loop in a hierarchy ends', async () => {
    const [x, y] = [await client.create('accounts', { name: 'X' }), await client.create('accounts', { name: 'Y' })];
    await client.send('PATCH', `accounts(${x})`, { 'parentaccountid@odata.bind': `accounts(${y})` });
    await client.send('PATCH', `accounts(${y})`, { 'parentaccountid@odata.bind': `accounts(${x})` });
    expect(await named('accounts', 'name', written(`Under('${x}')`, 'accountid'))).toEqual(['Y']);
    for (const id of [x, y]) await client.send('DELETE', `accounts(${id})`);
  });

  test('a function stands behind the variable of a lambda, and takes its values from aliases', async () => {
    const inside = 'contact_customer_accounts/any(c:c/Microsoft.Dynamics.CRM.In(PropertyName=@p,PropertyValues=@v))';
    const aliases = `@p='lastname'&@v=${encodeURIComponent('["O\'Brian","of C","\\u0041"]')}`;
    const { body } = await client.get<{ value: object[] }>(`accounts?$select=name&$filter=${inside}&${aliases}`);
    expect(body.value).toMatchObject([{ name: 'C' }]);
  });

  test.each(wrong)('%s is refused: %s', async (call, word) => {
    const { status, body } = await client.get(`accounts?$filter=Microsoft.Dynamics.CRM.${call}`);
    const code = call.startsWith('Contains(') ? '0x80041120' : '0x80060888';
    expect([status, body['error']]).toEqual([400, { code, message: expect.stringContaining(word) }]);
  });
});
