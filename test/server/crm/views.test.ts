import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

type Rows = { value: Record<string, unknown>[] } & Record<string, unknown>;
type Failure = { error: { code: string; message: string } };

const fetchOf = (table: string, inside: string) => `<fetch><entity name="${table}">${inside}</entity></fetch>`;

forEachEngine('Stored views', (engine) => {
  let world: World;
  let client: Client;
  let database: Awaited<ReturnType<typeof engine.open>>;

  beforeAll(async () => {
    database = await engine.open();
    world = await createWorld(database);
    client = world.as(dana);
    const firm = await client.create('accounts', { name: 'Firm', telephone1: '1' });
    await client.create('accounts', { name: 'Closed', statecode: 1 });
    for (const lastname of ['Berg', 'Dahl', 'Olsen'])
      await client.create('contacts', { lastname, 'parentcustomerid_account@odata.bind': `accounts(${firm})` });
    await world.as(miguel).create('contacts', { lastname: 'Santos' });
    await client.create('contacts', { lastname: 'Gone', statecode: 1 });
  });

  const idOf = async (name: string) => {
    const { body } = await client.get<Rows>(`savedqueries?$select=name&$filter=name eq '${name}'`);
    return String(body.value[0]?.['savedqueryid']);
  };
  const namesIn = async (path: string, who = client) => {
    const { body, status, text } = await who.get<Rows>(path);
    if (status !== 200) throw new Error(`${status} ${text}`);
    return body.value.map((row) => row['fullname'] ?? row['name']);
  };

  test('every ready-made view runs on its table, and its layout names its columns', async () => {
    const { body } = await client.get<Rows>('savedqueries?$select=name,returnedtypecode,fetchxml,layoutxml,isdefault');
    expect(body.value.length).toBeGreaterThan(30);
    const sets = new Map([['opportunity', 'opportunities']]);
    for (const view of body.value) {
      const table = String(view['returnedtypecode']);
      const answer = await client.get(`${sets.get(table) ?? `${table}s`}?savedQuery=${String(view['savedqueryid'])}`);
      expect([view['name'], answer.status]).toEqual([view['name'], 200]);
    }
    const defaults = body.value.filter((view) => view['isdefault'] === true).map((view) => view['returnedtypecode']);
    expect(new Set(defaults).size).toBe(defaults.length);
  });

  test('a second start adds nothing, and brings back what is missing', async () => {
    const count = async () => Number((await client.get('savedqueries/$count')).text);
    const before = await count();
    await client.send('DELETE', `savedqueries(${await idOf('All Teams')})`);
    await createWorld(database);
    expect(await count()).toBe(before);
  });

  test('My Active Contacts is something else to everybody', async () => {
    const active = await idOf('Active Contacts');
    const mine = await idOf('My Active Contacts');
    expect(await namesIn(`contacts?savedQuery=${active}`)).toEqual(['Berg', 'Dahl', 'Olsen', 'Santos']);
    expect(await namesIn(`contacts?savedQuery=${mine}`)).toEqual(['Berg', 'Dahl', 'Olsen']);
    expect(await namesIn(`contacts?savedQuery=${mine}`, world.as(miguel))).toEqual(['Santos']);
    expect(await namesIn('accounts?savedQuery=00000000-0000-0000-00aa-000010001002')).toEqual(['Firm']);
  });

  test('its rows are counted beside them; /$count does not count them in another way', async () => {
    const active = await idOf('Active Contacts');
    const fetchXml = `fetchXml=${encodeURIComponent(fetchOf('contact', '<attribute name="fullname"/>'))}`;
    const [firm] = (await client.get<Rows>("accounts?$filter=name eq 'Firm'")).body.value;
    const inside = `accounts(${String(firm?.['accountid'])})/contact_customer_accounts`;
    expect((await client.get<Rows>(`contacts?savedQuery=${active}&$count=true`)).body['@odata.count']).toBe(4);
    expect((await client.get<Rows>(`contacts?${fetchXml}&$count=true`)).body['@odata.count']).toBe(5);
    expect((await client.get('contacts/$count')).text).toBe('5');
    expect((await client.get(`${inside}/$count`)).text).toBe('3');
    expect((await client.get(`${inside}/$count?$filter=lastname ne 'Dahl'`)).text).toBe('2');
    expect(
      (await world.as(miguel).get('accounts(00000000-0000-4000-8000-000000000009)/Account_Tasks/$count')).status,
    ).toBe(404);
    const refused: [path: string, named: string][] = [
      [`contacts/$count?savedQuery=${active}`, 'savedQuery'],
      [`contacts/$count?userQuery=${active}`, 'userQuery'],
      [`contacts/$count?${fetchXml}`, 'fetchXml'],
      [`${inside}/$count?${fetchXml}`, 'fetchXml'],
      [`${inside}/$count?$deltatoken=x`, '$deltatoken'],
      [`contacts?${fetchXml}&savedQuery=${active}`, 'savedQuery'],
      [`contacts?savedQuery=${active}&userQuery=${active}`, 'userQuery'],
    ];
    for (const [path, named] of refused) {
      const { status, body } = await client.get<Failure>(path);
      expect([path, status, body.error.message]).toEqual([path, 400, expect.stringContaining(named)]);
    }
  });

  test('further options, on a collection too, and pages by nextLink', async () => {
    const active = await idOf('Active Contacts');
    expect(await namesIn(`contacts?savedQuery=${active}&$filter=startswith(lastname,'d')`)).toEqual(['Dahl']);
    expect(await namesIn(`contacts?savedQuery={${active}}&$top=2`)).toEqual(['Berg', 'Dahl']);
    const filter = "$filter=parentcustomerid_account/name eq 'Firm'";
    expect(await namesIn(`contacts?savedQuery=${active}&${filter}`)).toEqual(['Berg', 'Dahl', 'Olsen']);
    const [firm] = (await client.get<Rows>("accounts?$filter=name eq 'Firm'")).body.value;
    const inside = `accounts(${String(firm?.['accountid'])})/contact_customer_accounts?savedQuery=${active}`;
    expect(await namesIn(inside)).toEqual(['Berg', 'Dahl', 'Olsen']);
    const chosen = await client.get<Rows>(`contacts?savedQuery=${active}&$select=lastname&$count=true&$top=1`);
    expect(chosen.body).toMatchObject({ '@odata.count': 4, value: [{ lastname: 'Berg' }] });
    expect(chosen.body.value[0]).not.toHaveProperty('fullname');

    const found: unknown[] = [];
    let next: string | undefined = `contacts?savedQuery=${active}`;
    while (next !== undefined) {
      const page: { body: Rows } = await client.get<Rows>(next, { prefer: 'odata.maxpagesize=3' });
      found.push(page.body.value.map((row) => row['fullname']));
      next = (page.body['@odata.nextLink'] as string | undefined)?.replace('http://localhost:80/api/data/v9.2/', '');
    }
    expect(found).toEqual([['Berg', 'Dahl', 'Olsen'], ['Santos']]);
  });

  test('a view of one’s own', async () => {
    const id = await client.create('userqueries', {
      name: 'With D',
      returnedtypecode: 'contact',
      querytype: 0,
      fetchxml: fetchOf(
        'contact',
        '<attribute name="lastname"/><attribute name="fullname"/><filter><condition attribute="lastname" operator="like" value="d%"/></filter>',
      ),
    });
    expect(await namesIn(`contacts?userQuery=${id}`)).toEqual(['Dahl']);
    // What is wrong with it is said when it is changed, and it stays as it was.
    const bad = await client.send('PATCH', `userqueries(${id})`, {
      fetchxml: fetchOf('contact', '<attribute name="colour"/>'),
    });
    expect(bad.status).toBe(400);
    expect(await namesIn(`contacts?userQuery=${id}`)).toEqual(['Dahl']);
    const { status } = await world.as(miguel).get(`contacts?userQuery=${id}`);
    expect(status).toBe(404);
  });

  test.each([
    ['broken XML', { fetchxml: '<fetch>' }, '0x80040201', 'unclosed'],
    ['an unknown column', { fetchxml: fetchOf('contact', '<attribute name="colour"/>') }, '0x80041103', 'colour'],
    [
      'an unknown column in an order',
      { fetchxml: fetchOf('contact', '<order attribute="colour"/>') },
      '0x80041103',
      'colour',
    ],
    [
      'an unknown operator',
      { fetchxml: fetchOf('contact', '<filter><condition attribute="lastname" operator="near"/></filter>') },
      '0x80041120',
      'near',
    ],
    [
      'an aggregate without an alias',
      {
        fetchxml:
          '<fetch aggregate="1"><entity name="contact"><attribute name="lastname" aggregate="count"/></entity></fetch>',
      },
      '0x8004110b',
      'lastname',
    ],
    ['another table', { fetchxml: fetchOf('account', '') }, '0x80041128', 'account'],
    ['a DTD', { fetchxml: `<!DOCTYPE fetch><fetch/>` }, '0x80040201', 'document type'],
    ['a broken layout', { layoutxml: '<grid>' }, '0x80040201', 'unclosed'],
  ])('is checked when it is written: %s', async (_, part, code, named) => {
    const view = { name: 'Bad', returnedtypecode: 'contact', querytype: 0, ...part };
    for (const set of ['savedqueries', 'userqueries']) {
      const { status, body } = await client.send<Failure>('POST', set, view);
      expect(status).toBe(400);
      expect(body.error.code).toBe(code);
      expect(body.error.message).toContain(named);
    }
    expect(await namesIn("userqueries?$filter=name eq 'Bad'")).toEqual([]);
  });

  test.each([
    ['a view that is not there', 'contacts?savedQuery=00000000-0000-0000-0000-000000000001', 404, '00000001'],
    ['no id', 'contacts?savedQuery=active', 400, 'active'],
    ['a view of another table', 'contacts?savedQuery=00000000-0000-0000-00aa-000010001002', 400, 'account'],
    [
      'an option that has no place',
      'contacts?savedQuery=00000000-0000-0000-00aa-000010001004&$expand=ownerid',
      400,
      '$expand',
    ],
    ['an unknown column', 'contacts?savedQuery=00000000-0000-0000-00aa-000010001004&$select=colour', 400, 'colour'],
    [
      'a cookie of nobody',
      'contacts?savedQuery=00000000-0000-0000-00aa-000010001004&$skiptoken=abc',
      400,
      '$skiptoken',
    ],
  ])('refused: %s', async (_, path, status, named) => {
    const answer = await client.get<Failure>(path);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toContain(named);
  });
});
