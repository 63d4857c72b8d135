import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

interface Failure {
  error: { code: string; message: string };
}
interface References {
  value: { '@odata.id': string }[];
}

forEachEngine('A link', (engine) => {
  let world: World;
  let client: Client;
  let account: string;
  let other: string;
  let contact: string;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(dana);
  });
  beforeEach(async () => {
    account = await client.create('accounts', { name: 'One' });
    other = await client.create('accounts', { name: 'Other' });
    contact = await client.create('contacts', { lastname: 'Person' });
  });
  const parentOf = async (id: string) => {
    const { body } = await client.get(`contacts(${id})?$select=_parentcustomerid_value`, {
      prefer: 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"',
    });
    return [body['_parentcustomerid_value'], body['_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname']];
  };
  const members = (id: string) => `accounts(${id})/contact_customer_accounts`;

  test('is read, set and taken away through a lookup', async () => {
    const lookup = `contacts(${contact})/parentcustomerid_account/$ref`;
    expect((await client.get(lookup)).status).toBe(204);
    expect((await client.send('PUT', lookup, { '@odata.id': `accounts(${account})` })).status).toBe(204);
    expect((await client.get(lookup)).body).toMatchObject({
      '@odata.id': expect.stringMatching(new RegExp(`/api/data/v9.2/accounts\\(${account}\\)$`)),
    });
    // The other navigation of the same lookup leads nowhere, and takes nothing away.
    expect((await client.get(`contacts(${contact})/parentcustomerid_contact/$ref`)).status).toBe(204);
    expect((await client.send('DELETE', `contacts(${contact})/parentcustomerid_contact/$ref`)).status).toBe(204);
    expect(await parentOf(contact)).toEqual([account, 'account']);
    expect((await client.send('DELETE', lookup)).status).toBe(204);
    expect(await parentOf(contact)).toEqual([null, undefined]);
  });

  test('is set and taken away through a collection, with the row inline or in $id', async () => {
    const link = { '@odata.id': `/api/data/v9.2/contacts(${contact})` };
    expect((await client.send('POST', `${members(account)}/$ref`, link)).status).toBe(204);
    expect(await parentOf(contact)).toEqual([account, 'account']);
    const { body } = await client.get<References>(`${members(account)}/$ref`);
    expect(body).toMatchObject({ '@odata.context': expect.stringMatching(/\$metadata#Collection\(\$ref\)$/) });
    expect(body.value.map((each) => each['@odata.id'])).toEqual([
      expect.stringMatching(new RegExp(`/contacts\\(${contact}\\)$`)),
    ]);
    expect((await client.send('DELETE', `${members(other)}(${contact})/$ref`)).status).toBe(404);
    expect(await parentOf(contact)).toEqual([account, 'account']);
    expect((await client.send('DELETE', `${members(account)}(${contact})/$ref`)).status).toBe(204);
    expect(await parentOf(contact)).toEqual([null, undefined]);
    await client.send('POST', `${members(account)}/$ref`, link);
    const id = encodeURIComponent(`http://localhost/api/data/v9.2/contacts(${contact})`);
    expect((await client.send('DELETE', `${members(account)}/$ref?$id=${id}`)).status).toBe(204);
    expect(await parentOf(contact)).toEqual([null, undefined]);
  });

  test('comes with a row that is POSTed to a collection', async () => {
    const created = await client.send(
      'POST',
      `${members(account)}?$select=lastname`,
      { lastname: 'Child' },
      { prefer: 'return=representation' },
    );
    expect([created.status, created.body['lastname']]).toEqual([201, 'Child']);
    expect(created.headers['location']).toMatch(/\/contacts\([0-9a-f-]{36}\)$/);
    expect(await parentOf(String(created.body['contactid']))).toEqual([account, 'account']);
    expect((await client.send('POST', members(crypto.randomUUID()), { lastname: 'Orphan' })).status).toBe(404);
  });

  test('of many to many is a pair that is there once', async () => {
    const me = String((await client.get('WhoAmI')).body['UserId']);
    const miguelId = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    const team = await client.create('teams', { name: `Pairs ${account}` });
    const pairs = `teams(${team})/teammembership_association`;
    const ids = async () => {
      const { body } = await client.get<{ value: { systemuserid: string }[] }>(`${pairs}?$select=systemuserid`);
      return body.value.map(({ systemuserid }) => systemuserid).sort();
    };
    expect((await client.send('POST', `${pairs}/$ref`, { '@odata.id': `systemusers(${me})` })).status).toBe(204);
    const twice = await client.send<Failure>('POST', `${pairs}/$ref`, { '@odata.id': `systemusers(${me})` });
    expect([twice.status, twice.body.error.code]).toEqual([412, '0x80040237']);
    expect(await ids()).toEqual([me]);
    // From the other side it is the same pair.
    const back = `systemusers(${miguelId})/teammembership_association/$ref`;
    expect((await client.send('POST', back, { '@odata.id': `teams(${team})` })).status).toBe(204);
    expect(await ids()).toEqual([me, miguelId].sort());
    expect((await client.send('DELETE', `${pairs}(${me})/$ref`)).status).toBe(204);
    expect((await client.send('DELETE', `${pairs}(${me})/$ref`)).status).toBe(404);
    expect(await ids()).toEqual([miguelId]);
  });

  test('of many to many comes with a new row, whole or not at all', async () => {
    const me = String((await client.get('WhoAmI')).body['UserId']);
    const bind = 'teammembership_association@odata.bind';
    const team = await client.create('teams', { name: `Bound ${account}`, [bind]: [`/systemusers(${me})`] });
    const { body } = await client.get<References>(`teams(${team})/teammembership_association/$ref`);
    expect(body.value).toHaveLength(1);
    const broken = await client.send('POST', 'teams', {
      name: `Broken ${account}`,
      [bind]: [`/systemusers(${me})`, `/systemusers(${crypto.randomUUID()})`],
    });
    expect(broken.status).toBe(404);
    expect((await client.get(`teams/$count?$filter=name eq 'Broken ${account}'`)).text).toBe('0');
    expect((await client.send('PATCH', `teams(${team})`, { [bind]: [] })).status).toBe(400);
  });

  test('of children comes with a new row as well', async () => {
    const parent = await client.create('accounts', {
      name: 'Parent',
      'contact_customer_accounts@odata.bind': [`/contacts(${contact})`],
    });
    expect(await parentOf(contact)).toEqual([parent, 'account']);
    const wrong = { name: 'Wrong', 'contact_customer_accounts@odata.bind': [`/accounts(${other})`] };
    expect((await client.send('POST', 'accounts', wrong)).status).toBe(400);
  });

  test('is not taken away from a row of another table with the same id', async () => {
    await client.create('contacts', { contactid: account, lastname: 'Twin' });
    await client.send('PUT', `contacts(${contact})/parentcustomerid_contact/$ref`, {
      '@odata.id': `contacts(${account})`,
    });
    expect((await client.send('DELETE', `${members(account)}(${contact})/$ref`)).status).toBe(404);
    expect(await parentOf(contact)).toEqual([account, 'contact']);
  });

  test('replaces the parties of an activity by PUT, and no other rows', async () => {
    const email = await client.create('emails', { subject: 'Parties' });
    const value = [
      { 'partyid_contact@odata.bind': `contacts(${contact})`, participationtypemask: 2 },
      { addressused: 'a@x.example', participationtypemask: 3 },
    ];
    const parties = `emails(${email})/email_activity_parties`;
    expect((await client.send('PUT', parties, { value })).status).toBe(204);
    expect((await client.send('PUT', parties, { value: value.slice(1) })).status).toBe(204);
    expect((await client.get(parties)).body['value']).toMatchObject([{ addressused: 'a@x.example' }]);
    expect((await client.send('PUT', members(account), { value: [] })).status).toBe(400);
  });

  test.each([
    [
      'to the wrong table',
      { '@odata.id': 'accounts(00000000-0000-0000-0000-000000000001)' },
      400,
      'contact_customer_accounts',
    ],
    [
      'to a row that is not there',
      { '@odata.id': 'contacts(00000000-0000-0000-0000-000000000001)' },
      404,
      'Does Not Exist',
    ],
    ['to no address', { '@odata.id': 5 }, 400, 'address'],
    ['to a set', { '@odata.id': 'contacts' }, 400, 'address'],
    ['to a property', { '@odata.id': 'contacts(00000000-0000-0000-0000-000000000001)/lastname' }, 400, 'address'],
    ['without an address', {}, 400, 'address'],
    ['that is a list', [], 400, 'object'],
  ])('%s is refused', async (_name, body, status, word) => {
    const answer = await client.send<Failure>('POST', `${members(account)}/$ref`, body);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toContain(word);
  });

  test.each([
    ['GET', (id: string) => `${members(id)}(00000000-0000-0000-0000-000000000001)`, 404],
    ['GET', (id: string) => `${members(id)}/lastname`, 404],
    ['PATCH', (id: string) => members(id), 405],
    ['PUT', (id: string) => `${members(id)}/$ref`, 405],
    ['DELETE', (id: string) => `${members(id)}/$ref`, 400],
  ])('%s at the wrong address is refused', async (method, path, status) => {
    expect((await client.send(method, path(account), method === 'GET' ? undefined : {})).status).toBe(status);
  });
});
