import { openDB, type DBSchema, type IDBPDatabase, type StoreNames } from 'idb';
import { readEntry, type OutboxEntry, type Store } from './store.ts';

interface OutboxSchema extends DBSchema {
  entries: { key: string; value: OutboxEntry & { id: string }; indexes: { seq: number } };
  attachments: { key: [string, number]; value: Uint8Array<ArrayBuffer> };
  counter: { key: string; value: number };
}

const version = 1;

/**
 * IndexedDB says "complete" before the disk has it unless asked otherwise (the default became `relaxed` in Chromium 121), so
 * every write here asks for `strict`.
 * @param name one database per person, so a change of user never mixes outboxes
 */
export async function openIdbStore(name: string): Promise<Store> {
  const database = await openDB<OutboxSchema>(name, version, {
    upgrade(db) {
      db.createObjectStore('entries', { keyPath: 'id' }).createIndex('seq', 'seq', { unique: true });
      db.createObjectStore('attachments');
      db.createObjectStore('counter');
    },
    // A page of a newer version wants to upgrade: let go, this page goes on reading nothing new and is told on its next write.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
  return storeOver(database);
}

function write<Names extends StoreNames<OutboxSchema>>(database: IDBPDatabase<OutboxSchema>, names: Names[]) {
  return database.transaction(names, 'readwrite', { durability: 'strict' });
}

function attachmentsOf(changeId: string): IDBKeyRange {
  return IDBKeyRange.bound([changeId, 0], [changeId, Number.MAX_SAFE_INTEGER]);
}

function storeOver(database: IDBPDatabase<OutboxSchema>): Store {
  return {
    durable: true,

    async add(entry) {
      const transaction = write(database, ['entries', 'counter']);
      const counter = transaction.objectStore('counter');
      const seq = ((await counter.get('seq')) ?? 0) + 1;
      const added: OutboxEntry = { ...entry, seq };
      await Promise.all([
        counter.put(seq, 'seq'),
        transaction.objectStore('entries').add({ ...added, id: entry.change.id }),
        transaction.done,
      ]);
      return added;
    },

    async all() {
      const raw: unknown[] = await database.getAllFromIndex('entries', 'seq');
      const entries = raw.map(readEntry).filter((entry) => entry !== null);
      return { entries, unreadable: raw.length - entries.length };
    },

    async replace(entry) {
      const transaction = write(database, ['entries']);
      const { id } = entry.change;
      const entries = transaction.objectStore('entries');
      if ((await entries.getKey(id)) !== undefined) await entries.put({ ...entry, id });
      await transaction.done;
    },

    async remove(changeId) {
      const transaction = write(database, ['entries', 'attachments']);
      const entries = transaction.objectStore('entries');
      const there = (await entries.getKey(changeId)) !== undefined;
      await Promise.all([
        entries.delete(changeId),
        transaction.objectStore('attachments').delete(attachmentsOf(changeId)),
        transaction.done,
      ]);
      return there;
    },

    async putAttachment(changeId, index, bytes) {
      const transaction = write(database, ['attachments']);
      await Promise.all([transaction.objectStore('attachments').put(bytes, [changeId, index]), transaction.done]);
    },

    async attachment(changeId, index) {
      return (await database.get('attachments', [changeId, index])) ?? null;
    },

    async removeAttachments(changeId) {
      const transaction = write(database, ['attachments']);
      await Promise.all([transaction.objectStore('attachments').delete(attachmentsOf(changeId)), transaction.done]);
    },

    close: () => database.close(),
  };
}
