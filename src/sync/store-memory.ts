import type { OutboxEntry, Store } from './store.ts';

/** For a page whose browser refuses storage: works, and says that it is not durable. */
export function createMemoryStore(): Store {
  const entries = new Map<string, OutboxEntry>();
  const attachments = new Map<string, Map<number, Uint8Array<ArrayBuffer>>>();
  let last = 0;
  return {
    durable: false,
    async add(entry) {
      const added = { ...entry, seq: ++last };
      entries.set(entry.change.id, added);
      return added;
    },
    async all() {
      return { entries: [...entries.values()].sort((a, b) => a.seq - b.seq), unreadable: 0 };
    },
    async replace(entry) {
      if (entries.has(entry.change.id)) entries.set(entry.change.id, entry);
    },
    async remove(changeId) {
      attachments.delete(changeId);
      return entries.delete(changeId);
    },
    async putAttachment(changeId, index, bytes) {
      const own = attachments.get(changeId) ?? new Map<number, Uint8Array<ArrayBuffer>>();
      attachments.set(changeId, own.set(index, bytes));
    },
    async attachment(changeId, index) {
      return attachments.get(changeId)?.get(index) ?? null;
    },
    async removeAttachments(changeId) {
      attachments.delete(changeId);
    },
    close() {
      entries.clear();
      attachments.clear();
    },
  };
}
