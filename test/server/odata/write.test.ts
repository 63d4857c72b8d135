import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, daemon, dana, miguel, type Client, type World } from '../world.ts';

forEachEngine('Writing', (engine) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(dana);
  });
  const newId = () => crypto.randomUUID();

  test('a contact is created, changed, guarded by its version, and deleted', async () => {
    const created = await client.send(
      'POST',
      'contacts?$select=fullname',
      { firstname: 'Ada', lastname: 'Byron' },
      { prefer: 'return=representation' },
    );
    expect([created.status, created.body['fullname'], created.headers['preference-applied']]).toEqual([
      201,
      'Ada Byron',
      'return=representation',
    ]);
    const path = `contacts(${String(created.body['contactid'])})`;
    expect(created.headers['odata-entityid']).toMatch(
      new RegExp(`/api/data/v9.2/contacts\\(${String(created.body['contactid'])}\\)$`),
    );
    const etag = String(created.body['@odata.etag']);
    expect((await client.get(path, { 'if-none-match': etag })).status).toBe(304);
    const changed = await client.send('PATCH', path, { lastname: 'Lovelace', telephone1: '555' }, { 'if-match': etag });
    expect(changed.status).toBe(204);
    expect((await client.get(path, { 'if-none-match': etag })).body).toMatchObject({
      fullname: 'Ada Lovelace',
      telephone1: '555',
    });
    const stale = await client.send('PATCH', path, { telephone1: '556' }, { 'if-match': etag });
    expect([stale.status, stale.body]).toMatchObject([412, { error: { code: '0x80060882' } }]);
    expect((await client.send('DELETE', path, undefined, { 'if-match': etag })).status).toBe(412);
    expect((await client.send('PUT', `${path}/telephone1`, { value: '557' })).status).toBe(204);
    expect((await client.send('DELETE', `${path}/jobtitle`)).status).toBe(204);
    expect((await client.send('DELETE', path)).status).toBe(204);
    expect((await client.send('DELETE', path)).status).toBe(404);
  });

  test('a row whose id is given as nothing gets one', async () => {
    for (const [set, key, row] of [
      ['contacts', 'contactid', { lastname: 'Nobody' }],
      ['fieldsecurityprofiles', 'fieldsecurityprofileid', { name: 'Nothing' }],
    ] as const)
      expect(await client.create(set, { ...row, [key]: null })).toMatch(/^[\da-f-]{36}$/);
  });

  test('of many who change one version at once, one does', async () => {
    const path = `contacts(${await client.create('contacts', { lastname: 'Wanted' })})`;
    const etag = String((await client.get(path)).body['@odata.etag']);
    const changes = Array.from({ length: 8 }, (_, number) =>
      client.send('PATCH', path, { telephone1: String(number) }, { 'if-match': etag }),
    );
    const statuses = (await Promise.all(changes)).map(({ status }) => status).sort();
    expect(statuses).toEqual([204, ...Array.from({ length: 7 }, () => 412)]);
  });

  test('PATCH creates what is not there, unless it is told not to', async () => {
    const path = `accounts(${newId()})`;
    expect((await client.send('PATCH', path, { name: 'New' }, { 'if-match': '*' })).status).toBe(404);
    expect((await client.send('PATCH', path, { name: 'New' }, { 'if-none-match': '*' })).status).toBe(204);
    expect((await client.send('PATCH', path, { name: 'Newer' }, { 'if-none-match': '*' })).body).toMatchObject({
      error: { code: '0x80040237' },
    });
    expect((await client.get(path)).body['name']).toBe('New');
  });

  test('a row that is known is not sent again, unless more than the row was asked for', async () => {
    const id = await client.create('accounts', { name: 'Known' });
    const etag = String((await client.get(`accounts(${id})`)).headers['etag']);
    const asked = async (path: string, headers: Record<string, string>) => (await client.get(path, headers)).status;
    const known = { 'if-none-match': etag };
    expect(await asked(`accounts(${id})?$select=name`, known)).toBe(304);
    expect(await asked(`accounts(${id})`, { 'if-none-match': 'null' })).toBe(200);
    expect(await asked(`accounts(${id})?$expand=primarycontactid`, known)).toBe(200);
    expect(await asked(`accounts(${id})`, { ...known, prefer: 'odata.include-annotations="*"' })).toBe(200);
    await client.send('PATCH', `accounts(${id})`, { telephone1: '1' });
    expect(await asked(`accounts(${id})`, known)).toBe(200);
    for (const [method, path, body] of [
      ['PUT', `accounts(${id})/telephone1`, { value: '2' }],
      ['DELETE', `accounts(${id})/telephone1`, undefined],
      ['PUT', `accounts(${id})/primarycontactid/$ref`, { '@odata.id': `contacts(${newId()})` }],
    ] as const) {
      const stale = await client.send(method, path, body, { 'if-match': etag });
      expect([method, stale.status, stale.body]).toMatchObject([method, 412, { error: { code: '0x80060882' } }]);
    }
    const now = String((await client.get(`accounts(${id})`)).headers['etag']);
    expect((await client.send('PUT', `accounts(${id})/telephone1`, { value: '3' }, { 'if-match': now })).status).toBe(
      204,
    );
  });

  test('what only the server sets is left alone, and what is required stays', async () => {
    const users = (await client.get('systemusers/$count')).text;
    const id = await client.create('accounts', {
      name: 'Guarded',
      overriddencreatedon: '2001-02-03T04:05:06Z',
      createdby: { firstname: 'Nobody' },
      modifiedby: null,
      owningbusinessunit: null,
      versionnumber: 1,
    });
    const path = `accounts(${id})?$select=name,createdon,_createdby_value,_modifiedby_value,_owningbusinessunit_value`;
    const created = (await client.get(path)).body;
    expect(created['createdon']).toBe('2001-02-03T04:05:06Z');
    expect((await client.get('systemusers/$count')).text).toBe(users);
    const changes = { createdon: '1999-01-01T00:00:00Z', 'createdby@odata.bind': null, owningbusinessunit: null };
    expect((await client.send('PATCH', `accounts(${id})`, { accountid: newId(), ...changes })).status).toBe(204);
    expect((await client.get(path)).body).toMatchObject({ ...created, '@odata.etag': expect.any(String) });
    for (const [method, where, body] of [
      ['PATCH', '', { name: null }],
      ['PATCH', '', { name: '' }],
      ['PUT', '/name', { value: null }],
      ['DELETE', '/name', undefined],
    ] as const) {
      const answer = await client.send<{ error: { message: string } }>(method, `accounts(${id})${where}`, body);
      expect(answer.status).toBe(400);
      expect(answer.body.error.message).toContain("'name'");
    }
    expect((await client.get(path)).body['name']).toBe('Guarded');
  });

  test('of several navigations of one lookup, the one that leads somewhere counts', async () => {
    const account = await client.create('accounts', { name: 'Somewhere' });
    const bound = { 'parentcustomerid_account@odata.bind': `/accounts(${account})` };
    const nothing = { 'parentcustomerid_contact@odata.bind': null, parentcustomerid_contact: null };
    for (const body of [
      { ...bound, ...nothing },
      { ...nothing, ...bound },
    ]) {
      const id = await client.create('contacts', { lastname: 'Several', ...body });
      expect((await client.get(`contacts(${id})`)).body['_parentcustomerid_value']).toBe(account);
      expect((await client.send('PATCH', `contacts(${id})`, { parentcustomerid: null })).status).toBe(204);
      const { body: cleared } = await client.get(`contacts(${id})?$expand=parentcustomerid_account`);
      expect([cleared['_parentcustomerid_value'], cleared['parentcustomerid_account']]).toEqual([null, null]);
    }
  });

  test('a row is created together with what belongs to it', async () => {
    const accountid = await client.create('accounts', {
      name: 'Deep',
      primarycontactid: { firstname: 'Inner', lastname: 'Person' },
      opportunity_customer_accounts: [{ name: 'First' }, { name: 'Second' }],
    });
    const { body } = await client.get(
      `accounts(${accountid})?$expand=primarycontactid($select=fullname),opportunity_customer_accounts($select=name;$orderby=name)`,
    );
    expect(body).toMatchObject({
      primarycontactid: { fullname: 'Inner Person' },
      opportunity_customer_accounts: [{ name: 'First' }, { name: 'Second' }],
    });
    await client.send('DELETE', `accounts(${accountid})`);
    // They follow their customer; the contact, a mere lookup of the account, does not.
    expect((await client.get("opportunities/$count?$filter=name eq 'First'")).text).toBe('0');
    expect((await client.get("contacts/$count?$filter=lastname eq 'Person'")).text).toBe('1');
  });

  test('the parties of a draft are replaced as a set', async () => {
    const id = await client.create('emails', {
      subject: 'Draft',
      email_activity_parties: [{ participationtypemask: 2, addressused: 'a@x' }],
    });
    const changed = await client.send('PATCH', `emails(${id})`, {
      email_activity_parties: [
        { participationtypemask: 2, addressused: 'b@x' },
        { participationtypemask: 3, addressused: 'c@x' },
      ],
    });
    expect(changed.status).toBe(204);
    const { body } = await client.get(`emails(${id})/email_activity_parties?$select=addressused&$orderby=addressused`);
    expect(body['value']).toMatchObject([{ addressused: 'b@x' }, { addressused: 'c@x' }]);
  });

  test('status and status reason keep together', async () => {
    const id = await client.create('leads', { subject: 'Interested', lastname: 'Lead' });
    expect((await client.get(`leads(${id})`)).body).toMatchObject({ statecode: 0, statuscode: 1, leadqualitycode: 2 });
    expect((await client.send('PATCH', `leads(${id})`, { statuscode: 5 })).status).toBe(204);
    expect((await client.get(`leads(${id})`)).body).toMatchObject({ statecode: 2, statuscode: 5 });
    expect((await client.send('PATCH', `leads(${id})`, { statecode: 0, statuscode: 3 })).body).toMatchObject({
      error: { code: '0x80048408' },
    });
    expect((await client.send('PATCH', `leads(${id})`, { statecode: 0 })).status).toBe(204);
    expect((await client.get(`leads(${id})`)).body).toMatchObject({ statecode: 0, statuscode: 1 });
  });

  test.each([
    ['an unknown column', { shoesize: 'x' }, 'shoesize'],
    ['a prototype name', { constructor: 'x' }, 'constructor'],
    ['a number for a text', { firstname: 5 }, 'firstname'],
    ['a text that is too long', { jobtitle: 'x'.repeat(101) }, 'jobtitle'],
    ['an unknown choice', { preferredcontactmethodcode: 99 }, 'preferredcontactmethodcode'],
    ['a date that is none', { birthdate: '2026-02-30' }, 'birthdate'],
    ['a lookup by its value', { parentcustomerid: newId() }, 'parentcustomerid'],
    ['a lookup to nowhere', { 'parentcustomerid_account@odata.bind': `/accounts(${newId()})` }, 'Does Not Exist'],
    [
      'a lookup to the wrong table',
      { 'parentcustomerid_account@odata.bind': `/contacts(${newId()})` },
      'parentcustomerid_account',
    ],
    ['a lookup that is no address', { 'parentcustomerid_account@odata.bind': 'drop table' }, 'address'],
    ['a list', [], 'object'],
    ['a text', '"hello"', 'object'],
    ['half a body', '{"firstname": "x', 'JSON'],
    ['a body of nothing', '', 'JSON'],
    ['a very deep body', '['.repeat(200_000), 'JSON'],
  ])('%s is refused, and nothing is stored', async (_name, body, word) => {
    const before = (await client.get('contacts/$count')).text;
    const answer = await client.send<{ error: { message: string } }>('POST', 'contacts', body);
    expect(answer.status === 404 ? 400 : answer.status).toBe(400);
    expect(answer.body.error.message).toContain(word);
    expect((await client.get('contacts/$count')).text).toBe(before);
  });

  test('text is stored as it is, whatever its letters', async () => {
    const lastname = `'; drop table contact; -- "quoted" \\ % _ ☕ 漢字`;
    const id = await client.create('contacts', { lastname: `${lastname}\u0000` });
    expect((await client.get(`contacts(${id})?$select=lastname`)).body['lastname']).toBe(lastname);
  });

  test('users are changed by administrators only; a disabled one is shut out at once', async () => {
    const me = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    expect((await world.as(miguel).send('PATCH', `systemusers(${me})`, { title: 'King' })).status).toBe(403);
    expect((await client.send('PATCH', `systemusers(${me})`, { isdisabled: true })).status).toBe(204);
    expect((await world.as(miguel).get('WhoAmI')).status).toBe(403);
    await client.send('PATCH', `systemusers(${me})`, { isdisabled: false });
    expect((await world.as(miguel).get('WhoAmI')).status).toBe(200);
  });

  test('an application acts for a person; a person does not', async () => {
    await world.as(miguel).get('WhoAmI');
    const headers = { callerobjectid: miguel.objectId };
    const asMiguel = await world.as(daemon).get('WhoAmI', headers);
    expect(asMiguel.body['UserId']).toBe((await world.as(miguel).get('WhoAmI')).body['UserId']);
    expect((await client.get('WhoAmI', headers)).status).toBe(403);
    expect((await world.as(daemon).get('WhoAmI', { callerobjectid: newId() })).status).toBe(403);
    const byId = { mscrmcallerid: String(asMiguel.body['UserId']) };
    expect((await world.as(daemon).get('WhoAmI', byId)).body['UserId']).toBe(asMiguel.body['UserId']);
    expect((await world.as(miguel).get('WhoAmI', byId)).status).toBe(200);
    expect((await client.get('WhoAmI', byId)).status).toBe((await client.get('WhoAmI', headers)).status);
    expect((await world.as(daemon).get('WhoAmI', { mscrmcallerid: newId() })).status).toBe(403);
    expect((await world.as(daemon).get('WhoAmI', { mscrmcallerid: 'x' })).status).toBe(400);
  });
});
