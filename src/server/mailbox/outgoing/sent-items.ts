import { canonicalMessageId, stampHeader } from '../../../model/item-key.ts';
import { readHeaders } from '../../../model/mail-headers.ts';
import type { MailSource, SourceItem } from '../source.ts';

/** Pages of a folder that are looked through; a page holds dozens of mails at least. */
const mostPages = 200;

/**
 * Which of these e-mails lie in the mailbox's Sent Items, and since when: proof that they went out. The absence of one proves
 * nothing. A mail is known by its Message-ID, or by our stamp where the server gave it an id of its own.
 * @param mails activityid -> Message-ID, as we gave it
 * @returns activityid -> when it was sent; nothing where the mailbox has no such folder
 */
export async function findInSentItems(
  source: MailSource,
  mails: ReadonlyMap<string, string>,
  since: Date,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const folder = (await source.folders()).find(({ role }) => role === 'sent');
  if (folder === undefined) return found;
  const ids = new Map([...mails].map(([id, messageId]) => [messageId, id]));
  let cursor: string | null = null;
  for (let page = 0; page < mostPages && found.size < mails.size; page += 1) {
    const { items, cursor: next, more } = await source.changes(folder.id, cursor, since);
    for (const item of items) {
      const id = ids.get(canonicalMessageId(item.internetMessageId) ?? '') ?? stampedId(item, mails);
      if (id !== undefined && !item.isDraft) found.set(id, item.sentAt ?? item.receivedAt);
    }
    if (!more) break;
    cursor = next;
  }
  return found;
}

function stampedId({ headers }: SourceItem, mails: ReadonlyMap<string, string>): string | undefined {
  const stamp = headers === undefined ? undefined : readHeaders(headers).get(stampHeader)?.toLowerCase();
  return stamp !== undefined && mails.has(stamp) ? stamp : undefined;
}
