import { isObject } from '../../../model/is-object.ts';
import { SourceError, type ChangePage, type MailSource, type SourceItem } from '../source.ts';
import { isLinkOf, readCursor, writeCursor, type GraphCursor } from './cursor.ts';
import type { MailboxParts } from './folders.ts';
import { isLostToken, isMissingItem } from './graph-error.ts';
import { immutableIds } from './immutable-ids.ts';
import { itemQuery, readItem } from './message.ts';
import { tellOld, type OldMail } from './old-mail.ts';

/** A delta query with $filter says at most so many of a round, and nothing of the rest. */
const cutAt = 5_000;
/** How far back before a round a list reaches that makes up for what the round left out. */
const reach = 24 * 60 * 60_000;
const mostPartial = 1_000;
/** How often mail that is too old for the delta query is looked at, and how much longer back than it was: clocks differ. */
const oldEvery = 15 * 60_000;
const overlap = 10 * 60_000;

interface Page {
  readonly items: readonly SourceItem[];
  readonly gone: readonly string[];
  /** Entries of the page, whatever they were. */
  readonly entries: number;
  readonly next: string | null;
  readonly delta: string | null;
  /** When the last entry was changed, where that was asked for. */
  readonly modified: string | null;
}

type Parts = MailboxParts & { readonly pageSize: number; readonly lookEvery?: number };

/** Delta queries of one folder after another: https://learn.microsoft.com/graph/delta-query-messages */
export function createChanges(parts: Parts): MailSource['changes'] {
  const { door, home, now, lookEvery = oldEvery } = parts;
  const iso = (time: number) => new Date(time).toISOString();
  const folderAt = (folder: string) => `${home}/mailFolders/${encodeURIComponent(folder)}/messages`;

  const follow = async (folder: string, link: string | URL, most = parts.pageSize): Promise<Page> => {
    try {
      return await readPage(parts, folder, link, most);
    } catch (error) {
      // A page of enormous mails: the same place again, in smaller steps.
      const isTooLarge = error instanceof SourceError && error.code === 'too-large';
      if (isTooLarge && most > 1) return follow(folder, link, Math.ceil(most / 10));
      throw error;
    }
  };

  const listOf = (folder: string, since: string) => {
    const query = { ...itemQuery, $filter: `receivedDateTime ge ${since}`, $orderby: 'receivedDateTime' };
    return address(folderAt(folder), { ...query, $top: String(parts.pageSize) });
  };

  /** Goes on with the list that makes up for a round that was cut. */
  const list = async (cursor: GraphCursor, { link, since }: { link: string | null; since: string }) => {
    const page = await follow(cursor.folder, link === null ? listOf(cursor.folder, since) : new URL(link));
    // By time and not by number: a list that is counted from its beginning moves under whoever reads it.
    const last = toSecond(page.items.at(-1)?.receivedAt ?? since);
    const next = page.next === null ? null : last > since ? { link: null, since: last } : { link: page.next, since };
    return answer(page, next === null ? closed(cursor) : { ...cursor, list: next }, next !== null);
  };

  const oldOf = (folder: string, changedSince: string, before: Date) =>
    address(folderAt(folder), {
      ...itemQuery,
      $select: `${itemQuery.$select},lastModifiedDateTime`,
      $filter: `lastModifiedDateTime ge ${toSecond(changedSince)} and receivedDateTime lt ${toSecond(before.toISOString())}`,
      $orderby: 'lastModifiedDateTime',
      $top: String(parts.pageSize),
    });

  /** Looks at what was changed of the mail that is too old for the delta query, for our category. */
  const look = async (cursor: GraphCursor, old: OldMail, before: Date): Promise<ChangePage> => {
    const at = old.at ?? { link: null, since: iso(Date.parse(old.looked) - overlap), began: iso(now()) };
    const page = await follow(
      cursor.folder,
      at.link === null ? oldOf(cursor.folder, at.since, before) : new URL(at.link),
    );
    const { told, marked } = tellOld(page.items, old.marked);
    const last = toSecond(page.modified ?? at.since);
    const next =
      page.next === null ? null : last > at.since ? { link: null, since: last } : { link: page.next, since: at.since };
    const ended = { looked: at.began, at: null, marked };
    return answer(
      { ...page, items: told, gone: [] },
      { ...cursor, old: next === null ? ended : { ...old, at: { ...next, began: at.began }, marked } },
      next !== null,
    );
  };

  /** The end of a round. What is too old for it is looked at with it where that is due: an empty round stays one page. */
  const end = async (page: Page, cursor: GraphCursor, before: Date): Promise<ChangePage> => {
    const { old } = cursor;
    if (old === null || now() - Date.parse(old.looked) < lookEvery) return answer(page, cursor, false);
    const looked = await look(cursor, old, before);
    return { ...looked, items: [...page.items, ...looked.items], gone: page.gone };
  };

  const closed = (cursor: GraphCursor): GraphCursor => ({
    ...cursor,
    said: 0,
    list: null,
    floor: cursor.floor === null ? null : new Date(Date.parse(cursor.began) - reach).toISOString(),
  });

  const round = async (cursor: GraphCursor, link: string | URL, since: Date): Promise<ChangePage> => {
    const page = await follow(cursor.folder, link);
    const said = cursor.said + page.entries;
    if (page.next !== null) {
      if (page.next === cursor.link && page.entries === 0)
        throw new SourceError('unavailable', 'Graph names the same page again and again.');
      return answer(page, { ...cursor, link: page.next, said }, true);
    }
    if (page.delta === null) throw new SourceError('unavailable', 'Graph says neither a next page nor an end.');
    const ended = { ...cursor, link: page.delta };
    if (cursor.floor === null || said < cutAt) return end(page, closed(ended), since);
    return answer(page, { ...ended, list: { link: null, since: toSecond(cursor.floor) } }, true);
  };

  return async (folder, text, since) => {
    const moment = iso(now());
    if (text === null) {
      // A filter stays with the folder for good: old mail that is moved into it is not said then. So none where all is wanted.
      const floor = since.getTime() > 0 ? toSecond(since.toISOString()) : null;
      const query = { ...itemQuery, ...(floor === null ? {} : { $filter: `receivedDateTime ge ${floor}` }) };
      const old = floor === null ? null : { looked: moment, at: null, marked: [] };
      const cursor = { folder, link: '', said: 0, began: moment, floor, list: null, old };
      return round(cursor, address(`${folderAt(folder)}/delta`, query), since);
    }
    const cursor = readCursor(text, folder, door.linkOf);
    if (cursor.list !== null) return list(cursor, cursor.list);
    if (cursor.old !== null && cursor.old.at !== null) return look(cursor, cursor.old, since);
    return round(cursor.said === 0 ? { ...cursor, began: moment } : cursor, new URL(cursor.link), since);
  };
}

