// The query options of the mailbox door. What is not understood is refused, never ignored: a filter that silently filters
// nothing is worse than none.
import { badRequest } from './errors.ts';

export interface Options {
  top: number;
  skip: number;
  order: string;
  count: boolean;
  /** Property names, or null for all. */
  select: Set<string> | null;
  /** Property tags of the extended properties to show, such as 0x36. */
  expand: readonly number[];
  messageId: string | undefined;
  isRead: boolean | undefined;
  received: Span;
  modified: Span;
}

interface Span {
  atLeast: number | undefined;
  below: number | undefined;
}

type Narrowed = Pick<Options, 'messageId' | 'isRead' | 'received' | 'modified'>;

type Query = Record<string, string | string[] | undefined>;

const understood = new Set(['$top', '$skip', '$orderby', '$count', '$select', '$filter', '$expand']);
const largestPage = 1000;
/** What `receivedDateTime` shows are whole seconds, so a comparison means whole seconds too. */
const second = 1000;

const whole = (name: string, text: string | undefined, otherwise: number, most: number) => {
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text) || Number(text) > most)
    throw badRequest(`Invalid value '${text}' for '${name}' query option found.`);
  return Number(text);
};

export const timeOf = (text: string) => {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw badRequest(`Invalid filter clause: '${text}' is not a time in UTC.`);
  return Math.floor(at / second) * second;
};

const narrow = (found: Narrowed, term: string) => {
  const id = /^internetMessageId\s+eq\s+'((?:[^']|'')*)'$/.exec(term);
  const read = /^isRead\s+eq\s+(true|false)$/.exec(term);
  const time = /^(receivedDateTime|lastModifiedDateTime)\s+(ge|gt|le|lt)\s+(\S+)$/.exec(term);
  if (id?.[1] !== undefined) found.messageId = id[1].replaceAll("''", "'");
  else if (read) found.isRead = read[1] === 'true';
  else if (time) {
    const [, name, compare = '', text = ''] = time;
    const at = timeOf(text);
    const after = compare === 'gt' || compare === 'le' ? at + second : at;
    const span = name === 'receivedDateTime' ? found.received : found.modified;
    if (compare.startsWith('g')) span.atLeast = after;
    else span.below = after;
  } else {
    throw badRequest(
      `The local mailbox filters by internetMessageId, isRead, receivedDateTime and lastModifiedDateTime, not by '${term}'.`,
    );
  }
};

const filterOf = (text: string | undefined) => {
  const found: Narrowed = {
    messageId: undefined,
    isRead: undefined,
    received: { atLeast: undefined, below: undefined },
    modified: { atLeast: undefined, below: undefined },
  };
  // An `and` inside a Message-ID would be cut here, and then refused: no id has blanks around a word.
  for (const term of text ? text.split(/\s+and\s+/i) : []) narrow(found, term.trim());
  return found;
};

/** `singleValueExtendedProperties($filter=id eq 'Integer 0x36' or ...)`, of which numbers by property tag are known here. */
export const expandOf = (text: string | undefined): number[] => {
  if (text === undefined) return [];
  const inner = /^singleValueExtendedProperties\(\$filter=(.+)\)$/i.exec(text.trim())?.[1];
  if (inner === undefined) throw badRequest(`Could not find a property that can be expanded in '${text}'.`);
  return inner.split(/\s+or\s+/i).map((term) => {
    const tag = /^id\s+eq\s+'Integer 0x([0-9a-f]{1,4})'$/i.exec(term.trim())?.[1];
    if (tag === undefined) throw badRequest(`The local mailbox has no extended property '${term}'.`);
    return Number.parseInt(tag, 16);
  });
};

export const selectOf = (text: string | undefined) =>
  text ? new Set(text.split(',').map((name) => name.trim())) : null;

/** Each option once, and none that is not in `known`. */
export const readQuery = (query: Query, known: ReadonlySet<string>): Map<string, string> => {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) throw badRequest(`Query option '${name}' was specified more than once.`);
    if (name.startsWith('$') && !known.has(name.toLowerCase()))
      throw badRequest(`The query option '${name}' is not supported.`);
    if (value !== undefined) found.set(name.toLowerCase(), value);
  }
  return found;
};

export const readOptions = (query: Query): Options => {
  const one = readQuery(query, understood);
  const order = one.get('$orderby') ?? 'receivedDateTime desc';
  return {
    top: Math.max(whole('$top', one.get('$top'), 10, largestPage), 1),
    skip: whole('$skip', one.get('$skip'), 0, 1_000_000_000),
    order: order.trim().replace(/\s+/g, ' ').replace(/ asc$/i, '').toLowerCase(),
    count: one.get('$count') === 'true',
    select: selectOf(one.get('$select')),
    expand: expandOf(one.get('$expand')),
    ...filterOf(one.get('$filter')),
  };
};

/** Keeps what was asked for, the id and the annotations. */
export const selected = (resource: Record<string, unknown>, select: Set<string> | null) =>
  select === null
    ? resource
    : Object.fromEntries(
        Object.entries(resource).filter(
          ([name]) =>
            select.has(name) || name === 'id' || name === 'singleValueExtendedProperties' || name.startsWith('@'),
        ),
      );
