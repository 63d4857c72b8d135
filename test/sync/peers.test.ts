import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../src/model/change.ts';
import { createLeaseLocks } from '../../src/sync/locks.ts';
import type { Store } from '../../src/sync/store.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { createPageLocks } from './page-locks.ts';
import { result, trackChange, untrackChange } from './samples.ts';
import { away, createPeers, openWorld, type World } from './world.ts';

/** Several panes of one person in one browser: one outbox, and each of them says what is true of it. */

async function openTwo(
  store: Store = createMemoryStore({ durable: true }),
): Promise<{ one: World; two: World; store: Store }> {
  const [locks, peers] = [createPageLocks(), createPeers()];
  const one = await openWorld(store, locks, undefined, undefined, peers);
  const two = await openWorld(store, locks, one, undefined, peers);
  return { one, two, store };
}

const calm = async (...worlds: World[]): Promise<void> => {
  for (const world of [...worlds, ...worlds]) await world.calm();
};

describe('what one pane does to the outbox', () => {
  test('is said by the others as well: recorded, waiting, done', async () => {
    const { one, two } = await openTwo();
    one.crmFails = one.serverFails = two.crmFails = two.serverFails = away();
    const change = trackChange({});
    await one.corridor.submit(change);
    await calm(one, two);
    expect([one, two].map(({ statuses }) => statuses.get(change.id))).toMatchObject([
      { state: 'waiting', reason: { code: 'offline' } },
      { state: 'waiting', reason: { code: 'offline' } },
    ]);
    one.crmFails = one.serverFails = null;
    one.corridor.retryNow();
    await calm(one, two);
    expect([one, two].map(({ statuses }) => statuses.get(change.id)?.state)).toEqual(['done', 'done']);
    expect(one.carried).toEqual([change]);
  });

  test('is gone from the others when it is taken back', async () => {
    const { one, two } = await openTwo();
    const change = untrackChange({ holdUntil: '2026-11-21T08:00:11.000Z' });
    await one.corridor.submit(change);
    await calm(one, two);
    expect(two.statuses.get(change.id)?.state).toBe('waiting');
    expect(await two.corridor.drop(change.id)).toBe(true);
    await calm(one, two);
    expect(one.statuses.get(change.id)).toBeNull();
    await one.pass(60_000);
    await two.pass(60_000);
    expect(one.carried).toEqual([]);
  });

  test('is not taken back by another while it is on its way', async () => {
    const { one, two } = await openTwo();
    let answer = (): void => undefined;
    one.crmHangs = two.crmHangs = new Promise((resolve) => (answer = resolve));
    const change = trackChange({});
    await one.corridor.submit(change);
    await calm(one, two);
    expect(await two.corridor.drop(change.id)).toBe(false);
    answer();
    await calm(one, two);
    expect(two.statuses.get(change.id)?.state).toBe('done');
  });
});

describe('a pane that closes', () => {
  test('leaves a held removal to the others, which carry it when its time has come', async () => {
    const { one, two } = await openTwo();
    const change = untrackChange({ holdUntil: '2026-11-21T08:00:11.000Z' });
    await one.corridor.submit(change);
    await calm(one, two);
    one.close();
    await two.pass(11_000);
    expect(two.carried).toEqual([change]);
  });

  test('before it could tell: the others find what it left by looking', async () => {
    const store = createMemoryStore({ durable: true });
    const two = await openWorld(store);
    await two.calm();
    two.corridor.retryNow();
    await two.calm();
    const change = trackChange({});
    await store.add(change, { captured: true, since: change.at });
    await two.pass(30_000);
    expect(two.carried).toEqual([change]);
  });

  test('after it carried something and before it could tell: nobody says "sending" for ever', async () => {
    const { one, two, store } = await openTwo();
    one.crmFails = one.serverFails = two.crmFails = two.serverFails = away();
    const change = trackChange({});
    await one.corridor.submit(change);
    await calm(one, two);
    one.close();
    await store.remove(change.id);
    await two.pass(30_000);
    expect(two.statuses.get(change.id)).toBeNull();
  });
});

test('what the server finished is found out although the pane that listens for all is frozen', async () => {
  const { one, two } = await openTwo();
  one.crmFails = two.crmFails = away();
  const change = trackChange({});
  await one.corridor.submit(change);
  await calm(one, two);
  expect(two.statuses.get(change.id)?.state).toBe('queued');
  await two.finishOnServer(change.id, false);
  for (let passed = 0; passed < 90_000; passed += 30_000) await two.pass(30_000);
  await calm(one, two);
  expect([one, two].map(({ statuses }) => statuses.get(change.id)?.state)).toEqual(['done', 'done']);
});

test('what a pane that slept tells late does not take back what is known since', async () => {
  const { one, two } = await openTwo();
  const change = trackChange({});
  await one.corridor.submit(change);
  await calm(one, two);
  const late = { ...two.statuses.get(change.id)!, state: 'sending' as const, result: null };
  two.statuses.forget(change.id);
  two.statuses.set({ ...late, state: 'queued' });
  two.corridor.hearPeer({ kind: 'recorded', status: late });
  expect(two.statuses.get(change.id)?.state).toBe('queued');
});

