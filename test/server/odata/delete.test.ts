import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

interface Failure {
  error: { code: string; message: string };
}

forEachEngine('Deleting', (engine) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(dana);
  });
  const statusOf = async (path: string) => (await client.get(path)).status;

  test('takes with a row what follows it, and empties the lookups of what does not', async () => {
    const account = await client.create('accounts', { name: 'Gone' });
    const branch = await client.create('accounts', {
      name: 'Stays',
      'parentaccountid@odata.bind': `/accounts(${account})`,
    });
    const customer = { 'customerid_account@odata.bind': `/accounts(${account})` };
    const contact = await client.create('contacts', {
      lastname: 'Follows',
      'parentcustomerid_account@odata.bind': `/accounts(${account})`,
    });
    const opportunity = await client.create('opportunities', { name: 'Follows', ...customer });
    const incident = await client.create('incidents', { title: 'Follows', ...customer });
    const email = await client.create('emails', {
      subject: 'Follows the contact',
      'regardingobjectid_contact@odata.bind': `/contacts(${contact})`,
      email_activity_parties: [
        { participationtypemask: 2, 'partyid_contact@odata.bind': `/contacts(${contact})` },
        { participationtypemask: 3, addressused: 'x@x.example' },
      ],
      email_activity_mime_attachment: [{ filename: 'a.txt', body: 'aGVsbG8=' }],
    });
    const lead = await client.create('leads', {
      subject: 'Stays, unpaired',
      'contactleads_association@odata.bind': [`/contacts(${contact})`],
    });
    const before = String((await client.get(`accounts(${branch})`)).body['@odata.etag']);
    const parties = (await client.get('activityparties/$count')).text;

    expect((await client.send('DELETE', `accounts(${account})`)).status).toBe(204);
    expect(
      await Promise.all(
        [
          `accounts(${account})`,
          `contacts(${contact})`,
          `opportunities(${opportunity})`,
          `incidents(${incident})`,
          `emails(${email})`,
        ].map(statusOf),
      ),
    ).toEqual([404, 404, 404, 404, 404]);
    expect(Number((await client.get('activityparties/$count')).text)).toBeLessThan(Number(parties));
    const left = (await client.get(`accounts(${branch})?$select=_parentaccountid_value`)).body;
    expect(left['_parentaccountid_value']).toBeNull();
    expect(left['@odata.etag']).not.toBe(before);
    expect((await client.get(`leads(${lead})/contactleads_association`)).body['value']).toEqual([]);
  });

  test('marks a party whose person is gone', async () => {
    const contact = await client.create('contacts', { lastname: 'Party' });
    const email = await client.create('emails', {
      subject: 'Keeps its address',
      email_activity_parties: [
        { participationtypemask: 2, addressused: 'p@x', 'partyid_contact@odata.bind': `/contacts(${contact})` },
      ],
    });
    await client.send('DELETE', `contacts(${contact})`);
    const { body } = await client.get(
      `emails(${email})/email_activity_parties?$select=addressused,ispartydeleted,_partyid_value`,
    );
    expect(body['value']).toMatchObject([{ addressused: 'p@x', ispartydeleted: true, _partyid_value: null }]);
  });

  test('comes to an end where rows point to each other', async () => {
    const one = await client.create('contacts', { lastname: 'One' });
    const two = await client.create('contacts', {
      lastname: 'Two',
      'parentcustomerid_contact@odata.bind': `/contacts(${one})`,
    });
    await client.send('PATCH', `contacts(${one})`, { 'parentcustomerid_contact@odata.bind': `/contacts(${two})` });
    expect((await client.send('DELETE', `contacts(${one})`)).status).toBe(204);
    expect([await statusOf(`contacts(${one})`), await statusOf(`contacts(${two})`)]).toEqual([404, 404]);
  });

  test('is refused where a relationship restricts, and takes nothing', async () => {
    const role = await client.create('connectionroles', { name: 'Spouse' });
    const contact = await client.create('contacts', { lastname: 'Connected' });
    const connection = await client.create('connections', {
      'record1id_contact@odata.bind': `/contacts(${contact})`,
      'record2id_contact@odata.bind': `/contacts(${contact})`,
      'record1roleid@odata.bind': `/connectionroles(${role})`,
    });
    const refused = await client.send<Failure>('DELETE', `connectionroles(${role})`);
    expect([refused.status, refused.body.error.code]).toEqual([405, '0x80040227']);
    expect([await statusOf(`connectionroles(${role})`), await statusOf(`connections(${connection})`)]).toEqual([
      200, 200,
    ]);
    expect((await client.send('DELETE', `connections(${connection})`)).status).toBe(204);
    expect((await client.send('DELETE', `connectionroles(${role})`)).status).toBe(204);
  });

  test('is refused when the caller may not delete what would go with the row, and takes nothing', async () => {
    const person = world.as(miguel);
    const me = String((await person.get('WhoAmI')).body['UserId']);
    const held = `systemusers(${me})/systemuserroles_association`;
    for (const { roleid } of (await client.get<{ value: { roleid: string }[] }>(held)).body.value)
      await client.send('DELETE', `${held}(${roleid})/$ref`);
    const role = await client.create('roles', { name: 'Deletes accounts' });
    const names = ['prvReadAccount', 'prvDeleteAccount', 'prvReadContact', 'prvReadUser'];
    await client.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
      Privileges: names.map((PrivilegeName) => ({ PrivilegeName, Depth: 'Global' })),
    });
    await client.send('POST', `${held}/$ref`, { '@odata.id': `roles(${role})` });
    const firm = await client.create('accounts', { name: 'Firm' });
    const contact = await client.create('contacts', {
      lastname: 'Goes with it',
      'parentcustomerid_account@odata.bind': `/accounts(${firm})`,
    });
    const refused = await person.send<Failure>('DELETE', `accounts(${firm})`);
    expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining('prvDeleteContact')]);
    expect([await statusOf(`accounts(${firm})`), await statusOf(`contacts(${contact})`)]).toEqual([200, 200]);
    await client.send('DELETE', `contacts(${contact})`);
    expect((await person.send('DELETE', `accounts(${firm})`)).status).toBe(204);
  });

  test('tells rows of two tables with one id apart', async () => {
    const id = crypto.randomUUID();
    await client.create('accounts', { accountid: id, name: 'Twin' });
    await client.create('contacts', { contactid: id, lastname: 'Twin' });
    const bound = (table: string, set: string) => ({ [`parentcustomerid_${table}@odata.bind`]: `/${set}(${id})` });
    const ofAccount = await client.create('contacts', { lastname: 'A', ...bound('account', 'accounts') });
    const ofContact = await client.create('contacts', { lastname: 'C', ...bound('contact', 'contacts') });
    expect((await client.send('DELETE', `accounts(${id})`)).status).toBe(204);
    expect(await statusOf(`contacts(${ofAccount})`)).toBe(404);
    expect((await client.get(`contacts(${ofContact})`)).body['_parentcustomerid_value']).toBe(id);
  });

  test('is refused for users and for what is not there', async () => {
    const me = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    expect((await client.send('DELETE', `systemusers(${me})`)).status).toBe(405);
    expect((await client.send('DELETE', `accounts(${me})`)).status).toBe(404);
    expect((await client.send('DELETE', 'accounts')).status).toBe(405);
  });

  test('takes a large family in one go', async () => {
    const members = Array.from({ length: 400 }, (_, index) => ({ lastname: `Member ${index}` }));
    const account = await client.create('accounts', { name: 'Large', contact_customer_accounts: members });
    expect((await client.get(`contacts/$count?$filter=_parentcustomerid_value eq ${account}`)).text).toBe('400');
    expect((await client.send('DELETE', `accounts(${account})`)).status).toBe(204);
    expect((await client.get("contacts/$count?$filter=startswith(lastname,'Member ')")).text).toBe('0');
  });
});
