import type { Frame } from 'playwright-core';
import type { Change } from '../../src/model/change.ts';

/**
 * Lays Changes into the pane's own outbox as a drain without a network left them, waiting since their gesture.
 * @param attachment bytes of an attachment beside each
 */
export async function layChanges(
  pane: Frame,
  storeName: string,
  changes: readonly Change[],
  attachment = 0,
): Promise<void> {
  await pane.evaluate(
    async ({ name, changes, attachment }) => {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(new Error(String(opening.error)));
      });
      const stores = ['entries', 'changes', 'counter', 'attachments'];
      const transaction = database.transaction(stores, 'readwrite');
      const counter = transaction.objectStore('counter');
      const last = await new Promise<number>((resolve) => {
        const asked = counter.get('seq');
        asked.onsuccess = () => resolve((asked.result as number | undefined) ?? 0);
      });
      counter.put(last + changes.length, 'seq');
      for (const [index, change] of changes.entries()) {
        const { id, kind, lane, holdUntil, at: since } = change;
        const reason = { code: 'offline', message: 'No connection.' };
        const begin = { state: 'pending', offered: false, attempts: 1, nextTryAt: since, reason, captured: true };
        transaction
          .objectStore('entries')
          .put({ id, seq: last + 1 + index, kind, lane, holdUntil, since, saved: true, ...begin });
        transaction.objectStore('changes').put(change, id);
        if (attachment > 0) transaction.objectStore('attachments').put(new Blob([new Uint8Array(attachment)]), [id, 0]);
      }
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(new Error(String(transaction.error)));
      });
      database.close();
    },
    { name: storeName, changes, attachment },
  );
}
