import 'fake-indexeddb/auto';
import { expect, test } from '@jest/globals';
import { openDB } from 'idb';
import { openStore } from '../../src/sync/open-store.ts';
import { openIdbStore } from '../../src/sync/store-idb.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import { storeContract } from '../contracts/store.ts';
import { trackChange } from './samples.ts';

let opened = 0;
storeContract('IndexedDB', () => openIdbStore(`contract-${(opened += 1)}`));
storeContract('memory', async () => createMemoryStore());

test('what another version wrote is counted, left alone, and does not hide the rest', async () => {
  const store = await openIdbStore('newer');
  const entry = {
    change: trackChange({}),
    state: 'pending' as const,
    captured: true,
    attempts: 0,
    nextTryAt: null,
    since: '',
    reason: null,
  };
  await store.add(entry);
  const raw = await openDB('newer', 1);
  await raw.put('entries', { id: 'future', seq: 99, change: { kind: 'merge', version: 9 } });
  raw.close();
  expect(await store.all()).toMatchObject({ entries: [{ change: entry.change }], unreadable: 1 });
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
    expect((await openStore('refused')).durable).toBe(false);
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', { configurable: true, writable: true, value: own });
  }
});
