import type { Store } from './store.ts';
import { openIdbStore } from './store-idb.ts';
import { createMemoryStore } from './store-memory.ts';

/**
 * IndexedDB where the browser lets us; memory where it does not (a private window, a third-party frame with storage blocked),
 * and then the store says it is not durable and nothing is called saved.
 */
export async function openStore(name: string): Promise<Store> {
  try {
    return await openIdbStore(name);
  } catch (error) {
    // Reading `indexedDB` or opening it throws SecurityError, InvalidStateError, UnknownError...: each means "not here".
    if (error instanceof DOMException || error instanceof ReferenceError || error instanceof TypeError)
      return createMemoryStore();
    throw error;
  }
}
