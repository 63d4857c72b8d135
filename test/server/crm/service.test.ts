import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

forEachEngine('A case', (engine) => {
  let world: World;
  const start = async (): Promise<Client> => (world ??= await createWorld(await engine.open())).as(dana);
  const open = async (client: Client) => {
    const accountid = await client.create('accounts', { name: 'Fabrikam' });
    return client.create('incidents', { title: 'Too loud', 'customerid_account@odata.bind': `accounts(${accountid})` });
  };
  const resolve = (client: Client, id: string, Status = 5, more: object = {}) =>
    client.send('POST', 'CloseIncident', {
      IncidentResolution: {
        subject: 'Quieter now',
        'incidentid@odata.bind': `/incidents(${id})`,
        timespent: 30,
        ...more,
      },
      Status,
    });

  test('is numbered, resolved, reopened and resolved again', async () => {
    const client = await start();
    const [first, second] = [await open(client), await open(client)];
    const number = async (id: string) => String((await client.get(`incidents(${id})`)).body['ticketnumber']);
    const counted = [await number(first), await number(second)].map(
      (ticket) => /^CAS-(\d{5})-[A-Z0-9]{6}$/.exec(ticket)?.[1],
    );
    expect(Number(counted[1]) - Number(counted[0])).toBe(1);
    expect(Number(counted[0])).toBeGreaterThanOrEqual(1_000);
    expect((await resolve(client, first)).status).toBe(204);
    expect((await client.get(`incidents(${first})`)).body).toMatchObject({ statecode: 1, statuscode: 5 });
    const resolutions = `incidentresolutions?$filter=_incidentid_value eq ${first}&$orderby=createdon`;
    expect((await client.get<{ value: object[] }>(resolutions)).body.value).toMatchObject([
      { subject: 'Quieter now', statecode: 1, timespent: 30, _regardingobjectid_value: first },
    ]);
    const again = await resolve(client, first);
    expect([again.status, again.text]).toEqual([400, expect.stringContaining('Already Closed')]);
    const edited = await client.send('PATCH', `incidents(${first})`, { title: 'Rewritten' });
    expect([edited.status, edited.text]).toEqual([400, expect.stringContaining("'title'")]);
    expect((await client.send('PATCH', `incidents(${first})`, { statecode: 0, statuscode: 1 })).status).toBe(204);
    expect((await client.get<{ value: object[] }>(resolutions)).body.value).toMatchObject([{ statecode: 2 }]);
    expect((await client.send('PATCH', `incidents(${first})`, { title: 'Rewritten' })).status).toBe(204);
    expect((await resolve(client, first, 1000)).status).toBe(204);
    expect((await client.get(`incidents(${first})`)).body).toMatchObject({ statecode: 1, statuscode: 1000 });
  });

  test('with an open activity is not resolved; once that is done it is', async () => {
    const client = await start();
    const id = await open(client);
    const task = await client.create('tasks', {
      subject: 'Call back',
      'regardingobjectid_incident@odata.bind': `incidents(${id})`,
    });
    const refused = await resolve(client, id);
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('open activities')]);
    expect((await client.send('PATCH', `tasks(${task})`, { statecode: 1, statuscode: 5 })).status).toBe(204);
    expect((await resolve(client, id)).status).toBe(204);
  });

  test.each<[string, object, number, string]>([
    ['no resolution', { Status: 5 }, 400, 'IncidentResolution'],
    ['a list of resolutions', { IncidentResolution: [], Status: 5 }, 400, 'IncidentResolution'],
    ['no case', { IncidentResolution: { subject: 'x' }, Status: 5 }, 400, 'incidentid@odata.bind'],
    [
      'a row of another table',
      {
        IncidentResolution: {
          subject: 'x',
          'incidentid@odata.bind': '/contacts(00000000-0000-4000-8000-00000000dead)',
        },
        Status: 5,
      },
      400,
      'incidentid',
    ],
  ])('is not closed with %s', async (_, body, status, named) => {
    const client = await start();
    const answer = await client.send('POST', 'CloseIncident', body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(named)]);
  });

  test('is not resolved with the status of an open case, and nothing is left behind', async () => {
    const client = await start();
    const id = await open(client);
    expect((await resolve(client, id, 1)).status).toBe(400);
    expect((await client.get(`incidents(${id})`)).body).toMatchObject({ statecode: 0 });
    const left = await client.get<{ value: object[] }>(`incidentresolutions?$filter=_incidentid_value eq ${id}`);
    expect(left.body.value).toEqual([]);
  });
});
