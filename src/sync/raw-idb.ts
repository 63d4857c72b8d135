import { openDB, type IDBPDatabase } from 'idb';
import type { RawEntry } from './store.ts';

/**
 * Everything an outbox's database holds, whatever version made it: entries as they lie there, their Changes where those lie
 * apart, and bytes. One entry is in memory at a time.
 */
export async function* readRaw(
  database: Pick<IDBPDatabase, 'get' | 'getAllKeys' | 'objectStoreNames'>,
): AsyncGenerator<RawEntry, void> {
  const has = (name: string): boolean => database.objectStoreNames.contains(name);
  if (!has('entries')) return;
  for (const key of await database.getAllKeys('entries')) {
    const entry: unknown = await database.get('entries', key);
    if (entry === undefined) continue; // finished meanwhile
    const change: unknown = has('changes') ? await database.get('changes', key) : undefined;
    const attachments = new Map<number, Blob>();
    const range = IDBKeyRange.bound([key, 0], [key, Number.MAX_SAFE_INTEGER]);
    for (const part of has('attachments') ? await database.getAllKeys('attachments', range) : []) {
      const bytes: unknown = await database.get('attachments', part);
      const index = Array.isArray(part) ? part[1] : undefined;
      if (typeof index !== 'number') continue;
      if (bytes instanceof Blob) attachments.set(index, bytes);
      else if (bytes instanceof Uint8Array) attachments.set(index, new Blob([new Uint8Array(bytes)]));
    }
    yield { entry, change, attachments };
  }
}

/** The same of a database in whatever version it is, followed by what else there is. */
export async function* readRawDatabase(
  name: string,
  more: AsyncGenerator<RawEntry, void>,
): AsyncGenerator<RawEntry, void> {
  const database = await openDB(name);
  try {
    yield* readRaw(database);
  } finally {
    database.close();
  }
  yield* more;
}
