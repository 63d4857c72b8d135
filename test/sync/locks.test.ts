import 'fake-indexeddb/auto';
import { describe, expect, test } from '@jest/globals';
import { createLeaseLocks, leaseTime, mayLock, type Locks } from '../../src/sync/locks.ts';
import { openIdbStore } from '../../src/sync/store-idb.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { LeaseLost, type Store } from '../../src/sync/store.ts';
import { createTime, type Time } from './time.ts';
import { trackChange } from './samples.ts';
import { openWorld } from './world.ts';

const stores: [string, () => Promise<Store>][] = [
  ['memory', async () => createMemoryStore({ durable: true })],
  ['IndexedDB', () => openIdbStore(`locks-${Math.random()}`)],
];

/** A pane that can be frozen as a browser freezes a tab in the background: its timers stop, the others go on. */
function pane(store: Store, time: Time, page: string): Locks & { freeze(frozen: boolean): void } {
  let frozen = false;
  const locks = createLeaseLocks({
    store,
    page,
    now: () => time.now(),
    wake: (delay, ring) => time.wake(delay, () => void (frozen || ring())),
  });
  return { ...locks, freeze: (is) => void (frozen = is) };
}

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe.each(stores)('one drainer without Web Locks, leases in %s', (_name, open) => {
  test('the second waits for the first, and gets its turn as soon as it ends', async () => {
    const [store, time] = [await open(), createTime()];
    const [one, two] = [pane(store, time, 'one'), pane(store, time, 'two')];
    const first = gate();
    const order: string[] = [];
    const held = one.hold('drain', () => first.opened.then(() => order.push('one')));
    await time.settle();
    const waiting = two.hold('drain', async () => order.push('two'));
    expect(await two.holdIfFree('drain', async () => 'mine')).toBeNull();
    expect(await two.holdIfFree('another', async () => 'mine')).toBe('mine');
    // Longer than a lease: the holder is alive and renews it.
    for (let passed = 0; passed < 3 * leaseTime; passed += 1_000) await time.pass(1_000);
    expect(order).toEqual([]);
    first.open();
    await held;
    await time.pass(2_000);
    await waiting;
    expect(order).toEqual(['one', 'two']);
  });

  test('within one page the turns are one after the other as well', async () => {
    const [store, time] = [await open(), createTime()];
    const one = pane(store, time, 'one');
    const first = gate();
    const held = one.hold('drain', () => first.opened);
    await time.settle();
    expect(await one.holdIfFree('drain', async () => 'mine')).toBeNull();
    first.open();
    await held;
    expect(await one.holdIfFree('drain', async () => 'mine')).toBe('mine');
  });

  test('a frozen holder loses its turn, and what it writes when it wakes is refused', async () => {
    const [store, time] = [await open(), createTime()];
    const [one, two] = [pane(store, time, 'one'), pane(store, time, 'two')];
    const entry = await store.add(trackChange({}), { captured: true, since: '' });
    const asleep = gate();
    const late = one.hold('drain', async (fence) => {
      await asleep.opened;
      await store.fenced(fence!).remove(entry.id);
    });
    late.catch(() => undefined);
    await time.settle();
    one.freeze(true);
    let mine = false;
    const second = two.hold('drain', async (fence) => {
      mine = true;
      await store.fenced(fence!).replace({ ...entry, attempts: 1 });
      asleep.open();
      await time.settle();
    });
    for (let passed = 0; passed <= leaseTime; passed += 1_000) await time.pass(1_000);
    await second;
    expect(mine).toBe(true);
    await expect(late).rejects.toThrow(LeaseLost);
    expect(await store.entry(entry.id)).toMatchObject({ attempts: 1 });
  });

  test('who no longer wants a turn does not get it', async () => {
    const [store, time] = [await open(), createTime()];
    const [one, two] = [pane(store, time, 'one'), pane(store, time, 'two')];
    const first = gate();
    const held = one.hold('events', () => first.opened);
    await time.settle();
    const ending = new AbortController();
    const waiting = two.hold('events', async () => 'mine', ending.signal);
    waiting.catch(() => undefined);
    ending.abort(new Error('closed'));
    await expect(waiting).rejects.toThrow('closed');
    first.open();
    await held;
  });
});

test('two panes that drain under leases carry each Change once; the frozen one writes nothing when it wakes', async () => {
  const [store, time] = [createMemoryStore({ durable: true }), createTime()];
  const [locksOne, locksTwo] = [pane(store, time, 'one'), pane(store, time, 'two')];
  const one = await openWorld(store, locksOne);
  const two = await openWorld(store, locksTwo, one);
  const stuck = gate();
  one.crmHangs = stuck.opened;
  const change = trackChange({});
  await one.corridor.submit(change);
  await one.calm();
  locksOne.freeze(true);
  two.corridor.retryNow();
  for (let passed = 0; passed <= leaseTime; passed += 1_000) await time.pass(1_000);
  await two.calm();
  expect(two.statuses.get(change.id)?.state).toBe('done');
  locksOne.freeze(false);
  stuck.open();
  await one.calm();
  await time.pass(2_000);
  expect(new Set(two.carried.map(({ id }) => id))).toEqual(new Set([change.id]));
  expect((await store.entries()).entries).toEqual([]);
});

test('a browser that has Web Locks and denies each request is recognised', async () => {
  const denies = { request: () => Promise.reject(new DOMException('Denied.', 'SecurityError')) };
  const grants = { request: (_name: string, _options: unknown, work: () => unknown) => Promise.resolve(work()) };
  expect(await mayLock(undefined)).toBe(false);
  expect(await mayLock(denies as unknown as LockManager)).toBe(false);
  expect(await mayLock(grants as unknown as LockManager)).toBe(true);
});
