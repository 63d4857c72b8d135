import 'fake-indexeddb/auto';
import { describe, expect, test } from '@jest/globals';
import { openDB } from 'idb';
import type { CrmError } from '../../src/model/errors.ts';
import { parseChange } from '../../src/model/parse-change.ts';
import { createDevice, createWitness, type DeviceState } from '../../src/sync/device.ts';
import { exportOutbox } from '../../src/sync/export-outbox.ts';
import { watchDevice } from '../../src/sync/open-device.ts';
import { openStore } from '../../src/sync/open-store.ts';
import { createStatuses } from '../../src/sync/statuses.ts';
import { BlockedByOlder, openIdbStore } from '../../src/sync/store-idb.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { withOverflow } from '../../src/sync/store-overflow.ts';
import type { Store } from '../../src/sync/store.ts';
import { stripView } from '../../src/taskpane/strip-view.ts';
import { storeContract } from '../contracts/store.ts';
import { regardChange, trackChange } from './samples.ts';
import { away, openWorld } from './world.ts';

let opened = 0;
storeContract('IndexedDB with memory behind it', async () =>
  withOverflow(await openIdbStore(`overflow-${(opened += 1)}`), () => undefined),
);

/** A disk that refuses the named calls while `fails` is set. */
function failingDisk(...calls: (keyof Store)[]) {
  const disk = createMemoryStore({ durable: true });
  const state = { fails: null as DOMException | null, told: [] as string[], disk };
  const refusing = Object.fromEntries(
    calls.map((call) => [
      call,
      async (...given: unknown[]) => {
        if (state.fails) throw state.fails;
        return (disk[call] as (...given: unknown[]) => unknown)(...given);
      },
    ]),
  );
  return { state, store: withOverflow({ ...disk, ...refusing }, (trouble) => state.told.push(trouble)) };
}

const full = () => new DOMException('There is no space left.', 'QuotaExceededError');

describe('a device that is out of space', () => {
  test('brings the click to the server first, and never calls it waiting or saved', async () => {
    const { store, state } = failingDisk('add');
    const world = await openWorld(store);
    state.fails = full();
    const said: string[] = [];
    const change = trackChange({});
    world.statuses.subscribe(() => said.push(world.statuses.get(change.id)?.state ?? ''));
    await world.corridor.submit(change);
    await world.calm();
    expect(state.told).toEqual(['full']);
    expect([...world.ledger.keys()]).toEqual([change.id]);
    expect(world.carried).toEqual([]);
    expect(said).not.toContain('waiting');
    expect(said.at(-1)).toBe('queued');
  });

  test('says "not saved, keep this open" while the server is away too, and goes on when it is back', async () => {
    const { store, state } = failingDisk('add');
    const world = await openWorld(store);
    state.fails = full();
    world.serverFails = away();
    const change = trackChange({});
    await world.corridor.submit(change);
    await world.calm();
    expect(world.statuses.get(change.id)).toMatchObject({ state: 'sending', reason: { code: 'not-saved' } });
    world.serverFails = null;
    await world.pass(60_000);
    expect(world.statuses.get(change.id)?.state).toBe('queued');
  });

  test('keeps the order of a lane that is half on the disk', async () => {
    const { store, state } = failingDisk('add');
    const world = await openWorld(store);
    world.crmFails = world.serverFails = away();
    const [first, second, third] = [trackChange({}), regardChange({}), regardChange({ regarding: null })];
    await world.corridor.submit(first);
    state.fails = full();
    await world.corridor.submit(second);
    state.fails = null; // there is space again, but its lane goes on in memory
    await world.corridor.submit(third);
    await world.calm();
    expect((await store.lane(first.lane)).map(({ id }) => id)).toEqual([first.id, second.id, third.id]);
    world.crmFails = world.serverFails = null;
    await world.pass(60_000);
    expect(world.carried).toEqual([first]);
    expect([...world.ledger.keys()]).toEqual([second.id, third.id]);
  });

  test('keeps attachments it has no space for in the page, and they arrive', async () => {
    const { store, state } = failingDisk('putAttachment');
    state.fails = full();
    const entry = await store.add(trackChange({}), { captured: false, since: '' });
    await store.putAttachment(entry.id, 0, new Blob(['abc']));
    expect(await (await store.attachment(entry.id, 0))?.text()).toBe('abc');
    await store.remove(entry.id);
    expect(await store.attachment(entry.id, 0)).toBeNull();
  });
});

