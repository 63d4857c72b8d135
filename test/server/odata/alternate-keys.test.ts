import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

interface Failure {
  error: { code: string; message: string };
}

forEachEngine('A row named by an alternate key', (engine) => {
  let world: World;
  let client: Client;
  let accountid: string;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(dana);
    accountid = await client.create('accounts', { name: "O'Neil & Sons", accountnumber: "A'1 &=,Ä" });
    await client.create('accounts', { name: 'Without a number' });
    await client.create('accounts', { name: 'With an empty number', accountnumber: '' });
    await client.create('accounts', { name: 'With another empty number', accountnumber: '' });
  });
  const key = (number: string) => `accounts(accountnumber='${encodeURIComponent(number.replaceAll("'", "''"))}')`;

  test('is read, whatever the case and the letters of the key, with all that hangs on it', async () => {
    expect((await client.get(key("A'1 &=,Ä"))).body['accountid']).toBe(accountid);
    expect((await client.get(`${key("a'1 &=,a\u0308")}/name`)).body['value']).toBe("O'Neil & Sons");
    expect((await client.get(`${key("A'1 &=,Ä")}/account_parent_account`)).body['value']).toEqual([]);
  });

  test.each([
    ['a value that no row has', "accounts(accountnumber='none')", 404, '0x80060891', 'account'],
    ['an empty value', "accounts(accountnumber='')", 400, '0x80060888', 'accountnumber'],
    ['no value', 'accounts(accountnumber=null)', 400, '0x80060888', 'accountnumber'],
    ['a column that is no key', "accounts(name='x')", 400, '0x80060888', 'declared keys'],
    ['too many columns', "accounts(accountnumber='x',name='y')", 400, '0x80060888', 'declared keys'],
    ['a prototype name', "accounts(constructor='x')", 400, '0x80060888', 'constructor'],
    ['an alias', 'accounts(accountnumber=@p)', 400, '0x80060888', 'accountnumber'],
    ['a text without its column', "accounts('x')", 400, '0x80060888', 'GUID'],
    [
      'the own key of a user',
      'systemusers(systemuserid=00000000-0000-0000-0000-000000000001)',
      400,
      '0x80060888',
      'systemuserid',
    ],
    ['an open quote', "accounts(accountnumber='x)", 400, '0x80060888', 'not closed'],
  ])('%s is refused', async (_name, path, status, code, word) => {
    const { status: answered, body } = await client.get<Failure>(path);
    expect([answered, body.error.code]).toEqual([status, code]);
    expect(body.error.message).toContain(word);
  });

  test('is no more there than any other for who may not see it', async () => {
    const person = world.as(miguel);
    const held = `systemusers(${String((await person.get('WhoAmI')).body['UserId'])})/systemuserroles_association`;
    for (const { roleid } of (await client.get<{ value: { roleid: string }[] }>(held)).body.value)
      await client.send('DELETE', `${held}(${roleid})/$ref`);
    const role = await client.create('roles', { name: 'Own accounts' });
    const names = ['prvReadAccount', 'prvWriteAccount', 'prvDeleteAccount', 'prvReadUser'];
    await client.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
      Privileges: names.map((PrivilegeName) => ({ PrivilegeName, Depth: 'Basic' })),
    });
    await client.send('POST', `${held}/$ref`, { '@odata.id': `roles(${role})` });
    for (const [method, rest] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/name'],
    ] as const) {
      const { status, body } = await person.send<Failure>(method, `${key("A'1 &=,Ä")}${rest}`);
      expect([method, rest, status, body.error.code]).toEqual([method, rest, 404, '0x80060891']);
    }
  });

  test('a user is named by the key of its principal', async () => {
    const me = String((await client.get('WhoAmI')).body['UserId']);
    expect((await client.get(`systemusers(ownerid=${me})`)).body['systemuserid']).toBe(me);
  });

  test('is bound, by a lookup and by a link, under its key', async () => {
    const contactid = await client.create('contacts', {
      lastname: 'Bound',
      'parentcustomerid_account@odata.bind': `/${key("A'1 &=,Ä")}`,
    });
    expect((await client.get(`contacts(${contactid})`)).body['_parentcustomerid_value']).toBe(accountid);
    const nowhere = await client.send<Failure>('POST', 'contacts', {
      lastname: 'Nowhere',
      'parentcustomerid_account@odata.bind': "accounts(accountnumber='none')",
    });
    expect([nowhere.status, nowhere.body.error.code]).toEqual([404, '0x80060891']);
    const opportunityid = await client.create('opportunities', { name: 'Linked' });
    const body = { '@odata.id': `https://somewhere.example/api/data/v9.1/${key("a'1 &=,ä")}` };
    expect((await client.send('PUT', `opportunities(${opportunityid})/customerid_account/$ref`, body)).status).toBe(
      204,
    );
    expect((await client.get(`opportunities(${opportunityid})`)).body['_customerid_value']).toBe(accountid);
  });

  test('is created or changed by PATCH, as the headers allow', async () => {
    const path = key('U 1');
    const guarded = await client.send<Failure>('PATCH', path, { name: 'Never' }, { 'if-match': '*' });
    expect([guarded.status, guarded.body.error.code]).toEqual([404, '0x80060891']);
    const created = await client.send('PATCH', path, { name: 'Upserted' }, { 'if-none-match': '*' });
    expect([created.status, created.headers['odata-entityid']]).toEqual([
      204,
      expect.stringMatching(/\/api\/data\/v9\.2\/accounts\(accountnumber='U%201'\)$/),
    ]);
    const again = await client.send<Failure>('PATCH', path, { name: 'Twice' }, { 'if-none-match': '*' });
    expect([again.status, again.body.error.code]).toEqual([412, '0x80040237']);
    const representation = { prefer: 'return=representation' };
    const select = '?$select=name,accountnumber&$expand=primarycontactid';
    const changed = await client.send(
      'PATCH',
      `${path}${select}`,
      { name: 'Changed', accountnumber: 'U 2' },
      representation,
    );
    // The columns of the key are not changed by the key.
    expect([changed.status, changed.body]).toMatchObject([200, { name: 'Changed', accountnumber: 'U 1' }]);
    expect(changed.body).not.toHaveProperty('primarycontactid');
    const other = await client.send(
      'PATCH',
      `${key('U 3')}${select}`,
      { name: 'Odd', accountnumber: 'U 4' },
      representation,
    );
    expect([other.status, other.body]).toMatchObject([201, { accountnumber: 'U 4' }]);
    expect((await client.send('DELETE', key('U 4'))).status).toBe(204);
    expect((await client.get(key('U 4'))).status).toBe(404);
  });

  test('keeps its value for itself', async () => {
    const id = await client.create('accounts', { name: 'Latecomer' });
    const before = (await client.get('accounts/$count')).text;
    const taken = { name: 'x', accountnumber: "a'1 &=,ä" };
    for (const answer of [
      await client.send<Failure>('POST', 'accounts', taken),
      await client.send<Failure>('PATCH', `accounts(${id})`, taken),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([412, '0x80060892']);
      expect(answer.body.error.message).toContain('accountnumber');
    }
    expect((await client.get('accounts/$count')).text).toBe(before);
    expect((await client.get(`accounts(${id})`)).body['name']).toBe('Latecomer');
  });
});
