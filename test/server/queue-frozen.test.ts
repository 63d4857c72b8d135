import { sql } from 'kysely';
import { expect, test } from '@jest/globals';
import type { RegardingRef } from '../../src/model/records.ts';
import { registerQueue, startWorker, type QueueOptions } from '../../src/server/queue/start.ts';
import { timers } from '../../src/server/queue/timers.ts';
import { regardChange, trackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';
import { until } from '../drills/until.ts';
import { createWorld, daemon, dana } from './world.ts';

forEachEngine('a worker that was frozen for longer than its lease', ({ open }) => {
  test.each([
    ['after it had looked', 'GET'],
    ['while it wrote', 'PATCH'],
  ])('%s writes nothing over what others did meanwhile', async (_, where) => {
    const database = await open();
    const world = await createWorld(database);
    let frozen = (): void => undefined;
    let thaw = (): void => undefined;
    const isFrozen = new Promise<void>((resolve) => (frozen = resolve));
    const isThawed = new Promise<void>((resolve) => (thaw = resolve));
    const send: typeof fetch = async (input, init) => {
      const { pathname, search } = new URL(input as string);
      const method = (init?.method ?? 'GET') as 'GET';
      const payload = init?.body == null ? {} : { payload: init.body as string };
      const headers = Object.fromEntries(new Headers(init?.headers));
      const answer = await world.app.inject({ method, url: pathname + search, headers, ...payload });
      const body = answer.statusCode === 204 ? null : answer.body;
      return new Response(body, { status: answer.statusCode, headers: answer.headers as Record<string, string> });
    };
    let victim = false;
    let slept = 0;
    /** Holds up one call: a GET once its answer is there, a PATCH before it is on its way. */
    const freezing: typeof fetch = async (input, init) => {
      const held = victim && init?.method === where;
      if (held) victim = false;
      const answer = held && where === 'GET' ? await send(input, init) : undefined;
      if (held) {
        frozen();
        await isThawed;
      }
      return answer ?? send(input, init);
    };
    const options: QueueOptions = {
      database,
      crm: { url: 'http://localhost', token: () => world.token(daemon), fetch: freezing },
      tenantId: 't',
      now: Date.now,
      random: Math.random,
      report: () => undefined,
      timers: { ...timers, now: () => timers.now() + slept },
    };
    const ledger = registerQueue(world.app, options);
    const person = world.as(dana);
    const contacts: RegardingRef[] = [];
    for (const name of ['Kim', 'Lee'])
      contacts.push({ table: 'contact', id: await person.create('contacts', { lastname: name }), name });
    const [kim, lee] = contacts;
    const lane = trackChange({}, 'm1.a');
    const late = regardChange({ regarding: kim! }, 'm1.a');
    const stateOf = async (change: typeof late | typeof lane) => (await ledger.accept(dana.objectId, change)).state;
    const worker = startWorker(ledger, options);
    await ledger.accept(dana.objectId, lane);
    await until('it is done', async () => (await stateOf(lane)) === 'done');
    victim = true;
    await ledger.accept(dana.objectId, late);
    await isFrozen;
    slept = 70_000;
    await sql`update ledger_change set lease_until = lease_until - ${slept} where lease_until is not null`.execute(
      database.db,
    );
    const newer = regardChange({ regarding: lee! }, 'm1.a');
    await ledger.accept(dana.objectId, newer);
    await until('it is done', async () => (await stateOf(newer)) === 'done');
    thaw();
    await worker.stop();
    const mails = await person.get('emails?$select=_regardingobjectid_value');
    expect(mails.body).toMatchObject({ value: [{ _regardingobjectid_value: lee!.id }] });
    expect([await stateOf(late), await stateOf(newer)]).toEqual(['done', 'done']);
    await world.app.close();
  });
});
