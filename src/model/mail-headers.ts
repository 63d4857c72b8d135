import { canonicalMessageId } from './item-key.ts';

/** Header fields by name in lower case; of several with one name the first counts. */
export type MailHeaders = ReadonlyMap<string, string>;

const LONGEST = 200_000;
/** Of a long References line: where the thread began, and the part that is near (both ends survive cutting by mail programs). */
const FIRST = 5;
const LAST = 50;

/**
 * Headers as they come with a mail: lines of RFC 5322, JSON of the form `{"References":"..."}` or `[{"name":..,"value":..}]`,
 * or such an object itself. What cannot be read holds no headers: it is a stranger's text.
 */
export function readHeaders(source: unknown): MailHeaders {
  const value = typeof source === 'string' && /^\s*[[{]/.test(source) ? parse(source) : source;
  if (typeof value === 'string') return collect(linesOf(value.slice(0, LONGEST)));
  if (Array.isArray(value)) return collect(value.slice(0, 1_000).map(pairOf));
  return typeof value === 'object' && value !== null ? collect(Object.entries(value)) : new Map();
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source.slice(0, LONGEST)) as unknown;
  } catch {
    return undefined;
  }
}

function linesOf(text: string): [string, string][] {
  const unfolded = text.replace(/\r?\n[ \t]+/g, ' ');
  return unfolded.split(/\r?\n/).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1)];
  });
}

function pairOf(item: unknown): [string, unknown] {
  if (typeof item !== 'object' || item === null || !('name' in item) || !('value' in item)) return ['', ''];
  return [String(item.name), item.value];
}

function collect(pairs: readonly (readonly [string, unknown])[]): MailHeaders {
  const found = new Map<string, string>();
  for (const [name, value] of pairs) {
    const key = name.trim().toLowerCase();
    if (key !== '' && typeof value === 'string' && !found.has(key)) found.set(key, value.trim());
  }
  return found;
}

/** The mails that a mail names as those it answers, nearest first, each once; `replies` of them stand in In-Reply-To. */
export function namedMails(
  own: string,
  inReplyTo: string | undefined,
  references: string | undefined,
): { ids: string[]; replies: number } {
  const answered = idsIn(inReplyTo).slice(0, FIRST);
  const line = idsIn(references);
  const near = line.length > FIRST + LAST ? [...line.slice(0, FIRST), ...line.slice(-LAST)] : line;
  const ids = [...new Set([...answered, ...near.reverse()])].filter((id) => id !== own);
  return { ids, replies: answered.filter((id) => id !== own).length };
}

function idsIn(text: string | undefined): string[] {
  if (text === undefined) return [];
  // The ids that are near stand at the end; an id that is cut in two names nothing.
  const half = LONGEST / 2;
  const short = text.length <= LONGEST ? text : `${text.slice(0, half)}<>${text.slice(-half)}`;
  const found = short.match(/<[^<>]*>/g);
  return (found ?? [short]).flatMap((id) => canonicalMessageId(id) ?? []);
}
