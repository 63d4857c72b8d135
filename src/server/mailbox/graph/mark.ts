import { SourceError, type MailSource } from '../source.ts';
import type { MailboxParts } from './folders.ts';
import { isMissingItem, toSourceError } from './graph-error.ts';
import { immutableIds } from './immutable-ids.ts';
import { trackedCategory } from './message.ts';

const rounds = 3;

/**
 * Sets or takes our category and keeps all others: categories are written as a whole, so they are read first and written only
 * if nobody changed the mail in between (If-Match).
 */
export function createMark({ door, home }: MailboxParts): MailSource['mark'] {
  const once = async (path: string, tracked: boolean): Promise<'done' | 'absent' | 'changed'> => {
    const headers = { prefer: immutableIds };
    const message = await door.json(`${path}?$select=categories`, { headers }, isMissingItem);
    if (message === null) return 'absent';
    const { categories, '@odata.etag': etag } = message;
    if (!Array.isArray(categories) || typeof etag !== 'string')
      throw new SourceError('unavailable', 'Graph says no categories of the mail.');
    if (categories.includes(trackedCategory) === tracked) return 'done';
    const others = categories.filter((each: unknown) => each !== trackedCategory) as unknown[];
    const answer = await door.ask(path, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json', 'if-match': etag },
      body: JSON.stringify({ categories: tracked ? [...others, trackedCategory] : others }),
    });
    if ('bytes' in answer) return 'done';
    if (answer.refusal.status === 412 || answer.refusal.status === 409) return 'changed';
    // An application that may read only: mail is tracked all the same, it just does not show in Outlook.
    if (isMissingItem(answer.refusal) || answer.refusal.status === 403) return 'absent';
    throw toSourceError(answer.refusal);
  };

  return async (itemId, tracked) => {
    const path = `${home}/messages/${encodeURIComponent(itemId)}`;
    for (let round = 0; round < rounds; round += 1) {
      const outcome = await once(path, tracked);
      if (outcome !== 'changed') return outcome === 'done';
    }
    throw new SourceError('unavailable', 'Somebody else changes the mail all the time.');
  };
}
