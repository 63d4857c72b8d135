import { createMemoryStore } from './store-memory.ts';
import type { Store } from './store.ts';

/** Why a disk that was there refuses: it is full, or it is no longer ours to use. */
export type DiskTrouble = 'full' | 'broken';

/**
 * A disk store whose refusals lose no click: what it does not take stays in this page's memory, marked as not saved, so that
 * the corridor brings it to the server at once and says "not saved" until it is there. Entries on the disk come before those
 * in memory; a lane that has one in memory goes on there, so its order holds.
 */
export function withOverflow(disk: Store, tell: (trouble: DiskTrouble) => void): Store {
  const memory = createMemoryStore();
  const spareBytes = new Map<string, Map<number, Blob>>();

  /** What the disk answers, or the given answer when it refuses. A lost lease is no refusal of the disk. */
  const or = async <Answer>(asked: Promise<Answer>, instead: () => Answer | Promise<Answer>): Promise<Answer> => {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      tell(error.name === 'QuotaExceededError' ? 'full' : 'broken');
      return instead();
    }
  };
  const inMemory = async (changeId: string): Promise<boolean> => (await memory.entry(changeId)) !== null;

  const over = (disk: Store): Store => ({
    durable: disk.durable,
    async add(change, options) {
      if ((await memory.lane(change.lane)).length > 0) return memory.add(change, options);
      return or(disk.add(change, options), () => memory.add(change, options));
    },
    async entries() {
      const [kept, spare] = await Promise.all([
        or(disk.entries(), () => ({ entries: [], unreadable: 0 })),
        memory.entries(),
      ]);
      return { entries: [...kept.entries, ...spare.entries], unreadable: kept.unreadable };
    },
    entry: async (changeId) => (await memory.entry(changeId)) ?? or(disk.entry(changeId), () => null),
    async lane(lane) {
      const [kept, spare] = await Promise.all([or(disk.lane(lane), () => []), memory.lane(lane)]);
      return [...kept, ...spare];
    },
    change: async (changeId) => (await memory.change(changeId)) ?? or(disk.change(changeId), () => null),
    // What could not be written down about a try is found out again by the next one: every step may be repeated.
    replace: async (entry) =>
      (await inMemory(entry.id)) ? memory.replace(entry) : or(disk.replace(entry), () => true),
    async remove(changeId) {
      spareBytes.delete(changeId);
      return (await inMemory(changeId)) ? memory.remove(changeId) : or(disk.remove(changeId), () => true);
    },
    async putAttachment(changeId, index, bytes) {
      if (await inMemory(changeId)) return memory.putAttachment(changeId, index, bytes);
      await or(disk.putAttachment(changeId, index, bytes), () => {
        const spare = spareBytes.get(changeId) ?? new Map<number, Blob>();
        spareBytes.set(changeId, spare.set(index, bytes));
      });
    },
    attachment: async (changeId, index) =>
      spareBytes.get(changeId)?.get(index) ??
      (await memory.attachment(changeId, index)) ??
      or(disk.attachment(changeId, index), () => null),
    async removeAttachments(changeId) {
      spareBytes.delete(changeId);
      await memory.removeAttachments(changeId);
      await or(disk.removeAttachments(changeId), () => undefined);
    },
    async *raw() {
      yield* disk.raw();
      yield* memory.raw();
    },
    takeLease: (name, holder, now, until) =>
      or(disk.takeLease(name, holder, now, until), () => memory.takeLease(name, holder, now, until)),
    endLease: (fence) => or(disk.endLease(fence), () => memory.endLease(fence)),
    fenced: (fence) => over(disk.fenced(fence)),
    close() {
      disk.close();
      memory.close();
    },
  });
  return over(disk);
}