test('what a pane hears of only half-way through is let go when it has left the outbox, though nobody told its end', async () => {
  const [locks, peers] = [createPageLocks(), createPeers()];
  const store = createMemoryStore({ durable: true });
  const one = await openWorld(store, locks, undefined, undefined, peers);
  one.crmFails = away();
  let read = (): void => undefined;
  const asleep = new Promise<void>((resolve) => (read = resolve));
  const entries = store.entries.bind(store);
  const slow: Store = { ...store, entries: async () => ((found) => asleep.then(() => found))(await entries()) };
  const opening = openWorld(slow, locks, one, undefined, peers);
  const change = trackChange({});
  await one.corridor.submit(change);
  await one.calm();
  read();
  const two = await opening;
  two.corridor.hearPeer({ kind: 'moved', statuses: [one.statuses.get(change.id)] });
  expect(two.statuses.get(change.id)?.state).toBe('queued');
  await one.finishOnServer(change.id);
  two.corridor.retryNow();
  await calm(one, two);
  expect(two.statuses.get(change.id)).toBeNull();
});

const told = {
  id: '0190a000-0000-7000-8000-000000000001',
  lane: 'm1.one',
  kind: 'track',
  state: 'waiting',
  at: '2026-11-21T08:00:00.000Z',
  reason: null,
  nextTryAt: null,
  position: null,
  result: null,
};
test.each<[string, unknown, string]>([
  ['nothing', null, 'news'],
  ['a word', 'moved', 'news'],
  ['another kind', { kind: 'forwarded', id: told.id }, 'kind'],
  ['no status', { kind: 'recorded' }, 'status'],
  ['another state', { kind: 'recorded', status: { ...told, state: 'paused' } }, 'state'],
  ['no list', { kind: 'moved', statuses: told }, 'statuses'],
  ['one status that fits and one that does not', { kind: 'moved', statuses: [told, { ...told, at: 7 }] }, 'at'],
  ['no id', { kind: 'dropped', id: {} }, 'id'],
])('a pane of another version tells %s: that is reported, and nothing else happens', async (_name, message, field) => {
  const { one } = await openTwo();
  one.statuses.set({ ...told, id: '0190a000-0000-7000-8000-000000000002', kind: 'track', state: 'waiting' });
  const before = one.statuses.all();
  one.corridor.hearPeer(message);
  expect(one.statuses.all()).toBe(before);
  await expect(one.calm()).rejects.toMatchObject({ name: 'MalformedChange', field });
});

test('what becomes due while its own pass still carries another lane is carried when that is over', async () => {
  const store = createMemoryStore({ durable: true });
  let crmIsBack = false;
  let answer = (): void => undefined;
  const slow = new Promise<void>((resolve) => (answer = resolve));
  const carried: string[] = [];
  const world = await openWorld(store, createPageLocks(), undefined, async ({ lane }) => {
    if (lane === 'm1.slow') await slow;
    else if (!crmIsBack) throw away();
    carried.push(lane);
    return result;
  });
  world.serverFails = away();
  for (const key of ['m1.one', 'm1.slow'])
    await store.add(trackChange({}, key), { captured: true, since: '2026-11-21T08:00:00.000Z' });
  world.corridor.retryNow();
  await world.calm();
  await world.pass(10_000);
  crmIsBack = true;
  answer();
  await world.calm();
  await world.pass(1_000);
  await world.calm();
  expect(carried).toEqual(['m1.slow', 'm1.one']);
});

test('attachments are read under a lock that is there before the entry: no other pane carries it half read', async () => {
  const store = createMemoryStore({ durable: true });
  const order: string[] = [];
  const add = store.add.bind(store);
  store.add = (...given) => {
    order.push('recorded');
    return add(...given);
  };
  const locks = createPageLocks();
  const world = await openWorld(store, {
    ...locks,
    hold: (name, work, signal) => {
      if (name.includes('capture')) order.push('locked');
      return locks.hold(name, work, signal);
    },
  });
  await world.corridor.submit(trackChange({}), async (put) => put(0, new Blob(['1'])));
  await world.calm();
  expect(order).toEqual(['locked', 'recorded']);
  expect(world.carried).toHaveLength(1);
});

test('a pane that slept longer than its lease does not write to the CRM with what it knew before', async () => {
  const store = createMemoryStore({ durable: true });
  let now = Date.parse('2026-11-21T08:00:01.000Z');
  let wake = (): void => undefined;
  const asleep = new Promise<void>((resolve) => (wake = resolve));
  const carried: string[] = [];
  const carryAs =
    (page: string, found: Promise<void>) => async (_change: Change, _note: unknown, check?: () => void) => {
      await found;
      check?.();
      carried.push(page);
      return result;
    };
  const open = (page: string, found: Promise<void>) => {
    const locks = createLeaseLocks({ store, page, now: () => now, wake: () => () => undefined });
    return openWorld(store, locks, undefined, carryAs(page, found));
  };
  const one = await open('one', asleep);
  await one.corridor.submit(trackChange({}));
  await one.calm();
  now += 20_000;
  const two = await open('two', Promise.resolve());
  two.corridor.retryNow();
  await two.calm();
  wake();
  await one.calm();
  expect(carried).toEqual(['two']);
});

test('under leases a second pane takes over what a killed one was carrying, in order', async () => {
  const store = createMemoryStore({ durable: true });
  let now = Date.parse('2026-11-21T08:00:01.000Z');
  const never = () => () => undefined;
  const dead = createLeaseLocks({ store, page: 'dead', now: () => now, wake: never });
  const [first, second] = [trackChange({}), untrackChange({})];
  for (const change of [first, second]) await store.add(change, { captured: true, since: change.at });
  void dead.hold(`alongside.carry.dana.${first.id}`, () => new Promise(() => undefined));
  const live = createLeaseLocks({ store, page: 'live', now: () => now, wake: never });
  const world = await openWorld(store, live);
  world.corridor.retryNow();
  await world.calm();
  expect(world.carried).toEqual([]); // the later one must not overtake it
  now += 30_000;
  await world.pass(30_000);
  expect(world.carried).toEqual([first, second]);
});
