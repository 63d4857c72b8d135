import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { wholeAddresses } from '../../../src/server/db/migrations/0010-addresses.ts';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

interface Failure {
  error: { code: string; message: string };
}
interface List {
  value: Record<string, unknown>[];
}

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

forEachEngine('What a table does beyond storing:', (engine) => {
  let database: Database;
  let world: World;
  let client: Client;
  let row: (path: string) => Promise<Record<string, unknown>>;
  const patch = (path: string, body: object) => client.send<Failure>('PATCH', path, body);
  beforeAll(async () => {
    database = await engine.open();
    world = await createWorld(database);
    client = world.as(dana);
    row = async (path) => (await client.get(path)).body;
  });

  test('a note is a document while it holds one', async () => {
    const note = `annotations(${await client.create('annotations', { subject: 'Plan' })})`;
    expect(await row(note)).toMatchObject({ isdocument: false, filesize: null, mimetype: null });
    await patch(note, { filename: 'plan.txt', documentbody: 'aGk=' });
    expect(await row(note)).toMatchObject({ isdocument: true, filesize: 2, mimetype: 'application/octet-stream' });
    await patch(note, { mimetype: 'text/plain', documentbody: 'aGkh' });
    expect(await row(note)).toMatchObject({ filesize: 3, mimetype: 'text/plain' });
    await patch(note, { documentbody: null });
    expect(await row(note)).toMatchObject({ isdocument: false, filesize: 0 });
  });

  test('a connection is seen from both ends, changes at both and goes at both', async () => {
    const [ada, firm] = [
      await client.create('contacts', { firstname: 'Ada', lastname: 'Lund' }),
      await client.create('accounts', { name: 'Fabrikam' }),
    ];
    const [employee, employer] = [
      await client.create('connectionroles', { name: 'Employee' }),
      await client.create('connectionroles', { name: 'Employer' }),
    ];
    const id = await client.create('connections', {
      'record1id_contact@odata.bind': `/contacts(${ada})`,
      'record2id_account@odata.bind': `/accounts(${firm})`,
      'record1roleid@odata.bind': `/connectionroles(${employee})`,
      'record2roleid@odata.bind': `/connectionroles(${employer})`,
      description: 'Since spring',
    });
    const master = await row(`connections(${id})`);
    expect(master).toMatchObject({ name: 'Fabrikam', ismaster: true, _record2id_value: firm });
    const other = `connections(${String(master['_relatedconnectionid_value'])})`;
    expect(await row(other)).toMatchObject({
      name: 'Ada Lund',
      ismaster: false,
      description: 'Since spring',
      _record1id_value: firm,
      _record2id_value: ada,
      _record1roleid_value: employer,
      _record2roleid_value: employee,
      _relatedconnectionid_value: id,
      _ownerid_value: master['_ownerid_value'],
    });
    expect((await patch(other, { effectivestart: '2026-04-01', effectiveend: '2026-05-01' })).status).toBe(204);
    expect((await patch(`connections(${id})`, { statecode: 1 })).status).toBe(204);
    expect(await row(`connections(${id})`)).toMatchObject({ effectiveend: '2026-05-01T00:00:00Z', statecode: 1 });
    expect(await row(other)).toMatchObject({ statecode: 1, statuscode: 2 });
    const backwards = await patch(other, { effectiveend: '2026-03-01' });
    expect([backwards.status, backwards.body.error.message]).toEqual([400, expect.stringContaining('effectiveend')]);
    const left = () => client.get<List>('connections?$select=connectionid').then(({ body }) => body.value.length);
    expect(await left()).toBe(2);
    expect((await client.send('DELETE', other)).status).toBe(204);
    expect(await left()).toBe(0);
  });

  test('a picture is one, and says where it is', async () => {
    const contact = `contacts(${await client.create('contacts', { lastname: 'Pictured', entityimage: png.toString('base64') })})`;
    const first = await row(`${contact}?$select=entityimageid,entityimage_url,entityimage_timestamp`);
    expect(first['entityimage_url']).toBe(
      `/Image/download.aspx?Entity=contact&Attribute=entityimage&Id=${String(first['entityimageid'])}&Timestamp=${String(first['entityimage_timestamp'])}`,
    );
    const script = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>').toString('base64');
    for (const entityimage of [script, 'AAEC', '']) {
      const refused = await patch(contact, { entityimage });
      expect([refused.status, refused.body.error.code]).toEqual([400, '0x80072553']);
    }
    expect((await row(`${contact}?$select=entityimageid`))['entityimageid']).toBe(first['entityimageid']);
    expect((await patch(contact, { entityimage: null })).status).toBe(204);
    expect(await row(`${contact}?$select=entityimageid,entityimage_url`)).toMatchObject({
      entityimageid: null,
      entityimage_url: null,
    });
  });

  test('a picture that is too large is refused', async () => {
    const contact = `contacts(${await client.create('contacts', { lastname: 'Large' })})`;
    const large = Buffer.concat([png, Buffer.alloc(10_240 * 1_024)]);
    const sent = await world.app.inject({
      method: 'PUT',
      url: `/api/data/v9.2/${contact}/entityimage`,
      headers: { authorization: `Bearer ${await world.token(dana)}`, 'content-type': 'application/octet-stream' },
      payload: large,
    });
    expect([sent.statusCode, sent.json<Failure>().error.code]).toEqual([400, '0x80072553']);
  });

  test.each([
    ['tasks', 5],
    ['phonecalls', 2],
    ['letters', 4],
  ])('of %s, one that is completed leaves its queue', async (set, statuscode) => {
    const queue = await client.create('queues', { name: `Queue of ${set}` });
    const id = await client.create(set, { subject: 'Waiting' });
    const table = set.slice(0, -1);
    const Target = { activityid: id, '@odata.type': `Microsoft.Dynamics.CRM.${table}` };
    const added = await client.send<{ QueueItemId: string }>(
      'POST',
      `queues(${queue})/Microsoft.Dynamics.CRM.AddToQueue`,
      { Target },
    );
    const item = `queueitems(${added.body.QueueItemId})`;
    expect(await row(item)).toMatchObject({ statecode: 0 });
    expect((await patch(`${set}(${id})`, { statecode: 1, statuscode })).status).toBe(204);
    expect(await row(item)).toMatchObject({ statecode: 1, statuscode: 2 });
    expect((await client.send('DELETE', `${set}(${id})`)).status).toBe(204);
    expect((await client.get(item)).status).toBe(404);
  });

  test('a case that is canceled leaves its queue; it is resolved by its message alone', async () => {
    const account = await client.create('accounts', { name: 'Customer' });
    const incident = await client.create('incidents', {
      title: 'Loud',
      'customerid_account@odata.bind': `/accounts(${account})`,
    });
    const queue = await client.create('queues', { name: 'Support' });
    const Target = { incidentid: incident, '@odata.type': 'Microsoft.Dynamics.CRM.incident' };
    const added = await client.send<{ QueueItemId: string }>(
      'POST',
      `queues(${queue})/Microsoft.Dynamics.CRM.AddToQueue`,
      { Target },
    );
    for (const asked of [{ statecode: 1, statuscode: 5 }, { statecode: 1 }, { statuscode: 1000 }]) {
      const refused = await patch(`incidents(${incident})`, asked);
      expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining('CloseIncident')]);
    }
    expect((await patch(`incidents(${incident})`, { statecode: 2, statuscode: 6 })).status).toBe(204);
    expect(await row(`queueitems(${added.body.QueueItemId})`)).toMatchObject({ statecode: 1 });
  });

  test('an opportunity is won and lost by its messages alone, and has the customer that it names', async () => {
    const [account, contact] = [
      await client.create('accounts', { name: 'Buyer' }),
      await client.create('contacts', { lastname: 'Buyer' }),
    ];
    const id = await client.create('opportunities', {
      name: 'Sale',
      'parentcontactid@odata.bind': `/contacts(${contact})`,
      'parentaccountid@odata.bind': `/accounts(${account})`,
    });
    expect(await row(`opportunities(${id})`)).toMatchObject({ _customerid_value: account });
    for (const [asked, message] of [
      [{ statecode: 1, statuscode: 3 }, 'WinOpportunity'],
      [{ statuscode: 5 }, 'LoseOpportunity'],
    ] as const) {
      const refused = await patch(`opportunities(${id})`, asked);
      expect([refused.status, refused.body.error.code]).toEqual([400, '0x80100005']);
      expect(refused.body.error.message).toContain(message);
    }
    expect((await patch(`opportunities(${id})`, { statecode: 0, statuscode: 2 })).status).toBe(204);
  });

  test('an activity lasts from its start to its end, and a completed task is done', async () => {
    const appointment = `appointments(${await client.create('appointments', {
      subject: 'Tasting',
      scheduledstart: '2026-11-21T09:00:00Z',
      scheduledend: '2026-11-21T10:30:00Z',
    })})`;
    expect(await row(appointment)).toMatchObject({ scheduleddurationminutes: 90 });
    await patch(appointment, { scheduledend: '2026-11-21T11:00:00Z' });
    expect(await row(appointment)).toMatchObject({ scheduleddurationminutes: 120 });
    const backwards = await patch(appointment, { scheduledend: '2026-11-21T08:59:00Z' });
    expect([backwards.status, backwards.body.error.message]).toEqual([400, expect.stringContaining('scheduledend')]);
    const task = `tasks(${await client.create('tasks', { subject: 'Write', percentcomplete: 10, actualstart: '2026-11-21T09:00:00Z' })})`;
    await patch(task, { statecode: 1, actualend: '2026-11-21T09:20:00Z' });
    expect(await row(task)).toMatchObject({ percentcomplete: 100, actualdurationminutes: 20, statuscode: 5 });
    const call = await client.create('phonecalls', { subject: 'Call' });
    expect(await row(`phonecalls(${call})`)).toMatchObject({ directioncode: true });
  });

  test.each(['accounts', 'contacts', 'leads'])('an address of %s is also there whole', async (set) => {
    const name = { accounts: 'name', contacts: 'lastname', leads: 'subject' }[set]!;
    const place = { address1_city: 'Seattle', address1_stateorprovince: 'WA', address1_postalcode: '98101' };
    const path = `${set}(${await client.create(set, { [name]: 'Whole', address1_line1: '1 Pine St', ...place })})`;
    const whole = async () => (await row(path))['address1_composite'];
    expect(await whole()).toBe('1 Pine St\r\nSeattle, WA 98101');
    await patch(path, { address1_line2: 'Floor 2', address1_stateorprovince: null, address1_country: 'USA' });
    expect(await whole()).toBe('1 Pine St\r\nFloor 2\r\nSeattle, 98101\r\nUSA');
    expect((await row(path))['address2_composite']).toBeNull();
    await patch(path, { address1_composite: 'Elsewhere', [name]: 'Renamed' });
    expect(await whole()).toContain('Floor 2');
  });

  test('addresses of before are made whole by the step that brings them', async () => {
    const { db } = database;
    const given = [
      {
        address1_line1: '1 Pine St',
        address1_city: 'Seattle',
        address1_stateorprovince: 'WA',
        address1_country: 'USA',
      },
      { address1_line3: 'Third', address1_postalcode: '24103' },
      { address1_city: 'Kiel' },
      {},
    ];
    const ids: string[] = [];
    for (const [index, address] of given.entries())
      ids.push(await client.create('accounts', { name: `Before ${index}`, ...address }));
    const wholes = async () => {
      const found: unknown[] = [];
      for (const id of ids) found.push((await row(`accounts(${id})`))['address1_composite']);
      return found;
    };
    const written = await wholes();
    for (const table of ['account', 'contact', 'lead'])
      for (const address of ['address1', 'address2'])
        await sql.raw(`alter table ${table} drop column ${address}_composite`).execute(db);
    await wholeAddresses.up(db, engine.engine);
    expect(await wholes()).toEqual(written);
    expect(written).toEqual(['1 Pine St\r\nSeattle, WA\r\nUSA', 'Third\r\n24103', 'Kiel', null]);
  });
});
