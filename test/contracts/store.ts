import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OutboxEntry, Store } from '../../src/sync/store.ts';
import { trackChange } from '../sync/samples.ts';

/** What every body of Store promises. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const entry = (key: string): Omit<OutboxEntry, 'seq'> => ({
    change: trackChange({}, key),
    state: 'pending',
    captured: true,
    attempts: 0,
    nextTryAt: null,
    since: '2026-11-21T08:00:00.000Z',
    reason: null,
  });

  describe(`the outbox on ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    test('gives changes back in the order in which they arrived', async () => {
      const added: OutboxEntry[] = [];
      for (const key of ['m1.b', 'm1.a', 'm1.c']) added.push(await store.add(entry(key)));
      expect((await store.all()).entries).toEqual(added);
      expect(new Set(added.map(({ seq }) => seq)).size).toBe(3);
    });

    test('goes on counting after everything was carried out', async () => {
      const first = await store.add(entry('m1.a'));
      await store.remove(first.change.id);
      expect((await store.add(entry('m1.b'))).seq).toBeGreaterThan(first.seq);
    });

    test('does not bring back what somebody finished meanwhile', async () => {
      const added = await store.add(entry('m1.a'));
      expect(await store.remove(added.change.id)).toBe(true);
      await store.replace({ ...added, attempts: 1 });
      expect((await store.all()).entries).toEqual([]);
      expect(await store.remove(added.change.id)).toBe(false);
    });

    test('keeps attachments beside their change and lets them go with it', async () => {
      const added = await store.add(entry('m1.a'));
      const other = await store.add(entry('m1.b'));
      await store.putAttachment(added.change.id, 0, new Uint8Array([1, 2, 3]));
      await store.putAttachment(added.change.id, 7, new Uint8Array([4]));
      await store.putAttachment(other.change.id, 0, new Uint8Array([9]));
      expect(await store.attachment(added.change.id, 7)).toEqual(new Uint8Array([4]));
      expect(await store.attachment(added.change.id, 1)).toBeNull();
      await store.removeAttachments(added.change.id);
      expect(await store.attachment(added.change.id, 0)).toBeNull();
      await store.remove(other.change.id);
      expect(await store.attachment(other.change.id, 0)).toBeNull();
    });
  });
}
