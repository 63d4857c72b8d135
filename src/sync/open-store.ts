import type { DeviceState } from './device.ts';
import { readRawDatabase } from './raw-idb.ts';
import { BlockedByOlder, openIdbStore } from './store-idb.ts';
import { createMemoryStore } from './store-memory.ts';
import { withOverflow, type DiskTrouble } from './store-overflow.ts';
import type { Store } from './store.ts';

export interface OpenedStore {
  readonly store: Store;
  readonly storage: DeviceState['storage'];
}

/**
 * IndexedDB where the browser lets us; memory where it does not (a private window, a third-party frame with storage blocked,
 * a database of a newer version, a broken one), and then the store says it is not durable and nothing is called saved.
 */
export async function openStore(
  name: string,
  tell: (trouble: DiskTrouble) => void = () => undefined,
): Promise<OpenedStore> {
  try {
    return { store: withOverflow(await openIdbStore(name), tell), storage: 'kept' };
  } catch (error) {
    const storage = troubleOf(error);
    const memory = createMemoryStore();
    // What lies in a database that this version cannot use can still be exported.
    const raw = storage === 'newer' ? () => readRawDatabase(name, memory.raw()) : () => memory.raw();
    return { store: { ...memory, raw }, storage };
  }
}

function troubleOf(error: unknown): Exclude<DeviceState['storage'], 'kept' | 'full'> {
  if (error instanceof BlockedByOlder) return 'blocked';
  // Reading `indexedDB` at all throws SecurityError, or there is none.
  if (error instanceof ReferenceError || error instanceof TypeError) return 'none';
  if (!(error instanceof DOMException)) throw error;
  if (error.name === 'VersionError') return 'newer';
  if (error.name === 'SecurityError' || error.name === 'InvalidStateError') return 'none';
  // To a frame of another site Chromium says UnknownError, "The user denied permission to access the database."
  return /denied/i.test(error.message) ? 'none' : 'broken';
}
