import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { Change } from '../model/change.ts';
import { parseChange } from '../model/parse-change.ts';
import { readRaw } from './raw-idb.ts';
import { LeaseLost, newEntry, readEntry, type Fence, type OutboxEntry, type Store } from './store.ts';

export interface OutboxSchema extends DBSchema {
  entries: { key: string; value: OutboxEntry; indexes: { seq: number; lane: [string, number] } };
  /** The Changes themselves, with the mails' texts. */
  changes: { key: string; value: Change };
  /** Bytes that the first version stored are arrays. */
  attachments: { key: [string, number]; value: Blob | Uint8Array<ArrayBuffer> };
  counter: { key: string; value: number };
  leases: { key: string; value: { holder: string; until: number; generation: number } };
}

export const schemaVersion = 2;

/** Entries read with one request: so many are structured-cloned in a few milliseconds, and the page draws in between. */
const chunk = 500;

/**
 * IndexedDB says "complete" before the disk has it unless asked otherwise (the default became `relaxed` in Chromium 121), so
 * every write here asks for `strict`.
 * @param name one database per person, so a change of user never mixes outboxes
 * @param patience milliseconds an older window gets to let go of the database
 */
export async function openIdbStore(name: string, patience = 3_000): Promise<Store> {
  let blocked = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    blocked = () => void setTimeout(() => reject(new BlockedByOlder()), patience);
  });
  const opening = openDB<OutboxSchema>(name, schemaVersion, {
    upgrade(db, from, _to, transaction) {
      if (from === 0) {
        db.createObjectStore('entries', { keyPath: 'id' }).createIndex('seq', 'seq', { unique: true });
        db.createObjectStore('attachments');
        db.createObjectStore('counter');
      }
      db.createObjectStore('changes');
      db.createObjectStore('leases');
      transaction.objectStore('entries').createIndex('lane', ['lane', 'seq']);
      if (from === 1) splitEntries(transaction).catch(() => abort(transaction));
    },
    // A page of a newer version wants to upgrade: let go. What is clicked here from now on goes to the server first.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    blocked: () => blocked(),
  });
  try {
    return storeOver(await Promise.race([opening, late]), null);
  } catch (error) {
    // Should it open after all, nobody uses it any more.
    opening.then(
      (database) => database.close(),
      () => undefined,
    );
    throw error;
  }
}

/** A window with an older version, perhaps frozen by the browser, does not let go of the database. */
export class BlockedByOlder extends Error {
  override readonly name = 'BlockedByOlder';
}

/** The first version kept a Change inside its entry. What does not read as one is left as it is. */
async function splitEntries(
  transaction: IDBPTransaction<OutboxSchema, StoreNames<OutboxSchema>[], 'versionchange'>,
): Promise<void> {
  const changes = transaction.objectStore('changes');
  let cursor = await transaction.objectStore('entries').openCursor();
  for (; cursor !== null; cursor = await cursor.continue()) {
    const old = cursor.value as OutboxEntry & { readonly change?: Partial<Change> };
    const { change, ...facts } = old;
    const { id, kind, lane, holdUntil } = change ?? {};
    const entry = readEntry({ ...facts, id, kind, lane, holdUntil, offered: false });
    if (entry === null) continue;
    await changes.put(change as Change, entry.id);
    await cursor.update(entry);
  }
}

type Write<Names extends StoreNames<OutboxSchema>[]> = IDBPTransaction<OutboxSchema, Names, 'readwrite'>;

function attachmentsOf(changeId: string): IDBKeyRange {
  return IDBKeyRange.bound([changeId, 0], [changeId, Number.MAX_SAFE_INTEGER]);
}

