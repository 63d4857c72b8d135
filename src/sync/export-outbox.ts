import { toBase64 } from './base64.ts';
import type { Store } from './store.ts';

/**
 * Everything the outbox holds in one JSON file (docs/sync-api.md, "An exported outbox"): entries as they lie there, readable to
 * this version or not, with their attachments in base64. It is put together from parts that the browser may keep on its disk.
 */
export async function exportOutbox(store: Pick<Store, 'raw'>, user: string, now: number): Promise<Blob> {
  const head = { format: 'alongside-outbox', version: 1, user, exportedAt: new Date(now).toISOString() };
  const parts: Blob[] = [new Blob([JSON.stringify(head).slice(0, -1), ',"entries":['])];
  let separator = '';
  for await (const { entry, change, attachments } of store.raw()) {
    parts.push(new Blob([separator, JSON.stringify({ entry, change }).slice(0, -1), ',"attachments":[']));
    separator = ',\n';
    let comma = '';
    for (const [index, bytes] of attachments) {
      parts.push(new Blob([`${comma}{"index":${index},"base64":"`]), await toBase64(bytes), new Blob(['"}']));
      comma = ',';
    }
    parts.push(new Blob([']}']));
  }
  parts.push(new Blob([']}\n']));
  return new Blob(parts, { type: 'application/json' });
}
