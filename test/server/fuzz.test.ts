import { expect, test } from '@jest/globals';
import { crmModel } from '../../src/server/odata/tables/crm-model.ts';
import { fuzz } from '../fuzz/run.ts';
import { forEachEngine } from './engines.ts';
import { createWorld, dana } from './world.ts';

/** `npm run fuzz` sends a hundred thousand; a failure here names the seed to begin with. */
forEachEngine('Random requests', ({ engine, open }) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  test(`never get more than a refusal (seed ${seed})`, async () => {
    const report = await fuzz(await open(), crmModel, seed, engine === 'sqlite' ? 2_500 : 500);
    expect({ seed, faults: report.faults }).toEqual({ seed, faults: [] });
    // Something was understood, and something was refused.
    expect([...report.statuses.keys()]).toEqual(expect.arrayContaining([200, 204, 400, 404]));
  }, 120_000);

  test('what it has found stays mended', async () => {
    const world = await createWorld(await open());
    const as = world.as(dana);
    const { body: currencies } = await as.get<{ value: { transactioncurrencyid: string }[] }>('transactioncurrencies');
    const currency = currencies.value[0]!.transactioncurrencyid;
    const bound = { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currency})` };
    expect((await as.send('POST', 'teams', { name: 'Of a currency', ...bound })).status).toBe(204);
    const { body } = await as.get<{ value: { roleprivilegeid: string }[] }>('roleprivilegescollection?$top=1');
    const pair = body.value[0]!.roleprivilegeid;
    expect((await as.send('DELETE', `roleprivilegescollection(${pair})/roleid/$ref`)).status).toBe(400);
    const task = await as.create('tasks', { subject: 'Seen as an activity' });
    const account = { '@odata.id': `accounts(${await as.create('accounts', { name: 'Regarded' })})` };
    for (const [method, path, value] of [
      ['PUT', `activitypointers(${task})/regardingobjectid_account/$ref`, account],
      ['PUT', `activitypointers(${task})/subject`, { value: 'x' }],
      ['DELETE', `activitypointers(${task})/subject`, undefined],
    ] as const)
      expect([method, path, (await as.send(method, path, value)).status]).toEqual([method, path, 400]);
    const wholeNumber = "Microsoft.Dynamics.CRM.EqualUserId(PropertyName='participationtypemask')";
    expect((await as.get(`activityparties?$filter=${wholeNumber}`)).status).toBe(400);
    await as.send('PATCH', `tasks(${task})`, { 'regardingobjectid_account@odata.bind': `/${account['@odata.id']}` });
    const regarded = await as.get<{ value: object[] }>(`tasks?$apply=groupby((_regardingobjectid_value))`);
    expect([regarded.status, regarded.body.value.length]).toEqual([200, 1]);
    await world.app.close();
  });

  test(`show a guest nothing of others, and change nothing of theirs (seed ${seed})`, async () => {
    const report = await fuzz(await open(), crmModel, seed, engine === 'sqlite' ? 2_000 : 500, 'guest');
    expect({ seed, faults: report.faults }).toEqual({ seed, faults: [] });
    expect([...report.statuses.keys()]).toEqual(expect.arrayContaining([200, 204, 400, 403, 404]));
  }, 120_000);
});
