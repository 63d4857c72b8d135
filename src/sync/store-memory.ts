import type { Change } from '../model/change.ts';
import { LeaseLost, newEntry, type Fence, type OutboxEntry, type Store } from './store.ts';

/**
 * For a page whose browser refuses storage: works, and says that it is not durable.
 * @param options.durable true where this memory stands for a disk, in a test or a simulation: it outlives `close`
 */
export function createMemoryStore({ durable = false } = {}): Store {
  const entries = new Map<string, OutboxEntry>();
  const changes = new Map<string, Change>();
  const attachments = new Map<string, Map<number, Blob>>();
  const leases = new Map<string, { holder: string; until: number; generation: number }>();
  let last = 0;

  const inOrder = () => [...entries.values()].sort((a, b) => a.seq - b.seq);
  const check = (fence: Fence | null): void => {
    if (fence !== null && leases.get(fence.name)?.generation !== fence.generation) throw new LeaseLost();
  };

  const behind = (fence: Fence | null): Store => ({
    durable,
    async add(change, options) {
      const entry = newEntry(change, (last += 1), { ...options, saved: durable });
      entries.set(change.id, entry);
      changes.set(change.id, change);
      return entry;
    },
    entries: async () => ({ entries: inOrder(), unreadable: 0 }),
    entry: async (changeId) => entries.get(changeId) ?? null,
    lane: async (lane) => inOrder().filter((entry) => entry.lane === lane),
    change: async (changeId) => changes.get(changeId) ?? null,
    async replace(entry) {
      check(fence);
      const there = entries.has(entry.id);
      if (there) entries.set(entry.id, entry);
      return there;
    },
    async remove(changeId) {
      check(fence);
      attachments.delete(changeId);
      changes.delete(changeId);
      return entries.delete(changeId);
    },
    async putAttachment(changeId, index, bytes) {
      if (entries.get(changeId)?.captured !== false) return;
      attachments.set(changeId, (attachments.get(changeId) ?? new Map<number, Blob>()).set(index, bytes));
    },
    attachment: async (changeId, index) => attachments.get(changeId)?.get(index) ?? null,
    async removeAttachments(changeId) {
      attachments.delete(changeId);
    },
    async *raw() {
      for (const entry of inOrder())
        yield { entry, change: changes.get(entry.id), attachments: attachments.get(entry.id) ?? new Map() };
    },
    async takeLease(name, holder, now, until) {
      const lease = leases.get(name);
      if (lease !== undefined && lease.holder !== holder && lease.until > now) return null;
      const generation = lease?.holder === holder ? lease.generation : (lease?.generation ?? 0) + 1;
      leases.set(name, { holder, until, generation });
      return { name, generation };
    },
    async endLease({ name, generation }) {
      const lease = leases.get(name);
      if (lease?.generation === generation) leases.set(name, { ...lease, holder: '', until: 0 });
    },
    fenced: (newer) => behind(newer),
    close() {
      if (durable) return;
      entries.clear();
      changes.clear();
      attachments.clear();
    },
  });
  return behind(null);
}