const answer = ({ items, gone }: Page, cursor: GraphCursor, more: boolean): ChangePage => ({
  items,
  gone,
  cursor: writeCursor(cursor),
  more,
});

const address = (path: string, query: Readonly<Record<string, string>>) =>
  `${path}?${Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')}`;

/** Graph compares and shows whole seconds. */
const toSecond = (time: string) => `${time.slice(0, 19)}Z`;

async function readPage(parts: Parts, folder: string, link: string | URL, most: number): Promise<Page> {
  const { door } = parts;
  const prefer = `${immutableIds}, odata.maxpagesize=${String(most)}`;
  const body = await door.json(link, { headers: { prefer } }, isLostToken);
  if (body === null) throw new SourceError('cursor-lost', 'Graph does not know the delta token any more.');
  const value = body['value'];
  if (!Array.isArray(value)) throw new SourceError('unavailable', 'What answered is not Graph.');
  const entries = value.filter(isObject);
  const whole = new Map<string, SourceItem>();
  const [gone, partial] = [new Set<string>(), new Set<string>()];
  for (const entry of entries) {
    const id = entry['id'];
    if (typeof id !== 'string') continue;
    const item = entry['@removed'] === undefined ? readItem(entry, folder) : null;
    if (entry['@removed'] !== undefined) gone.add(id);
    else if (item) whole.set(id, item);
    else partial.add(id);
  }
  await complete(parts, folder, [...partial].filter((id) => !whole.has(id)).slice(0, mostPartial), { whole, gone });
  return {
    items: [...whole.values()],
    gone: [...gone],
    entries: entries.length,
    next: linkIn(parts, body['@odata.nextLink']),
    delta: linkIn(parts, body['@odata.deltaLink']),
    modified: lastModified(entries),
  };
}

function lastModified(entries: readonly Record<string, unknown>[]): string | null {
  const last = entries.at(-1)?.['lastModifiedDateTime'];
  return typeof last === 'string' && !Number.isNaN(Date.parse(last)) ? last : null;
}

/** Asks for the messages of which the page said a part only. */
async function complete(
  { door, home }: Parts,
  folder: string,
  ids: readonly string[],
  found: { whole: Map<string, SourceItem>; gone: Set<string> },
): Promise<void> {
  const read = async (id: string) => {
    const path = address(`${home}/messages/${encodeURIComponent(id)}`, {
      ...itemQuery,
      $select: `${itemQuery.$select},parentFolderId`,
    });
    const message = await door.json(path, { headers: { prefer: immutableIds } }, isMissingItem);
    const item = message === null ? null : readItem(message, folder);
    if (item) found.whole.set(id, item);
    else found.gone.add(id);
  };
  await Promise.all(ids.map(read));
}

function linkIn({ door }: Parts, link: unknown): string | null {
  if (link === undefined) return null;
  if (isLinkOf(link, 'delta', door.linkOf) || isLinkOf(link, 'messages', door.linkOf)) return link;
  throw new SourceError('unavailable', 'Graph names a next page that is not its own.');
}
