import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

forEachEngine('A queue', (engine) => {
  let world: World;
  const start = async (): Promise<Client> => (world ??= await createWorld(await engine.open())).as(dana);
  const add = (client: Client, queue: string, Target: object, more: object = {}) =>
    client.send('POST', `queues(${queue})/Microsoft.Dynamics.CRM.AddToQueue`, { Target, ...more });
  const task = async (client: Client) => {
    const id = await client.create('tasks', { subject: 'Call back' });
    return { id, Target: { '@odata.type': 'Microsoft.Dynamics.CRM.task', activityid: id } };
  };

  test('holds a row once, and hands it over to another queue', async () => {
    const client = await start();
    const [first, second] = [
      await client.create('queues', { name: 'One' }),
      await client.create('queues', { name: 'Two' }),
    ];
    const { id, Target } = await task(client);
    const answers = await Promise.all([1, 2, 3].map(() => add(client, first, Target)));
    expect(new Set(answers.map(({ status, body }) => [status, body['QueueItemId']].join())).size).toBe(1);
    const item = String(answers[0]?.body['QueueItemId']);
    expect((await client.get(`queueitems(${item})`)).body).toMatchObject({
      title: 'Call back',
      _queueid_value: first,
      _objectid_value: id,
      statecode: 0,
    });
    const moved = await add(client, second, Target, {
      SourceQueue: { '@odata.id': `queues(${first})` },
      QueueItemProperties: { priority: 2 },
    });
    expect(moved.body['QueueItemId']).toBe(item);
    expect((await client.get(`queueitems(${item})`)).body).toMatchObject({ _queueid_value: second, priority: 2 });
    const wrong = await add(client, second, Target, { SourceQueue: { '@odata.id': `queues(${first})` } });
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('SourceQueue')]);
  });

  test('is picked from, released to and emptied', async () => {
    const client = await start();
    const other = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    const queue = await client.create('queues', { name: 'Desk' });
    const { id, Target } = await task(client);
    const item = String((await add(client, queue, Target)).body['QueueItemId']);
    const say = (name: string, body?: object) =>
      client.send('POST', `queueitems(${item})/Microsoft.Dynamics.CRM.${name}`, body);
    expect(
      (await say('PickFromQueue', { SystemUser: { '@odata.id': `systemusers(${other})` }, RemoveQueueItem: false }))
        .status,
    ).toBe(204);
    expect((await client.get(`queueitems(${item})`)).body).toMatchObject({ _workerid_value: other });
    expect((await client.get(`tasks(${id})`)).body).toMatchObject({ _ownerid_value: other });
    expect((await say('ReleaseToQueue')).status).toBe(204);
    expect((await client.get(`queueitems(${item})`)).body).toMatchObject({ _workerid_value: null });
    expect((await say('RemoveFromQueue')).status).toBe(204);
    expect((await client.get(`queueitems(${item})`)).body).toMatchObject({ statecode: 1 });
    expect((await say('RemoveFromQueue')).status).toBe(400);
    expect((await client.get(`tasks(${id})`)).status).toBe(200);
  });

  test('takes nothing while it is inactive', async () => {
    const client = await start();
    const queue = await client.create('queues', { name: 'Closed' });
    const { Target } = await task(client);
    const change = (statecode: number) =>
      client.send('PATCH', `queues(${queue})`, { statecode, statuscode: statecode + 1 });
    expect((await change(1)).status).toBe(204);
    const refused = await add(client, queue, Target);
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('not active')]);
    expect((await change(0)).status).toBe(204);
    expect((await add(client, queue, Target)).status).toBe(200);
  });

  test('refuses by name what it cannot hold', async () => {
    const client = await start();
    const queue = await client.create('queues', { name: 'Strict' });
    const account = await client.create('accounts', { name: 'Fabrikam' });
    const nobody = '00000000-0000-4000-8000-00000000dead';
    for (const [path, body, status, named] of [
      [queue, {}, 400, 'Target'],
      [queue, { Target: 'x' }, 400, 'Target'],
      [queue, { Target: { accountid: account, '@odata.type': 'Microsoft.Dynamics.CRM.account' } }, 400, 'Target'],
      [queue, { Target: { '@odata.id': `tasks(${nobody})` } }, 404, nobody],
      [queue, { Target: { '@odata.id': `tasks(${nobody})` }, Twice: 1 }, 400, 'Twice'],
      [nobody, { Target: { '@odata.id': `tasks(${nobody})` } }, 404, nobody],
    ] as const) {
      const answer = await client.send('POST', `queues(${path})/Microsoft.Dynamics.CRM.AddToQueue`, body);
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(named)]);
    }
  });
});
