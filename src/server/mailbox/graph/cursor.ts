import { isObject } from '../../../model/is-object.ts';
import { SourceError } from '../source.ts';
import type { OldMail } from './old-mail.ts';

/** A page further than this means that the link grows, not that the mailbox does. */
const longestCursor = 32 * 1024;

/**
 * Where a folder's synchronisation stands.
 *
 * A delta query with `$filter` says at most 5,000 messages of a round, and does not say that it left some out
 * (delta-query-messages). So what a round said is counted, and a round that was cut is followed by a plain list
 * of what came since `floor`, before the folder counts as read.
 */
export interface GraphCursor {
  readonly folder: string;
  /** nextLink or deltaLink to go on with. While listing: the deltaLink to go on with afterwards. */
  readonly link: string;
  /** Items said so far in this round. */
  readonly said: number;
  /** When the round began, ISO 8601. */
  readonly began: string;
  /** What came before this was surely said; ISO 8601. Null: there is no filter, so nothing is ever left out. */
  readonly floor: string | null;
  /** Where the list stands: the page to ask for, and since when it lists. Null: no list is needed. */
  readonly list: { readonly link: string | null; readonly since: string } | null;
  /** Null: there is no filter, so no mail is too old to be said. */
  readonly old: OldMail | null;
}

const version = 1;

export const writeCursor = (cursor: GraphCursor): string => JSON.stringify({ v: version, ...cursor });

/**
 * @param linkOf what a link must be to be followed: a cursor comes back from a database, and the token goes where it points
 * @throws {SourceError} `cursor-lost` when it is none of this version, of this folder, or of this Graph
 */
export function readCursor(text: string, folder: string, linkOf: (link: unknown) => URL | null): GraphCursor {
  const value = text.length > longestCursor ? null : tryParse(text);
  if (isObject(value) && value['v'] === version && value['folder'] === folder) {
    const { link, said, began, floor, list, old = null } = value;
    const isList = (each: unknown): each is GraphCursor['list'] =>
      each === null ||
      (isObject(each) &&
        isTime(each['since']) &&
        (each['link'] === null || isLinkOf(each['link'], 'messages', linkOf)));
    if (
      isLinkOf(link, 'delta', linkOf) &&
      Number.isSafeInteger(said) &&
      isTime(began) &&
      (floor === null || isTime(floor)) &&
      isList(list) &&
      isOld(old, linkOf)
    )
      return { folder, link, said: Number(said), began, floor, list, old };
  }
  throw new SourceError('cursor-lost', 'That is no cursor of this folder.');
}

function isOld(value: unknown, linkOf: (link: unknown) => URL | null): value is OldMail | null {
  if (value === null) return true;
  if (!isObject(value) || !isTime(value['looked']) || !Array.isArray(value['marked'])) return false;
  if (!value['marked'].every((name) => typeof name === 'string')) return false;
  const { at } = value;
  if (at === null) return true;
  if (!isObject(at) || !isTime(at['since']) || !isTime(at['began'])) return false;
  return at['link'] === null || isLinkOf(at['link'], 'messages', linkOf);
}

/** A link to this resource of Graph: a token must not be sent to whatever else a stored text names. */
export const isLinkOf = (
  link: unknown,
  kind: 'delta' | 'messages',
  linkOf: (link: unknown) => URL | null,
): link is string => {
  const ends = kind === 'delta' ? /\/messages\/(microsoft\.graph\.)?delta(\(\))?$/i : /\/messages$/i;
  return ends.test(linkOf(link)?.pathname ?? '');
};

const isTime = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(Date.parse(value));

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
