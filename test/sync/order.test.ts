import { describe, expect, test } from '@jest/globals';
import { CrmError } from '../../src/model/errors.ts';
import type { Store } from '../../src/sync/store.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { createPageLocks } from './page-locks.ts';
import { regardChange, trackChange, untrackChange } from './samples.ts';
import { away, openWorld } from './world.ts';

/** The order of one person's wishes about one mail holds across the direct way, the ledger and two panes. */

const disk = (): Store => createMemoryStore({ durable: true });
const unavailable = () => new CrmError('unavailable', 'The CRM answered 503.', { status: 503, outcomeUnknown: true });

describe('a Change that the ledger was offered', () => {
  test('goes no other way, even if the answer was lost and the CRM is back before the ledger', async () => {
    const store = disk();
    const world = await openWorld(store);
    world.crmFails = unavailable();
    world.answerLost = true;
    const track = trackChange({});
    await world.corridor.submit(track);
    await world.calm();
    expect(await store.entry(track.id)).toMatchObject({ state: 'pending', offered: true });

    world.crmFails = null;
    world.serverFails = away();
    const untrack = untrackChange({});
    await world.corridor.submit(untrack);
    world.corridor.retryNow();
    await world.calm();
    expect(world.carried).toEqual([]); // else the ledger would track once more what was untracked

    world.serverFails = null;
    world.answerLost = false;
    await world.pass(60_000);
    expect(world.carried).toEqual([]);
    expect([...world.ledger.keys()]).toEqual([track.id, untrack.id]);
  });

  test('is remembered as offered when the pane closes before the answer', async () => {
    const store = disk();
    const first = await openWorld(store);
    first.crmFails = unavailable();
    const track = trackChange({});
    const never = new Promise<never>(() => undefined);
    const own = store.replace.bind(store);
    // The pane dies at the moment the ledger has it: what comes after the offer is never written.
    let writes = 0;
    store.replace = (entry) => ((writes += 1) > 1 ? never : own(entry));
    await first.corridor.submit(track);
    await first.calm();
    expect(first.ledger.has(track.id)).toBe(true);
    store.replace = own;

    const second = await openWorld(store, createPageLocks(), first);
    second.serverFails = away();
    second.corridor.retryNow();
    await second.calm();
    expect(second.carried).toEqual([]);
    expect(second.statuses.get(track.id)).toMatchObject({ state: 'waiting', reason: { code: 'offline' } });
  });

  test('and clearly refused by it may go directly again', async () => {
    const store = disk();
    const world = await openWorld(store);
    world.crmFails = unavailable();
    const track = trackChange({});
    world.handOverFails = new CrmError('refused', 'The body is too large.', { status: 413 });
    await world.corridor.submit(track);
    await world.calm();
    expect(world.statuses.get(track.id)).toMatchObject({ state: 'waiting', reason: { code: 'unavailable' } });
    world.crmFails = null;
    await world.pass(60_000);
    expect(world.carried).toEqual([track]);
    expect(world.statuses.get(track.id)?.state).toBe('done');
  });
});

test('a Change that the ledger was never offered goes directly once the CRM is back, whatever the ledger does', async () => {
  const world = await openWorld(disk());
  world.crmFails = world.serverFails = away();
  const track = trackChange({});
  await world.corridor.submit(track);
  await world.calm();
  expect(world.statuses.get(track.id)?.state).toBe('waiting');
  world.crmFails = null;
  await world.pass(60_000);
  expect(world.carried).toEqual([track]);
});

describe('what the server was handed', () => {
  test('is asked after when the server is there again, if its end was not heard', async () => {
    const store = disk();
    const first = await openWorld(store);
    first.crmFails = unavailable();
    const track = trackChange({});
    await first.corridor.submit(track);
    await first.calm();
    await first.corridor.stop();
    await first.finishOnServer(track.id, false);

    const second = await openWorld(store, createPageLocks(), first);
    expect(second.statuses.get(track.id)?.state).toBe('queued');
    second.corridor.connected();
    await second.calm();
    expect(second.statuses.get(track.id)?.state).toBe('done');
    expect((await store.entries()).entries).toEqual([]);
  });

  test('is handed over again when the server was restored from a backup and forgot it', async () => {
    const store = disk();
    const world = await openWorld(store);
    world.crmFails = unavailable();
    const track = trackChange({});
    await world.corridor.submit(track);
    await world.calm();
    world.ledger.clear();
    world.corridor.connected();
    await world.calm();
    expect([...world.ledger.keys()]).toEqual([track.id]);
    expect(world.statuses.get(track.id)?.state).toBe('queued');
  });

  test('and refused there stays refused, although the event was quicker than the answer', async () => {
    const store = disk();
    const world = await openWorld(store);
    world.crmFails = unavailable();
    const track = trackChange({});
    const own = store.replace.bind(store);
    store.replace = async (entry) => {
      if (entry.state === 'handed-over') {
        const { status } = world.ledger.get(track.id)!;
        const reason = { code: 'forbidden' as const, message: 'You may not.' };
        await world.corridor.hear({ ...status, state: 'refused', reason });
      }
      return own(entry);
    };
    await world.corridor.submit(track);
    await world.calm();
    expect(world.statuses.get(track.id)?.state).toBe('refused');
    world.corridor.connected();
    await world.calm();
  });
});

