import { describe, expect, test } from '@jest/globals';
import { CrmError } from '../../src/model/errors.ts';
import { createPageLocks } from './page-locks.ts';
import type { Store } from '../../src/sync/store.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { regardChange, trackChange, untrackChange } from './samples.ts';
import { away, openWorld } from './world.ts';

/** Memory that outlives the pane, as a disk does. */
const disk = (): Store => createMemoryStore({ durable: true });

const unavailable = () => new CrmError('unavailable', 'The CRM answered 503.', { status: 503, outcomeUnknown: true });

describe('a click on Track', () => {
  test('is carried into the CRM at once and then forgotten by the device', async () => {
    const store = disk();
    const world = await openWorld(store);
    const change = trackChange({});
    await world.corridor.submit(change);
    expect(world.statuses.get(change.id)?.state).toBe('sending');
    await world.calm();
    expect(world.carried).toEqual([change]);
    expect(world.statuses.get(change.id)?.state).toBe('done');
    expect((await store.entries()).entries).toEqual([]);
  });

  test.each([unavailable(), new CrmError('throttled', 'Slow down.', { retryAfter: 5_000 }), away()])(
    'goes to the server when the CRM is %p, and is done when the server says so',
    async (crmFails) => {
      const store = disk();
      const world = await openWorld(store);
      world.crmFails = crmFails;
      const change = trackChange({});
      await world.corridor.submit(change);
      await world.calm();
      expect(world.statuses.get(change.id)).toMatchObject({ state: 'queued', reason: { code: crmFails.code } });
      await world.corridor.hear(world.ledger.get(change.id)!.status); // "accepted" by event, without a reason
      expect(world.statuses.get(change.id)?.reason?.code).toBe(crmFails.code);
      await world.finishOnServer(change.id);
      expect(world.statuses.get(change.id)).toMatchObject({ state: 'done', reason: null });
      expect((await store.entries()).entries).toEqual([]);
    },
  );

  test('waits on the device when nobody answers, survives closing the pane, and is carried when somebody does', async () => {
    const store = disk();
    const first = await openWorld(store);
    first.crmFails = first.serverFails = away();
    const change = trackChange({});
    await first.corridor.submit(change);
    await first.calm();
    expect(first.statuses.get(change.id)).toMatchObject({ state: 'waiting', reason: { code: 'offline' } });
    await first.corridor.stop();

    const second = await openWorld(store);
    expect(second.statuses.get(change.id)?.state).toBe('waiting');
    second.corridor.retryNow();
    await second.calm();
    expect(second.carried).toEqual([change]);
    expect(second.statuses.get(change.id)?.state).toBe('done');
  });

  test.each(['forbidden', 'refused', 'not-found'] as const)(
    'is refused with its reason when the CRM says %s, and not queued',
    async (code) => {
      const world = await openWorld(disk());
      world.crmFails = new CrmError(code, 'You may not.');
      const change = trackChange({});
      await world.corridor.submit(change);
      await world.calm();
      expect(world.statuses.get(change.id)).toMatchObject({
        state: 'refused',
        reason: { code, message: 'You may not.' },
      });
      expect(world.ledger.size).toBe(0);
      expect(await world.corridor.drop(change.id)).toBe(true);
      expect(world.statuses.get(change.id)).toBeNull();
    },
  );

  test('is not lost when the person must sign in again', async () => {
    const world = await openWorld(disk());
    world.crmFails = new CrmError('unauthorized', 'Sign in.');
    const change = trackChange({});
    await world.corridor.submit(change);
    await world.calm();
    expect(world.statuses.get(change.id)).toMatchObject({ state: 'waiting', reason: { code: 'unauthorized' } });
    world.crmFails = null;
    world.corridor.retryNow();
    await world.calm();
    expect(world.statuses.get(change.id)?.state).toBe('done');
  });
});