function storeOver(database: IDBPDatabase<OutboxSchema>, fence: Fence | null): Store {
  /** One strict transaction; its failure, at a request or at the commit (a full disk shows there), is the caller's. */
  const write = async <Names extends StoreNames<OutboxSchema>[], Answer>(
    names: Names,
    work: (transaction: Write<Names>) => Promise<Answer>,
  ): Promise<Answer> => {
    const transaction = database.transaction(names, 'readwrite', { durability: 'strict' });
    const done = transaction.done;
    done.catch(() => undefined); // awaited below unless the work fails first, and then its error says more
    const answer = await work(transaction).catch((error: unknown) => {
      abort(transaction);
      throw error;
    });
    await done;
    return answer;
  };
  /** The same, refused when the fence's lease went to somebody else. */
  const change = <Names extends StoreNames<OutboxSchema>[], Answer>(
    names: Names,
    work: (transaction: Write<(Names[number] | 'leases')[]>) => Promise<Answer>,
  ): Promise<Answer> =>
    write<(Names[number] | 'leases')[], Answer>([...names, 'leases'], async (transaction) => {
      if (fence !== null) {
        const lease = await transaction.objectStore('leases').get(fence.name);
        if (lease?.generation !== fence.generation) throw new LeaseLost();
      }
      return work(transaction);
    });

  return {
    durable: true,

    add: (wish, options) =>
      write(['entries', 'changes', 'counter'], async (transaction) => {
        const counter = transaction.objectStore('counter');
        const seq = ((await counter.get('seq')) ?? 0) + 1;
        const entry = newEntry(wish, seq, { ...options, saved: true });
        await Promise.all([
          counter.put(seq, 'seq'),
          transaction.objectStore('entries').add(entry),
          transaction.objectStore('changes').put(wish, wish.id),
        ]);
        return entry;
      }),

    async entries() {
      const entries: OutboxEntry[] = [];
      let unreadable = 0;
      for (let after = Number.NEGATIVE_INFINITY; ;) {
        const raw = await database.getAllFromIndex('entries', 'seq', IDBKeyRange.lowerBound(after, true), chunk);
        for (const value of raw) {
          const entry = readEntry(value);
          if (entry === null) unreadable += 1;
          else entries.push(entry);
        }
        const last = raw.at(-1);
        if (raw.length < chunk || last === undefined) return { entries, unreadable };
        after = last.seq;
      }
    },

    entry: async (changeId) => readEntry(await database.get('entries', changeId)),

    async lane(lane) {
      const range = IDBKeyRange.bound([lane, Number.NEGATIVE_INFINITY], [lane, Number.POSITIVE_INFINITY]);
      const raw: unknown[] = await database.getAllFromIndex('entries', 'lane', range);
      return raw.map(readEntry).filter((entry) => entry !== null);
    },

    async change(changeId) {
      const raw: unknown = await database.get('changes', changeId);
      return raw === undefined ? null : parseChange(raw);
    },

    replace: (entry) =>
      change(['entries'], async (transaction) => {
        const entries = transaction.objectStore('entries');
        const there = (await entries.getKey(entry.id)) !== undefined;
        if (there) await entries.put(entry);
        return there;
      }),

    remove: (changeId) =>
      change(['entries', 'changes', 'attachments'], async (transaction) => {
        const entries = transaction.objectStore('entries');
        const there = (await entries.getKey(changeId)) !== undefined;
        await Promise.all([
          entries.delete(changeId),
          transaction.objectStore('changes').delete(changeId),
          transaction.objectStore('attachments').delete(attachmentsOf(changeId)),
        ]);
        return there;
      }),

    putAttachment: (changeId, index, bytes) =>
      write(['entries', 'attachments'], async (transaction) => {
        const entry = await transaction.objectStore('entries').get(changeId);
        if (entry?.captured === false) await transaction.objectStore('attachments').put(bytes, [changeId, index]);
      }),

    async attachment(changeId, index) {
      const bytes = await database.get('attachments', [changeId, index]);
      return bytes === undefined || bytes instanceof Blob ? (bytes ?? null) : new Blob([bytes]);
    },

    removeAttachments: (changeId) =>
      change(['attachments'], (transaction) => transaction.objectStore('attachments').delete(attachmentsOf(changeId))),

    raw: () => readRaw(database),

    takeLease: (name, holder, now, until) =>
      write(['leases'], async (transaction) => {
        const leases = transaction.objectStore('leases');
        const lease = await leases.get(name);
        if (lease !== undefined && lease.holder !== holder && lease.until > now) return null;
        const generation = lease?.holder === holder ? lease.generation : (lease?.generation ?? 0) + 1;
        await leases.put({ holder, until, generation }, name);
        return { name, generation };
      }),

    endLease: ({ name, generation }) =>
      write(['leases'], async (transaction) => {
        const lease = await transaction.objectStore('leases').get(name);
        if (lease?.generation !== generation) return;
        await transaction.objectStore('leases').put({ ...lease, holder: '', until: 0 }, name);
      }),

    fenced: (newer) => storeOver(database, newer),
    close: () => database.close(),
  };
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It ended by itself, which is what we want.
  }
}
