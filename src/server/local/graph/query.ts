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
  messageId: string | undefined;
  isRead: boolean | undefined;
}

const understood = new Set(['$top', '$skip', '$orderby', '$count', '$select', '$filter']);
const largestPage = 1000;

const whole = (name: string, text: string | undefined, otherwise: number, most: number) => {
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text) || Number(text) > most)
    throw badRequest(`Invalid value '${text}' for '${name}' query option found.`);
  return Number(text);
};

const filterOf = (text: string | undefined): Pick<Options, 'messageId' | 'isRead'> => {
  const parts = { messageId: undefined as string | undefined, isRead: undefined as boolean | undefined };
  for (const term of text ? text.split(/\s+and\s+/i) : []) {
    const id = /^internetMessageId\s+eq\s+'((?:[^']|'')*)'$/.exec(term.trim());
    const read = /^isRead\s+eq\s+(true|false)$/.exec(term.trim());
    if (id?.[1] !== undefined) parts.messageId = id[1].replaceAll("''", "'");
    else if (read) parts.isRead = read[1] === 'true';
    else throw badRequest(`The local mailbox filters by internetMessageId and isRead only, not by '${term}'.`);
  }
  return parts;
};

export const readOptions = (query: Record<string, string | string[] | undefined>): Options => {
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) throw badRequest(`Query option '${name}' was specified more than once.`);
    if (name.startsWith('$') && !understood.has(name)) throw badRequest(`The query option '${name}' is not supported.`);
  }
  const one = query as Record<string, string | undefined>;
  return {
    top: Math.max(whole('$top', one['$top'], 10, largestPage), 1),
    skip: whole('$skip', one['$skip'], 0, 1_000_000_000),
    order: (one['$orderby'] ?? 'receivedDateTime desc').trim().replace(/\s+/g, ' ').replace(/ asc$/i, '').toLowerCase(),
    count: one['$count'] === 'true',
    select: one['$select'] ? new Set(one['$select'].split(',').map((name) => name.trim())) : null,
    ...filterOf(one['$filter']),
  };
};

/** Keeps what was asked for, the id and the annotations. */
export const selected = (resource: Record<string, unknown>, select: Set<string> | null) =>
  select === null
    ? resource
    : Object.fromEntries(
        Object.entries(resource).filter(([name]) => select.has(name) || name === 'id' || name.startsWith('@')),
      );