describe('order', () => {
  test('a mail that was untracked directly is told to the server', async () => {
    const world = await openWorld(disk());
    const untrack = untrackChange({});
    await world.corridor.submit(untrack);
    await world.calm();
    expect(world.untracked).toEqual([untrack.mail.itemKey]);
  });

  test('a server that is away is not told, and keeps no untrack waiting', async () => {
    const world = await openWorld(disk());
    world.serverFails = new CrmError('offline', 'No connection.');
    const untrack = untrackChange({});
    await world.corridor.submit(untrack);
    await world.calm();
    expect(world.statuses.get(untrack.id)?.state).toBe('done');
    expect(world.untracked).toEqual([]);
  });

  test('an untrack does not overtake a track that the server still has', async () => {
    const world = await openWorld(disk());
    world.crmFails = unavailable();
    const track = trackChange({});
    await world.corridor.submit(track);
    await world.calm();
    world.crmFails = null;
    const untrack = untrackChange({});
    await world.corridor.submit(untrack);
    await world.calm();
    expect(world.carried).toEqual([]);
    expect([...world.ledger.keys()]).toEqual([track.id, untrack.id]);
  });

  test('nor when the server cannot be asked: then it waits behind it', async () => {
    const world = await openWorld(disk());
    world.crmFails = unavailable();
    await world.corridor.submit(trackChange({}));
    await world.calm();
    world.crmFails = null;
    world.serverFails = away();
    const untrack = untrackChange({});
    await world.corridor.submit(untrack);
    await world.calm();
    expect(world.carried).toEqual([]);
    expect(world.statuses.get(untrack.id)?.state).toBe('waiting');
  });

  test('one lane that waits stops no other', async () => {
    const store = disk();
    const world = await openWorld(store);
    world.crmFails = world.serverFails = away();
    const [one, two] = [trackChange({}, 'm1.one'), regardChange({}, 'm1.one')];
    await world.corridor.submit(one);
    await world.calm();
    await world.corridor.submit(two);
    await world.calm();
    world.crmFails = world.serverFails = null;
    const other = trackChange({}, 'm1.two');
    await world.corridor.submit(other);
    await world.calm();
    expect(world.carried).toEqual([other]);
    await world.pass(60_000);
    expect(world.carried).toEqual([other, one, two]);
  });

  test('a conflict holds its lane until its person decides', async () => {
    const world = await openWorld(disk());
    world.crmFails = new CrmError('conflict', 'Changed meanwhile.');
    const [first, second] = [regardChange({}), regardChange({ regarding: null })];
    await world.corridor.submit(first);
    await world.calm();
    world.crmFails = null;
    await world.corridor.submit(second);
    await world.calm();
    expect(world.statuses.get(first.id)?.state).toBe('conflict');
    expect(world.carried).toEqual([]);
    await world.corridor.drop(first.id);
    await world.calm();
    expect(world.carried).toEqual([second]);
  });
});

describe('a removal', () => {
  const held = () => untrackChange({ holdUntil: '2026-11-21T08:00:11.000Z' });

  test('is held ten seconds, in which it can be taken back', async () => {
    const world = await openWorld(disk());
    const change = held();
    await world.corridor.submit(change);
    await world.pass(9_000);
    expect(world.statuses.get(change.id)?.state).toBe('waiting');
    expect(await world.corridor.drop(change.id)).toBe(true);
    await world.pass(60_000);
    expect(world.carried).toEqual([]);
  });

  test('then goes, although the network is fine and nobody clicked', async () => {
    const world = await openWorld(disk());
    const change = held();
    await world.corridor.submit(change);
    world.corridor.retryNow();
    await world.calm();
    expect(world.carried).toEqual([]);
    await world.pass(11_000);
    expect(world.carried).toEqual([change]);
  });
});

describe('attachments', () => {
  test('a pane that closes while it reads them loses the unread ones and not the click', async () => {
    const store = disk();
    const locks = createPageLocks();
    const first = await openWorld(store, locks);
    let closed = () => {};
    const change = trackChange({});
    await first.corridor.submit(change, async (put) => {
      await put(0, new Blob(['1']));
      await new Promise<void>((resolve) => (closed = resolve));
    });
    first.corridor.retryNow();
    await first.calm();
    expect(first.carried).toEqual([]);

    const second = await openWorld(store); // another process: the first one's locks are gone with it
    second.corridor.retryNow();
    await second.calm();
    expect(second.carried).toEqual([change]);
    closed();
  });
});

describe('a browser that keeps nothing', () => {
  test('hands over to the server first, and never says waiting', async () => {
    const world = await openWorld(createMemoryStore());
    const change = trackChange({});
    world.serverFails = away();
    await world.corridor.submit(change);
    await world.calm();
    expect(world.statuses.get(change.id)).toMatchObject({ state: 'sending', reason: { code: 'not-saved' } });
    world.serverFails = null;
    world.corridor.retryNow();
    await world.calm();
    expect(world.statuses.get(change.id)?.state).toBe('queued');
    expect(world.carried).toEqual([]);
  });
});