test.each([
  ['the connection was closed for a newer version', 'InvalidStateError'],
  ['a transaction aborts', 'AbortError'],
  ['the store is corrupted', 'UnknownError'],
])('%s: what was clicked is carried all the same, and the person is told', async (_case, name) => {
  const { store, state } = failingDisk('add', 'entries', 'entry', 'lane', 'change', 'replace', 'remove', 'takeLease');
  const world = await openWorld(store);
  state.fails = new DOMException('No.', name);
  const change = trackChange({});
  await world.corridor.submit(change);
  await world.calm();
  expect([...world.ledger.keys()]).toEqual([change.id]);
  expect(new Set(state.told)).toEqual(new Set(['broken']));
});

describe('opening the store', () => {
  test('that a newer version made: nothing is kept here, and what is there can be exported', async () => {
    const newer = await openDB('newer-version', 99, {
      upgrade: (db) => void db.createObjectStore('entries', { keyPath: 'id' }),
    });
    await newer.put('entries', { id: 'from-the-future', words: 'in another form' });
    newer.close();
    const { store, storage } = await openStore('newer-version');
    expect(storage).toBe('newer');
    expect(store.durable).toBe(false);
    const change = trackChange({});
    await store.add(change, { captured: true, since: change.at });
    const file = JSON.parse(await (await exportOutbox(store, 'dana', 0)).text()) as { entries: { entry: unknown }[] };
    expect(file.entries).toHaveLength(2);
    expect(file.entries[0]?.entry).toMatchObject({ words: 'in another form' });
  });

  test('that an older window does not let go of gives up after a moment', async () => {
    const older = await openDB('held', 1, {
      upgrade(db) {
        db.createObjectStore('entries', { keyPath: 'id' }).createIndex('seq', 'seq', { unique: true });
        db.createObjectStore('attachments');
        db.createObjectStore('counter');
      },
    });
    await expect(openIdbStore('held', 5)).rejects.toThrow(BlockedByOlder);
    older.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const store = await openIdbStore('held', 1_000);
    expect((await store.entries()).entries).toEqual([]);
    store.close();
  });

  test('of another person on the same device shows nothing of the first', async () => {
    const dana = (await openStore('alongside.dana@contoso.example')).store;
    const change = trackChange({});
    await dana.add(change, { captured: true, since: change.at });
    const miguel = (await openStore('alongside.miguel@contoso.example')).store;
    expect((await miguel.entries()).entries).toEqual([]);
    const both = [await openWorld(miguel), await openWorld(dana)] as const; // two tabs, two people
    for (const world of both) world.corridor.retryNow();
    for (const world of both) await world.calm();
    expect(both.map(({ carried }) => carried.map(({ id }) => id))).toEqual([[], [change.id]]);
  });
});

test('an export is one JSON file with every Change and its bytes, ready to be taken in again', async () => {
  const store = await openIdbStore('export');
  const changes = [trackChange({}), regardChange({})];
  for (const change of changes) await store.add(change, { captured: false, since: change.at });
  const bytes = new Uint8Array(4 * 1024 * 1024).map((_, index) => index % 251);
  await store.putAttachment(changes[0]!.id, 3, new Blob([bytes]));
  interface Exported {
    readonly format: string;
    readonly entries: { change: unknown; attachments: { index: number; base64: string }[] }[];
  }
  const file = JSON.parse(await (await exportOutbox(store, 'dana@contoso.example', 0)).text()) as Exported;
  expect(file).toMatchObject({ format: 'alongside-outbox', version: 1, user: 'dana@contoso.example' });
  expect(file.entries.map(({ change }) => parseChange(change))).toEqual(changes);
  expect(file.entries[0]?.attachments.map(({ index }) => index)).toEqual([3]);
  expect(Buffer.from(file.entries[0]!.attachments[0]!.base64, 'base64').equals(bytes)).toBe(true);
  store.close();
});

