// Graph tells that something happened, or does not: F26 to F28 of the study, against the local Graph and a door like ours.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { notificationsPath, registerNotifications } from '../../../src/server/mailbox/graph/notifications.ts';
import {
  createSubscriptionKeeper,
  type SubscriptionKeeper,
} from '../../../src/server/mailbox/graph/subscription-keeper.ts';
import { sampleMail } from '../../contracts/mail-source.ts';
import { openGraphMailbox, openGraphWorld, type GraphMailbox, type GraphWorld } from './graph-world.ts';

const hour = 60 * 60_000;
const secret = Buffer.from('a secret of this installation alone');

let world: GraphWorld;
beforeAll(async () => {
  world = await openGraphWorld([5, 5, 5]);
});
afterAll(() => world.close());

describe('a mailbox that is listened to', () => {
  let door: FastifyInstance;
  let notificationUrl: string;
  let keeper: SubscriptionKeeper;
  let mailbox: GraphMailbox;
  let hints: string[];
  let errors: unknown[];
  let wanted: boolean;
  /** What takes its time after a hint. */
  let slow: Promise<void> | null;
  /** So many requests our door does not take. */
  let busy: number;
  const keepers: SubscriptionKeeper[] = [];

  const account = () => ({ id: `id of ${mailbox.user}`, user: mailbox.user });
  const newKeeper = (more: Partial<Parameters<typeof createSubscriptionKeeper>[0]> = {}) => {
    const made = createSubscriptionKeeper({ ...world, fetch, notificationUrl, secret, ...more });
    keepers.push(made);
    return made;
  };
  const ours = () => world.subscriptions.list().filter(({ owner }) => owner === mailbox.user);
  /** Until all that Graph sends has been answered, and what follows the answers is done. */
  const settled = async () => {
    await world.subscriptions.settled();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const post = (body: unknown, path = '') =>
    fetch(`${notificationUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  beforeEach(async () => {
    world.behave();
    world.clock.ahead = 0;
    [hints, errors, wanted, slow, busy] = [[], [], true, null, 0];
    door = Fastify();
    door.addHook('onRequest', async () => {
      if (busy === 0) return;
      busy -= 1;
      throw new Error('busy');
    });
    registerNotifications(door, {
      // The keeper knows the door's address and the door its keeper.
      keeper: {
        get clientStates() {
          return keeper.clientStates;
        },
        reauthorize: (...all) => keeper.reauthorize(...all),
        replace: (...all) => keeper.replace(...all),
      },
      mailboxOf: async (id) => (wanted && id === account().id ? account() : null),
      hint: async (id) => {
        hints.push(id);
        await slow;
      },
      report: (error) => void errors.push(error),
    });
    notificationUrl = `${await door.listen({ port: 0, host: '127.0.0.1' })}${notificationsPath}`;
    mailbox = openGraphMailbox(world);
    keeper = newKeeper();
  });
  afterEach(async () => {
    keepers.splice(0).forEach((each) => each.close());
    await settled();
    ours().forEach(({ id }) => world.subscriptions.remove(id));
    await door.close();
    expect(errors).toEqual([]);
  });

  test('a new mail is a hint; reading and marking it are none', async () => {
    expect(await keeper.keep(account())).toMatchObject({ state: 'listening' });
    await mailbox.deliver('inbox', sampleMail('<one@x.example>'));
    await settled();
    await mailbox.mark('<one@x.example>', 'inbox', true);
    await settled();
    expect(hints).toEqual([account().id]);
  });

  test('the subscription is made once, renewed before its end, and made anew when its end was missed', async () => {
    await Promise.all([keeper.keep(account()), keeper.keep(account())]);
    const { id, expires: ends } = ours()[0]!;
    world.clock.ahead = 30 * hour;
    await keeper.keep(account());
    expect(ours()).toMatchObject([{ id, expires: ends }]);
    world.clock.ahead = 54 * hour;
    await keeper.keep(account());
    expect(ours()).toHaveLength(1);
    expect(ours()[0]!.expires).toBeGreaterThan(ends + 50 * hour);
    world.clock.ahead = 54 * hour + 71 * hour;
    expect(await keeper.keep(account())).toMatchObject({ state: 'listening' });
    expect(ours()).toHaveLength(1);
    expect(ours()[0]!.id).not.toBe(id);
    await keeper.drop(account());
    expect(ours()).toEqual([]);
  });

  test('many mailboxes are renewed at many times', async () => {
    const known = Array.from({ length: 40 }, (_, number) => ({
      id: `spread ${String(number)}`,
      user: world.newUser(),
    }));
    await Promise.all(known.map((each) => keeper.keep(each)));
    const renewed: number[] = [];
    for (let hours = 34; hours <= 54; hours += 4) {
      world.clock.ahead = hours * hour;
      const before = new Map(world.subscriptions.list().map(({ id, expires }) => [id, expires]));
      await Promise.all(known.map((each) => keeper.keep(each)));
      renewed.push(world.subscriptions.list().filter(({ id, expires }) => before.get(id) !== expires).length);
    }
    expect(renewed.reduce((sum, each) => sum + each)).toBe(40);
    expect(Math.max(...renewed)).toBeLessThan(20);
    await Promise.all(known.map((each) => keeper.drop(each)));
  });

  test('after a restart the subscription is found again; one of another secret is not ours', async () => {
    await keeper.keep(account());
    const { id } = ours()[0]!;
    expect(await newKeeper().keep(account())).toMatchObject({ state: 'listening' });
    expect(ours()).toMatchObject([{ id }]);
    await newKeeper({ secret: Buffer.from('another') }).keep(account());
    expect(ours()).toHaveLength(2);
  });

  test('F28: reauthorizationRequired renews, subscriptionRemoved makes anew, missed looks again', async () => {
    await keeper.keep(account());
    const { id, expires: ends } = ours()[0]!;
    world.clock.ahead = hour;
    world.subscriptions.tell(id, 'reauthorizationRequired');
    await until(() => hints.length === 1);
    expect(ours()[0]!.expires).toBeGreaterThan(ends);
    world.subscriptions.tell(id, 'missed');
    await until(() => hints.length === 2);
    expect(ours()).toMatchObject([{ id }]);
    world.subscriptions.tell(id, 'subscriptionRemoved');
    await until(() => hints.length === 3);
    expect(ours()).toHaveLength(1);
    expect(ours()[0]!.id).not.toBe(id);
    await mailbox.deliver('inbox', sampleMail('<after@x.example>'));
    await until(() => hints.length === 4);
  });

  test('F28: a process that never heard of the subscription renews it all the same', async () => {
    await keeper.keep(account());
    const { id } = ours()[0]!;
    // Time passes between any two looks at the clock.
    let ticks = -1_000;
    keeper = newKeeper({ now: () => world.now() + (ticks += 5) });
    world.clock.ahead = 2 * hour;
    world.subscriptions.tell(id, 'reauthorizationRequired');
    await until(() => hints.length === 1);
    expect(ours()).toHaveLength(1);
    expect(ours()[0]!.expires).toBeGreaterThan(Date.now() + 71 * hour);
  });

  test('F26: a hundred copies are one hint, in any order, also of a mail that is gone', async () => {
    const clientState = keeper.clientStates.write(account().id);
    const copies = Array.from({ length: 100 }, (_, number) => ({
      clientState,
      subscriptionId: `s${String(number % 3)}`,
      changeType: number % 2 ? 'created' : 'deleted',
      resource: 'users/x/messages/gone',
    }));
    expect((await post({ value: copies })).status).toBe(202);
    await until(() => hints.length > 0);
    await settled();
    expect(hints).toEqual([account().id]);
  });

  test('F27: what our door did not take in time comes again, and the answer does not wait for what is done about it', async () => {
    await keeper.keep(account());
    busy = 2;
    let release = () => {};
    slow = new Promise((resolve) => {
      release = resolve;
    });
    await mailbox.deliver('inbox', sampleMail('<one@x.example>'));
    await until(() => hints.length === 1);
    await settled();
    expect(busy).toBe(0);
    const answered = await post({ value: [{ clientState: keeper.clientStates.write(account().id) }] });
    expect(answered.status).toBe(202);
    await until(() => hints.length === 2);
    release();
  });

  test('what does not carry our own mark does nothing, and hears nothing about it', async () => {
    const good = keeper.clientStates.write(account().id);
    const forged = [
      undefined, null, 7, '', '.', 'x', good.slice(0, -1), `${good}x`, good.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      `other${good.slice(good.lastIndexOf('.'))}`, createSubscriptionKeeper({ ...world, fetch, notificationUrl, secret: Buffer.from('y') }).clientStates.write(account().id),
    ]; // prettier-ignore
    const value = forged.map((clientState) => ({
      clientState,
      subscriptionId: 's',
      lifecycleEvent: 'subscriptionRemoved',
    }));
    expect((await post({ value })).status).toBe(202);
    for (const body of ['', '{', '[]', 'null', '{"value":7}', { value: Array.from({ length: 1_001 }, () => ({})) }])
      expect((await post(body)).status).toBe(400);
    expect((await post(`{"value":["${'x'.repeat(2e6)}"]}`)).status).toBe(413);
    wanted = false;
    expect((await post({ value: [{ clientState: good }] })).status).toBe(202);
    await settled();
    expect(hints).toEqual([]);
    expect(ours()).toEqual([]);
  });

  test('a validation token comes back as plain text, whatever stands in it', async () => {
    for (const token of [
      'Validation: Testing client application reachability',
      '<script>alert(1)</script>',
      'a+b%20c d&e=f',
      'ö大',
    ]) {
      const response = await fetch(`${notificationUrl}?validationToken=${encodeURIComponent(token)}`, {
        method: 'POST',
      });
      expect([response.status, await response.text()]).toEqual([200, token]);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    for (const query of [`validationToken=${'x'.repeat(5_000)}`, 'validationToken=a&validationToken=b'])
      expect((await fetch(`${notificationUrl}?${query}`, { method: 'POST' })).status).toBe(400);
  });

  test('F27: while our door is away Graph gives up, and the mailbox is found by polling; then it is tried less and less often', async () => {
    await door.close();
    const asked: number[] = [];
    const counting: typeof fetch = (input, init) => {
      if (init?.method === 'POST') asked.push(world.clock.ahead);
      return fetch(input, init);
    };
    const deaf = newKeeper({ fetch: counting });
    for (let minutes = 0; minutes < 5 * 60; minutes += 5) {
      world.clock.ahead = minutes * 60_000;
      expect(await deaf.keep(account())).toMatchObject({ state: 'deaf', code: 'refused' });
    }
    const gaps = asked.map((at, number) => (at - (asked[number - 1] ?? at)) / 60_000).slice(1);
    expect(gaps).toEqual([5, 5, 10, 20, 40, 60, 60, 60]);
    await mailbox.deliver('inbox', sampleMail('<unheard@x.example>'));
    const source = mailbox.source();
    const { items } = await source.changes('inbox', null, new Date(0));
    expect(items).toHaveLength(1);
    await source.close();
  });
});
