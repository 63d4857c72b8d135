import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

const detecting = { 'MSCRM.SuppressDuplicateDetection': 'false' };

forEachEngine('Duplicates', (engine) => {
  let world: World;
  const start = async (): Promise<Client> => (world ??= await createWorld(await engine.open())).as(dana);
  const ask = (client: Client, entity: object, matching: string, paging: object = { PageNumber: 1, Count: 50 }) =>
    client.get<{ value: Record<string, unknown>[] }>(
      `RetrieveDuplicates(BusinessEntity=@e,MatchingEntityName=@n,PagingInfo=@p)?@e=${encodeURIComponent(JSON.stringify(entity))}&@n='${matching}'&@p=${encodeURIComponent(JSON.stringify(paging))}`,
    );
  const ofContact = (more: object) => ({ '@odata.type': 'Microsoft.Dynamics.CRM.contact', ...more });

  test('are found by the rules that an organisation begins with, page by page', async () => {
    const client = await start();
    const same = { emailaddress1: 'twin@fabrikam.example' };
    const ids = [];
    for (const lastname of ['One', 'Two', 'Three']) ids.push(await client.create('contacts', { lastname, ...same }));
    await client.create('contacts', { lastname: 'Blank' });
    const shown = async (entity: object, paging?: object) =>
      (await ask(client, ofContact(entity), 'contact', paging)).body.value.map((row) => row['contactid']);
    expect(await shown({ emailaddress1: 'TWIN@fabrikam.example' })).toEqual(ids);
    expect(await shown({ emailaddress1: 'twin@fabrikam.example' }, { PageNumber: 2, Count: 2 })).toEqual(ids.slice(2));
    expect(await shown({ contactid: ids[0] })).toEqual(ids.slice(1));
    expect(await shown({ lastname: 'One' })).toEqual([]);
    expect((await ask(client, ofContact(same), 'lead')).body.value).toEqual([]);
  });

  test('stop a write only when the client asks for that, and then wholly', async () => {
    const client = await start();
    await client.create('accounts', { name: 'Fabrikam' });
    const name = { name: 'FABRIKAM' };
    expect((await client.send('POST', 'accounts', name)).status).toBe(204);
    const refused = await client.send('POST', 'accounts', name, detecting);
    expect([refused.status, refused.body]).toMatchObject([412, { error: { code: '0x80040333' } }]);
    expect((await client.get('accounts/$count')).text).toBe('2');
    const other = await client.create('accounts', { name: 'Litware' });
    expect((await client.send('PATCH', `accounts(${other})`, name, detecting)).status).toBe(412);
    expect((await client.get(`accounts(${other})`)).body['name']).toBe('Litware');
    expect((await client.send('PATCH', `accounts(${other})`, { telephone1: '1' }, detecting)).status).toBe(204);
    const lead = await client.create('leads', { subject: 'x', companyname: 'Fabrikam', lastname: 'Lund' });
    const wish = { CreateAccount: true, CreateContact: true, CreateOpportunity: false, Status: 3 };
    const path = `leads(${lead})/Microsoft.Dynamics.CRM.QualifyLead`;
    expect((await client.send('POST', path, { ...wish, SuppressDuplicateDetection: false })).status).toBe(412);
    expect((await client.get(`leads(${lead})`)).body['statecode']).toBe(0);
    expect((await client.send('POST', path, wish)).status).toBe(200);
  });

  test.each<[string, object, object, boolean]>([
    ['the same first letters', { operatorcode: 1, operatorparam: 3 }, { lastname: 'ANDersson' }, true],
    ['other first letters', { operatorcode: 1, operatorparam: 3 }, { lastname: 'Bandersen' }, false],
    ['the same last letters', { operatorcode: 2, operatorparam: 3 }, { lastname: 'Jensen' }, true],
    ['a shorter text', { operatorcode: 2, operatorparam: 30 }, { lastname: 'sen' }, false],
    ['the same text', { operatorcode: 0 }, { lastname: 'andersen' }, true],
    ['a pattern that is none', { operatorcode: 0 }, { lastname: '%' }, false],
  ])('%s', async (_, operator, entity, expected) => {
    const client = await start();
    const id = await client.create('duplicaterules', {
      name: 'Own',
      baseentityname: 'contact',
      matchingentityname: 'contact',
    });
    await client.create('duplicateruleconditions', {
      baseattributename: 'lastname',
      matchingattributename: 'lastname',
      'regardingobjectid@odata.bind': `duplicaterules(${id})`,
      ...operator,
    });
    const contactid = await client.create('contacts', { lastname: 'Andersen' });
    const isFound = async () =>
      (await ask(client, ofContact(entity), 'contact')).body.value.some((row) => row['contactid'] === contactid);
    expect(await isFound()).toBe(false);
    expect(
      (await client.send('POST', `duplicaterules(${id})/Microsoft.Dynamics.CRM.PublishDuplicateRule`)).status,
    ).toBe(200);
    expect(await isFound()).toBe(expected);
    expect((await client.send('POST', 'UnpublishDuplicateRule', { DuplicateRuleId: id })).status).toBe(204);
    expect(await isFound()).toBe(false);
  });

  test('that somebody may not read are no duplicates for them: no page is shorter, and no refusal tells of them', async () => {
    const client = await start();
    const reader = world.as(miguel);
    const userId = String((await reader.get('WhoAmI')).body['UserId']);
    const roles = `systemusers(${userId})/systemuserroles_association`;
    const { body } = await client.get<{ value: { roleid: string }[] }>(roles);
    for (const { roleid } of body.value) await client.send('DELETE', `${roles}(${roleid})/$ref`);
    const role = await client.create('roles', { name: 'Own rows' });
    const names = ['prvReadContact', 'prvCreateContact', 'prvReadUser'];
    await client.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
      Privileges: names.map((PrivilegeName) => ({ PrivilegeName, Depth: 'Basic' })),
    });
    await client.send('POST', `${roles}/$ref`, { '@odata.id': `roles(${role})` });

    const known = { lastname: 'Known', emailaddress1: 'hidden@fabrikam.example' };
    await client.create('contacts', known);
    expect((await client.send('POST', 'contacts', known, detecting)).status).toBe(412);
    expect((await reader.send('POST', 'contacts', known, detecting)).status).toBe(204);
    expect((await reader.send('POST', 'contacts', known, detecting)).status).toBe(412);
    const page = await ask(reader, ofContact(known), 'contact', { PageNumber: 1, Count: 1 });
    expect([page.status, page.body.value]).toMatchObject([200, [{ _ownerid_value: userId }]]);
    expect((await ask(client, ofContact(known), 'contact')).body.value).toHaveLength(2);
  });

  test('are asked for with what the message needs', async () => {
    const client = await start();
    for (const [answer, named] of [
      [await ask(client, {}, 'contact'), 'BusinessEntity'],
      [await ask(client, ofContact({ nonsense: 1 }), 'contact'), 'nonsense'],
      [await ask(client, ofContact({}), 'nothing'), 'MatchingEntityName'],
      [await ask(client, ofContact({}), 'contact', { PageNumber: 0, Count: 1 }), 'PageNumber'],
      [await ask(client, ofContact({}), 'contact', { PageNumber: 1, Count: 1e9 }), 'Count'],
      [await client.get("RetrieveDuplicates(MatchingEntityName='contact')"), 'BusinessEntity'],
    ] as const)
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(named)]);
  });
});
