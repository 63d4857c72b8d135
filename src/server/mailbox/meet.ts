import type { MailIdentity } from '../../model/item-key.ts';
import type { MailboxItemState } from '../../model/mailbox-report.ts';
import type { SourceItem } from './source.ts';
import type { ItemWish, MailboxTables } from './tables.ts';

/** A mail of a page, with the names under which it is known. */
export interface FoundMail {
  readonly item: SourceItem;
  readonly identity: MailIdentity;
  /** By content alone; see `contentKeyOf`. */
  readonly contentKey: string;
}

export type Copy = Omit<MailboxTables['mailbox_copy'], 'mailbox_id' | 'filed_at'>;
export type KnownItem = Pick<
  MailboxTables['mailbox_item'],
  'message_key' | 'content_key' | 'state' | 'wish' | 'why_code'
>;

/** What is to be written about an item. */
export interface Met {
  readonly key: string;
  readonly mail: FoundMail;
  readonly state: MailboxItemState;
  readonly wish: ItemWish | null;
  /** Something is to be done about it. */
  readonly due: boolean;
}

/** Reasons of an item whose owner took it back. */
export const untrackedCodes: ReadonlySet<string | null> = new Set([
  'untracked-by-owner',
  'category-removed',
  'removed-from-crm',
]);

interface Known {
  readonly folderId: string;
  /** Of these source ids, in any folder. */
  readonly copies: readonly Copy[];
  readonly items: readonly KnownItem[];
}

/**
 * What the mails of one page mean, given what is known: news, a wish of their owner, or nothing. A source repeats itself and
 * keeps no order, so only a difference from what was seen before says something:
 *
 *   never seen                                   new
 *   our category appeared                        new again, unless it is tracked or on its way
 *   our category went away from a tracked mail   `unmark`
 *   lies in another folder than before           new again if it was not tracked, else `move`
 *   any other difference                         remembered with the copy
 */
export function meet(mails: readonly FoundMail[], { folderId, copies: before, items }: Known) {
  const known = new Map<string, KnownItem>(items.map((item) => [item.message_key, item]));
  const here = new Map(before.filter((copy) => copy.folder_id === folderId).map((copy) => [copy.source_id, copy]));
  const elsewhere = new Map(before.map((copy) => [copy.source_id, copy]));
  const fresh = new Map<string, Met>();
  const changed = new Map<string, Met>();
  const copies = new Map<string, Copy>();
  for (const mail of mails) {
    const { item } = mail;
    const last = copies.get(item.id) ?? here.get(item.id);
    if (last?.version === item.version) continue;
    const earlier = last ?? elsewhere.get(item.id);
    const key = keyOf(mail, known);
    copies.set(item.id, copyOf(mail, folderId, key, earlier));
    const one = known.get(key);
    if (one === undefined) {
      fresh.set(key, { key, mail, state: 'new', wish: null, due: true });
      known.set(key, { message_key: key, content_key: mail.contentKey, state: 'new', wish: null, why_code: null });
      continue;
    }
    if (fresh.has(key)) {
      // The copy that carries our category speaks for its owner.
      if (item.isMarked) fresh.set(key, { key, mail, state: 'new', wish: null, due: true });
      continue;
    }
    const met = compare(one, mail, last, earlier);
    if (met !== null) changed.set(key, { key, mail, ...met });
  }
  return { fresh: [...fresh.values()], changed: [...changed.values()], copies: [...copies.values()] };
}

/** Two mails under one Message-ID are two items: the later one goes by its content. */
function keyOf({ identity, contentKey }: FoundMail, known: ReadonlyMap<string, KnownItem>): string {
  const holder = known.get(identity.itemKey);
  return holder === undefined || holder.content_key === contentKey ? identity.itemKey : contentKey;
}

function copyOf({ item }: FoundMail, folderId: string, key: string, earlier: Copy | undefined): Copy {
  return {
    folder_id: folderId,
    source_id: item.id,
    message_key: key,
    version: item.version,
    marked: item.isMarked ? 1 : 0,
    unmarked_version: item.isMarked ? (earlier?.unmarked_version ?? null) : item.version,
  };
}

function compare(
  one: KnownItem,
  { item }: FoundMail,
  last: Copy | undefined,
  earlier: Copy | undefined,
): Omit<Met, 'key' | 'mail'> | null {
  const appeared = item.isMarked && earlier?.marked !== 1;
  // A listing that is older than our own mark is not its owner's doing.
  const vanished = !item.isMarked && earlier?.marked === 1 && earlier.unmarked_version !== item.version;
  const moved = last === undefined;
  switch (one.state) {
    case 'new':
      return { state: 'new', wish: one.wish, due: true };
    case 'not-tracked':
      // Whoever untracked a mail is not overruled because it lies somewhere else now, with a category that it had before.
      if (untrackedCodes.has(one.why_code) && !(item.isMarked && earlier?.marked === 0)) return null;
      return appeared || moved ? { state: 'new', wish: appeared ? 'mark' : 'move', due: true } : null;
    case 'failed':
      return appeared || moved ? { state: 'new', wish: appeared ? 'mark' : 'move', due: true } : null;
    case 'handed':
    case 'tracked':
      if (vanished) return { state: one.state, wish: 'unmark', due: true };
      // Put back before anything was done about it.
      if (appeared && one.wish === 'unmark') return { state: one.state, wish: 'mark', due: true };
      return moved ? { state: one.state, wish: one.wish ?? 'move', due: true } : null;
  }
}