describe('storage that was cleared while Changes waited', () => {
  const notes = () => {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    } as Storage;
  };
  const look = async (store: Store, storage: Storage) => {
    const device = createDevice('kept');
    const statuses = createStatuses();
    await watchDevice({ store, device, statuses, name: 'dana', notes: () => storage });
    return { device, statuses };
  };

  test('is told with their number until the person has read it', async () => {
    const storage = notes();
    const store = createMemoryStore({ durable: true });
    const { statuses, device } = await look(store, storage);
    const world = await openWorld(store);
    world.crmFails = world.serverFails = away();
    for (const key of ['m1.a', 'm1.b']) await world.corridor.submit(trackChange({}, key));
    await world.calm();
    statuses.set(...world.statuses.all());
    expect(device.state().lost).toBe(0);

    const after = await look(createMemoryStore({ durable: true }), storage);
    expect(after.device.state().lost).toBe(2);
    expect((await look(createMemoryStore({ durable: true }), storage)).device.state().lost).toBe(2);
    after.device.set({ lost: 0 });
    expect((await look(createMemoryStore({ durable: true }), storage)).device.state().lost).toBe(0);
  });

  test('is not told when everything was carried out, nor where no note can be kept', async () => {
    const storage = notes();
    createWitness(() => storage, 'dana').write(1);
    const store = createMemoryStore({ durable: true });
    await store.add(trackChange({}), { captured: true, since: '' });
    expect((await look(store, storage)).device.state().lost).toBe(0);
    const refuses = createWitness(() => {
      throw new DOMException('Denied.', 'SecurityError');
    }, 'dana');
    refuses.write(3);
    expect(refuses.read()).toBe(0);
  });
});

describe('the strip above everything', () => {
  const now = Date.parse('2026-11-21T08:00:00Z');
  const kept: DeviceState = { storage: 'kept', persisted: true, lost: 0, unreadable: 0 };
  const status = (at: string, code: CrmError['code'] | 'not-saved', state: 'waiting' | 'sending' = 'waiting') => ({
    ...{ id: at, lane: 'm1.a', kind: 'track' as const, state, at, reason: { code, message: '' } },
    ...{ nextTryAt: null, position: null, result: null },
  });
  const today = '2026-11-21T07:00:00Z';
  const lastWeek = '2026-11-14T07:00:00Z';

  test.each([
    ['nothing to say', [], {}, false, '', ''],
    ['the CRM is away', [], {}, true, 'away', 'try-now'],
    ['one waits', [status(today, 'offline')], {}, true, 'waiting', 'try-now'],
    ['one waits for days', [status(lastWeek, 'offline')], {}, false, 'waiting old', 'try-now export'],
    ['it must be signed in', [status(today, 'unauthorized')], {}, false, 'waiting', 'sign-in'],
    ['not saved', [status(today, 'not-saved', 'sending')], {}, false, 'not-saved', 'try-now export'],
    ['no promise', [status(today, 'offline')], { persisted: false }, false, 'waiting may-be-cleared', 'try-now'],
    ['no promise, nothing waits', [], { persisted: false }, false, '', ''],
    ['another version', [], { unreadable: 2 }, false, 'unreadable', 'export'],
    ['a newer one owns it', [], { storage: 'newer' as const }, false, 'storage', 'export'],
    ['no storage', [], { storage: 'none' as const }, false, 'storage', ''],
    ['cleared', [], { lost: 3 }, true, 'lost', 'understood try-now'],
  ] as const)('%s', (_case, statuses, device, isAway, says, does) => {
    const view = stripView(statuses, { ...kept, ...device }, isAway, now);
    expect(view.says.map((line) => line.of).join(' ')).toBe(says);
    expect(view.does.join(' ')).toBe(does);
  });
});