describe('two panes of one person', () => {
  test('carry each Change once and in order, whichever of them drains', async () => {
    const store = disk();
    const locks = createPageLocks();
    const one = await openWorld(store, locks);
    const two = await openWorld(store, locks, one);
    const wishes = [trackChange({}), regardChange({}), untrackChange({}), trackChange({}), regardChange({})];
    for (const [index, wish] of wishes.entries()) await (index % 2 === 0 ? one : two).corridor.submit(wish);
    await one.calm();
    await two.calm();
    expect(one.carried).toEqual(wishes);
  });

  test('a second device follows the ledger, which has the earlier wish of the first', async () => {
    const phone = await openWorld(disk());
    phone.crmFails = unavailable();
    const track = trackChange({});
    await phone.corridor.submit(track);
    await phone.calm();
    const desk = await openWorld(disk(), createPageLocks(), phone);
    const untrack = untrackChange({});
    await desk.corridor.submit(untrack);
    await desk.calm();
    expect(desk.carried).toEqual([]);
    expect([...desk.ledger.keys()]).toEqual([track.id, untrack.id]);
  });
});

describe('a Change that comes after one', () => {
  test('which was dropped is carried all the same', async () => {
    const world = await openWorld(disk());
    world.crmFails = world.serverFails = away();
    const track = trackChange({});
    await world.corridor.submit(track);
    await world.calm();
    const regard = regardChange({ after: await world.corridor.lastUnfinished(track.lane) });
    expect(regard.after).toBe(track.id);
    await world.corridor.submit(regard);
    await world.calm();
    world.crmFails = world.serverFails = null;
    expect(await world.corridor.drop(track.id)).toBe(true);
    await world.pass(60_000);
    expect(world.carried).toEqual([regard]);
  });

  test('which was refused is carried in the same drain', async () => {
    const world = await openWorld(disk());
    world.crmFails = world.serverFails = away();
    const track = trackChange({});
    const untrack = untrackChange({ after: track.id });
    await world.corridor.submit(track);
    await world.corridor.submit(untrack);
    await world.calm();
    world.serverFails = null;
    world.crmFails = new CrmError('forbidden', 'You may not.');
    world.corridor.retryNow();
    await world.calm();
    expect(world.statuses.get(track.id)?.state).toBe('refused');
    expect(world.statuses.get(untrack.id)?.state).toBe('refused');
    expect(await world.corridor.lastUnfinished(track.lane)).toBeNull();
  });
});

test('a click does not wait behind thousands that wait', async () => {
  const store = disk();
  const world = await openWorld(store);
  world.crmFails = world.serverFails = away();
  for (let number = 0; number < 50; number += 1) await world.corridor.submit(trackChange({}, `m1.${number}`));
  await world.calm();
  for (const { id } of (await store.entries()).entries) expect(world.statuses.get(id)?.state).toBe('waiting');
  world.crmFails = world.serverFails = null;
  world.corridor.retryNow();
  const click = trackChange({}, 'm1.click');
  await world.corridor.submit(click);
  await world.pass(60_000);
  await world.calm();
  expect(world.carried).toHaveLength(51);
  expect(world.carried.indexOf(click)).toBeLessThan(15);
});

describe('what a try found in the CRM', () => {
  const found = { recordId: '0e000000-0000-4000-8000-000000000001', regarding: null };

  test('is on disk before it writes there, known to the next try, and goes along to the ledger', async () => {
    const store = disk();
    const [regard, seen] = [regardChange({}), [] as unknown[]];
    const world = await openWorld(store, createPageLocks(), undefined, async (change, note) => {
      seen.push(change.tried);
      await note(found);
      expect(await store.entry(regard.id)).toMatchObject({ tried: found });
      throw unavailable();
    });
    world.serverFails = away();
    await world.corridor.submit(regard);
    await world.calm();
    await world.pass(60_000);
    expect(seen).toEqual([undefined, found]);
    world.serverFails = null;
    await world.pass(60_000);
    expect(world.ledger.get(regard.id)?.change).toEqual({ ...regard, tried: found });
  });

  test('and whose outcome is known is no longer held against it', async () => {
    const store = disk();
    const regard = regardChange({});
    const world = await openWorld(store, createPageLocks(), undefined, async (_change, note) => {
      await note(found);
      await note(null);
      throw new CrmError('throttled', 'Too many.', { status: 429 });
    });
    await world.corridor.submit(regard);
    await world.calm();
    expect(world.ledger.get(regard.id)?.change).toEqual(regard);
  });
});
