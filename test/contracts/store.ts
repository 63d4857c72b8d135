import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LeaseLost, type OutboxEntry, type RawEntry, type Store } from '../../src/sync/store.ts';
import { kim, trackChange } from '../sync/samples.ts';

/** What every body of Store promises. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const options = { captured: true, since: '2026-11-21T08:00:00.000Z' };
  const bytes = (...values: number[]) => new Blob([new Uint8Array(values)]);
  const read = async (blob: Blob | null) => (blob === null ? null : [...new Uint8Array(await blob.arrayBuffer())]);

  describe(`the outbox on ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());
    const add = (key: string, captured = true) => store.add(trackChange({}, key), { ...options, captured });

    test('gives entries back in the order in which they arrived, and each its change', async () => {
      const added: OutboxEntry[] = [];
      const changes = ['m1.b', 'm1.a', 'm1.c', 'm1.a'].map((key) => trackChange({}, key));
      for (const change of changes) added.push(await store.add(change, options));
      expect((await store.entries()).entries).toEqual(added);
      expect(new Set(added.map(({ seq }) => seq)).size).toBe(4);
      expect(await store.lane('m1.a')).toEqual([added[1], added[3]]);
      expect(await store.entry(changes[0]!.id)).toEqual(added[0]);
      for (const change of changes) expect(await store.change(change.id)).toEqual(change);
      expect(await store.entry('nobody')).toBeNull();
      expect(await store.change('nobody')).toBeNull();
    });

    test('reads thousands, whole and in order', async () => {
      const added: string[] = [];
      for (let number = 0; number < 1_203; number += 1) added.push((await add(`m1.${number % 7}`)).id);
      expect((await store.entries()).entries.map(({ id }) => id)).toEqual(added);
    });

    test('goes on counting after everything was carried out', async () => {
      const first = await add('m1.a');
      await store.remove(first.id);
      expect((await add('m1.b')).seq).toBeGreaterThan(first.seq);
    });

    test('keeps what a try has found', async () => {
      const tried = { recordId: '0e000000-0000-4000-8000-000000000001', regarding: kim };
      const added = await add('m1.a');
      await store.replace({ ...added, tried });
      expect(await store.entry(added.id)).toEqual({ ...added, tried });
    });

    test('does not bring back what somebody finished meanwhile', async () => {
      const added = await add('m1.a');
      expect(await store.replace({ ...added, attempts: 1 })).toBe(true);
      expect(await store.remove(added.id)).toBe(true);
      expect(await store.replace({ ...added, attempts: 2 })).toBe(false);
      expect((await store.entries()).entries).toEqual([]);
      expect(await store.change(added.id)).toBeNull();
      expect(await store.remove(added.id)).toBe(false);
    });

    test('keeps attachments beside their change and lets them go with it', async () => {
      const [added, other] = [await add('m1.a', false), await add('m1.b', false)];
      await store.putAttachment(added.id, 0, bytes(1, 2, 3));
      await store.putAttachment(added.id, 7, bytes(4));
      await store.putAttachment(other.id, 0, bytes(9));
      expect(await read(await store.attachment(added.id, 7))).toEqual([4]);
      expect(await store.attachment(added.id, 1)).toBeNull();
      await store.removeAttachments(added.id);
      expect(await store.attachment(added.id, 0)).toBeNull();
      await store.remove(other.id);
      expect(await store.attachment(other.id, 0)).toBeNull();
    });

    test('takes no bytes for what was carried out or adopted without them', async () => {
      const added = await add('m1.a', false);
      await store.replace({ ...added, captured: true });
      await store.putAttachment(added.id, 0, bytes(1));
      await store.putAttachment('nobody', 0, bytes(1));
      expect(await store.attachment(added.id, 0)).toBeNull();
      expect(await store.attachment('nobody', 0)).toBeNull();
    });

    test('hands out everything as it lies there, for an export', async () => {
      const change = trackChange({}, 'm1.a');
      const entry = await store.add(change, { ...options, captured: false });
      await store.putAttachment(change.id, 2, bytes(7, 8));
      const raw: RawEntry[] = [];
      for await (const found of store.raw()) raw.push(found);
      expect(raw).toMatchObject([{ entry, change }]);
      expect(await read(raw[0]!.attachments.get(2) ?? null)).toEqual([7, 8]);
    });

    test('leases a name to one holder until its time is over, each new one under a higher number', async () => {
      const first = await store.takeLease('drain', 'one', 1_000, 2_000);
      expect(await store.takeLease('drain', 'two', 1_999, 3_000)).toBeNull();
      expect(await store.takeLease('other', 'two', 1_999, 3_000)).not.toBeNull();
      expect(await store.takeLease('drain', 'one', 1_900, 2_500)).toEqual(first);
      expect(await store.takeLease('drain', 'two', 2_400, 3_000)).toBeNull();
      const second = await store.takeLease('drain', 'two', 2_500, 3_000);
      expect(second!.generation).toBeGreaterThan(first!.generation);
      await store.endLease(first!); // too late to end what somebody else has now
      expect(await store.takeLease('drain', 'three', 2_600, 3_000)).toBeNull();
      await store.endLease(second!);
      expect((await store.takeLease('drain', 'three', 2_600, 3_000))!.generation).toBeGreaterThan(second!.generation);
    });

    test('refuses what a holder writes that slept through the end of its lease', async () => {
      const entry = await add('m1.a');
      const late = store.fenced((await store.takeLease('drain', 'one', 0, 15_000))!);
      expect(await late.replace({ ...entry, attempts: 1 })).toBe(true);
      const next = store.fenced((await store.takeLease('drain', 'two', 15_000, 30_000))!);
      await expect(late.replace({ ...entry, attempts: 9 })).rejects.toThrow(LeaseLost);
      await expect(late.remove(entry.id)).rejects.toThrow(LeaseLost);
      expect(await store.entry(entry.id)).toMatchObject({ attempts: 1 });
      expect(await next.remove(entry.id)).toBe(true);
    });
  });
}
