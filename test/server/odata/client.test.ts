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
});
