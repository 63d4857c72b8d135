import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DynamicsWebApi } from 'dynamics-web-api';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type World } from '../world.ts';

forEachEngine('A client written for Dynamics 365', (engine) => {
  let world: World;
  let crm: DynamicsWebApi;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    const serverUrl = await world.app.listen({ port: 0, host: '127.0.0.1' });
    crm = new DynamicsWebApi({ serverUrl, dataApi: { version: '9.2' }, onTokenRefresh: () => world.token(dana) });
  });
  afterAll(async () => world.app.close());

  test('lives through the whole life of a record', async () => {
    const contactid = await crm.create<object, string>({
      collection: 'contacts',
      data: { firstname: 'Ada', lastname: 'Byron' },
    });
    const read = await crm.retrieve<Record<string, unknown>>({
      collection: 'contacts',
      key: contactid,
      select: ['fullname'],
    });
    expect(read['fullname']).toBe('Ada Byron');
    const changed = await crm.update<Record<string, unknown>>({
      collection: 'contacts',
      key: contactid,
      data: { lastname: 'Lovelace' },
      returnRepresentation: true,
      select: ['fullname'],
      ifmatch: String(read['@odata.etag']),
    });
    expect(changed['fullname']).toBe('Ada Lovelace');
    expect(
      await crm.update({
        collection: 'contacts',
        key: contactid,
        data: { jobtitle: 'x' },
        ifmatch: String(read['@odata.etag']),
      }),
    ).toBe(false);
    const accountid = await crm.create<object, string>({ collection: 'accounts', data: { name: 'Analytical' } });
    await crm.associateSingleValued({
      collection: 'contacts',
      primaryKey: contactid,
      navigationProperty: 'parentcustomerid_account',
      relatedCollection: 'accounts',
      relatedKey: accountid,
    });
    const found = await crm.retrieveMultiple<Record<string, unknown>>({
      collection: 'contacts',
      select: ['fullname'],
      filter: "parentcustomerid_account/name eq 'analytical'",
      expand: [{ property: 'parentcustomerid_account', select: ['name'] }],
      count: true,
      includeAnnotations: '*',
    });
    expect(found).toMatchObject({
      oDataCount: 1,
      value: [{ fullname: 'Ada Lovelace', parentcustomerid_account: { name: 'Analytical' } }],
    });
    await crm.disassociateSingleValued({
      collection: 'contacts',
      primaryKey: contactid,
      navigationProperty: 'parentcustomerid_account',
    });
    expect(await crm.count({ collection: 'contacts', filter: "parentcustomerid_account/name eq 'analytical'" })).toBe(
      0,
    );
    expect(await crm.deleteRecord({ collection: 'contacts', key: contactid })).toBe(true);
    await expect(crm.retrieve({ collection: 'contacts', key: contactid })).rejects.toMatchObject({ status: 404 });
  });

  test('creates and upserts under keys of its own, pages, and batches', async () => {
    const key = crypto.randomUUID();
    await crm.upsert({ collection: 'accounts', key, data: { name: 'First' } });
    await crm.upsert({ collection: 'accounts', key, data: { name: 'Second' } });
    expect((await crm.retrieve<Record<string, unknown>>({ collection: 'accounts', key }))['name']).toBe('Second');
    crm.startBatch();
    void crm.create({ collection: 'accounts', data: { name: 'Batched' }, contentId: '1' });
    void crm.create({
      collection: 'contacts',
      data: { lastname: 'Batched', 'parentcustomerid_account@odata.bind': '$1' },
      contentId: '2',
    });
    await crm.executeBatch();
    const all = await crm.retrieveAll<Record<string, unknown>>({
      collection: 'accounts',
      select: ['name'],
      orderBy: ['name'],
      maxPageSize: 1,
    });
    expect(all.value.map((row) => row['name'])).toEqual(expect.arrayContaining(['Batched', 'Second']));
    const who = await crm.callFunction<Record<string, unknown>>({ functionName: 'WhoAmI' });
    expect(who['UserId']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('names rows by alternate keys, and links them in collections and in pairs', async () => {
    const key = "accountnumber='DWA 1'";
    await crm.upsert({ collection: 'accounts', key, data: { name: 'Keyed' } });
    expect(await crm.upsert({ collection: 'accounts', key, data: { name: 'Twice' }, ifnonematch: '*' })).toBeNull();
    const account = await crm.retrieve<Record<string, unknown>>({ collection: 'accounts', key, select: ['name'] });
    expect(account['name']).toBe('Keyed');
    const accountid = String(account['accountid']);
    const contactid = await crm.create<object, string>({
      collection: 'contacts',
      data: { lastname: 'Linked', 'parentcustomerid_account@odata.bind': `/accounts(${key})` },
    });
    const members = async () =>
      (await crm.count({ collection: 'contacts', filter: `_parentcustomerid_value eq ${accountid}` })) || 0;
    const link = {
      collection: 'accounts',
      primaryKey: accountid,
      relationshipName: 'contact_customer_accounts',
      relatedKey: contactid,
    };
    expect(await members()).toBe(1);
    await crm.disassociate(link);
    expect(await members()).toBe(0);
    await crm.associate({ ...link, relatedCollection: 'contacts' });
    expect(await members()).toBe(1);
    const leadid = await crm.create<object, string>({ collection: 'leads', data: { subject: 'Paired' } });
    const pair = {
      collection: 'leads',
      primaryKey: leadid,
      relationshipName: 'contactleads_association',
      relatedKey: contactid,
    };
    await crm.associate({ ...pair, relatedCollection: 'contacts' });
    await expect(crm.associate({ ...pair, relatedCollection: 'contacts' })).rejects.toMatchObject({
      status: 412,
      code: '0x80040237',
    });
    await crm.disassociate(pair);
    await expect(crm.disassociate(pair)).rejects.toMatchObject({ status: 404 });
  });

  test('sets and clears one column, and sends and fetches files', async () => {
    const key = await crm.create<object, string>({ collection: 'contacts', data: { lastname: 'Columns' } });
    await crm.updateSingleProperty({ collection: 'contacts', key, fieldValuePair: { jobtitle: 'Engineer' } });
    expect((await crm.retrieve<Record<string, unknown>>({ collection: 'contacts', key }))['jobtitle']).toBe('Engineer');
    await crm.deleteRecord({ collection: 'contacts', key, property: 'jobtitle' });
    expect((await crm.retrieve<Record<string, unknown>>({ collection: 'contacts', key }))['jobtitle']).toBeNull();
    const data = Buffer.from([0xff, 0xd8, 0xff, 128]);
    await crm.uploadFile({ collection: 'contacts', key, property: 'entityimage', fileName: 'a.png', data });
    const file = await crm.downloadFile({ collection: 'contacts', key, property: 'entityimage' });
    expect([file.fileSize, Buffer.from(file.data)]).toEqual([4, data]);
    const large = Buffer.concat([data, randomBytes(5_000_000)]);
    await crm.uploadFile({ collection: 'contacts', key, property: 'entityimage', fileName: 'b.png', data: large });
    const loaded = await crm.downloadFile({ collection: 'contacts', key, property: 'entityimage' });
    expect([loaded.fileSize, large.equals(Buffer.from(loaded.data))]).toEqual([large.length, true]);
  });

  test('asks with FetchXML, calls actions, and reads errors', async () => {
    const name = `Fetched ${crypto.randomUUID()}`;
    const opportunityid = await crm.create<object, string>({ collection: 'opportunities', data: { name } });
    const fetchXml = `<fetch><entity name="opportunity"><attribute name="name"/><filter><condition attribute="name" operator="eq" value="${name}"/></filter></entity></fetch>`;
    const fetched = await crm.fetch<Record<string, unknown>>({ collection: 'opportunities', fetchXml });
    expect(fetched.value).toMatchObject([{ opportunityid, name }]);
    await crm.callAction({
      actionName: 'WinOpportunity',
      action: {
        Status: 3,
        OpportunityClose: { subject: 'Won', 'opportunityid@odata.bind': `/opportunities(${opportunityid})` },
      },
    });
    const won = await crm.retrieve<Record<string, unknown>>({ collection: 'opportunities', key: opportunityid });
    expect([won['statecode'], won['statuscode']]).toEqual([1, 3]);
    await expect(crm.create({ collection: 'accounts', data: { nonsense: 1 } })).rejects.toMatchObject({
      status: 400,
      code: '0x80048d19',
      message: expect.stringContaining('nonsense'),
    });
    crm.startBatch();
    void crm.create({ collection: 'accounts', data: { name } });
    void crm.create({ collection: 'accounts', data: { nonsense: 1 } });
    await expect(crm.executeBatch()).rejects.toBeDefined();
    expect(await crm.count({ collection: 'accounts', filter: `name eq '${name}'` })).toBe(0);
  });
});
