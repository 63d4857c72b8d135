import { canonicalMessageId, stampHeader } from '../../../model/item-key.ts';
import { readHeaders } from '../../../model/mail-headers.ts';
import type { MailSource, SourceItem } from '../source.ts';

/** Pages of a folder that are looked through; a page holds dozens of mails at least. */
const mostPages = 200;

/**
 * Which of these e-mails lie in the mailbox's Sent Items, and since when: proof that they went out. The absence of one proves
 * nothing. A mail is known by its Message-ID, or by our stamp where the server gave it an id of its own.
 * @param mails activityid -> Message-ID
 * @returns activityid -> when it was sent; null where the mailbox has no such folder or one too large to look through
 */
export async function findInSentItems(
  source: MailSource,
  mails: ReadonlyMap<string, string>,
  since: Date,
): Promise<Map<string, string> | null> {
  const folder = (await source.folders()).find(({ role }) => role === 'sent');
  if (folder === undefined) return null;
  const found = new Map<string, string>();
  const ids = new Map([...mails].map(([id, messageId]) => [canonicalMessageId(messageId) ?? messageId, id]));
  let cursor: string | null = null;
  for (let page = 0; page < mostPages && found.size < mails.size; page += 1) {
    const { items, cursor: next, more } = await source.changes(folder.id, cursor, since);
    for (const item of items) {
      const id = ids.get(canonicalMessageId(item.internetMessageId) ?? '') ?? stampedId(item, mails);
      if (id !== undefined && !item.isDraft) found.set(id, item.sentAt ?? item.receivedAt);
    }
    if (!more) return found;
    cursor = next;
  }
  return found.size === mails.size ? found : null;
}

function stampedId({ headers }: SourceItem, mails: ReadonlyMap<string, string>): string | undefined {
  const stamp = headers === undefined ? undefined : readHeaders(headers).get(stampHeader)?.toLowerCase();
  return stamp !== undefined && mails.has(stamp) ? stamp : undefined;
}
