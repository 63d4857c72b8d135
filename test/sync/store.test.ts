import 'fake-indexeddb/auto';
import { expect, test } from '@jest/globals';
import { openDB } from 'idb';
import { openStore } from '../../src/sync/open-store.ts';
import { openIdbStore, schemaVersion } from '../../src/sync/store-idb.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { storeContract } from '../contracts/store.ts';
import { trackChange } from './samples.ts';

let opened = 0;
storeContract('IndexedDB', () => openIdbStore(`contract-${(opened += 1)}`));
storeContract('memory', async () => createMemoryStore());

test('what another version wrote is counted, left alone, exported, and does not hide the rest', async () => {
  const store = await openIdbStore('newer');
  const change = trackChange({});
  const entry = await store.add(change, { captured: true, since: change.at });
  const future = { id: 'future', seq: 99, lane: 'x', kind: 'merge' };
  const raw = await openDB('newer', schemaVersion);
  await raw.put('entries', future);
  raw.close();
  expect(await store.entries()).toEqual({ entries: [entry], unreadable: 1 });
  const found: unknown[] = [];
  for await (const { entry } of store.raw()) found.push(entry);
  expect(found).toContainEqual(future);
  store.close();
});

test('what the first version stored is carried on, with its bytes', async () => {
  const [change, odd] = [trackChange({}), { id: 'odd', seq: 2, change: { kind: 'merge' } }];
  const first = await openDB('first', 1, {
    upgrade(db) {
      db.createObjectStore('entries', { keyPath: 'id' }).createIndex('seq', 'seq', { unique: true });
      db.createObjectStore('attachments');
      db.createObjectStore('counter');
    },
  });
  const facts = { state: 'pending', captured: true, attempts: 3, nextTryAt: null, since: change.at, reason: null };
  await first.put('entries', { id: change.id, seq: 1, change, ...facts });
  await first.put('entries', odd);
  await first.put('attachments', new Uint8Array([5]), [change.id, 0]);
  await first.put('counter', 2, 'seq');
  first.close();

  const store = await openIdbStore('first');
  const { id, kind, lane, holdUntil } = change;
  const entry = { id, seq: 1, kind, lane, holdUntil, offered: false, tried: null, saved: true, ...facts };
  expect(await store.entries()).toEqual({ entries: [entry], unreadable: 1 });
  expect(await store.lane(lane)).toEqual([entry]);
  expect(await store.change(change.id)).toEqual(change);
  expect((await store.attachment(change.id, 0))?.size).toBe(1);
  expect((await store.add(trackChange({}), { captured: true, since: '' })).seq).toBe(3);
  store.close();
});

test('a browser that refuses storage gets a store that says it keeps nothing', async () => {
  const own = globalThis.indexedDB;
  Object.defineProperty(globalThis, 'indexedDB', {
    configurable: true,
    get: () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    },
  });
  try {
    const { store, storage } = await openStore('refused');
    expect({ storage, durable: store.durable }).toEqual({ storage: 'none', durable: false });
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', { configurable: true, writable: true, value: own });
  }
});
