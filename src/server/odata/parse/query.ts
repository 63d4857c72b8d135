import { badRequest, shown } from '../bad-request.ts';
import { parseApply, type Apply } from './apply.ts';
import { parseFilter, type Condition, type Limits } from './filter.ts';

export interface Order {
  /** `['primarycontactid', 'fullname']`, or one parameter alias that stands for it. */
  path: string[];
  descending: boolean;
}
export interface Expand {
  navigation: string;
  query: Query;
  /** `/$ref`: only the addresses of the rows. */
  reference: boolean;
  /** The options as the query of an address: `$select=fullname`. */
  search: string;
}
/** What a read asks for, checked for form; names are looked up later. */
export interface Query {
  select: string[] | undefined;
  filter: Condition | undefined;
  order: Order[];
  top: number | undefined;
  expand: Expand[];
  apply?: Apply | undefined;
  count: boolean;
}

const EXPANDS = 15;
const EXPAND_DEPTH = 10;
const ORDERS = 50;
const REFUSED = new Set(['$skip', '$search', '$format', '$compute', '$index', '$schemaversion']);
const NAME = /^[A-Za-z_]\w*$/;
const ALIAS = /^@[A-Za-z_]\w*$/;

/** The options of an address: `$...` and parameter aliases. @throws {HttpError} 400 for broken escapes and doubles */
export function splitOptions(search: string): Map<string, string> {
  const found = new Map<string, string>();
  if (search === '') return found;
  for (const pair of search.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = unescape(equals < 0 ? pair : pair.slice(0, equals));
    if (found.has(key)) throw badRequest(`The query option ${shown(key)} is given twice.`);
    found.set(key, equals < 0 ? '' : unescape(pair.slice(equals + 1)));
  }
  return found;
}

export function unescape(text: string): string {
  try {
    const plain = decodeURIComponent(text.replaceAll('+', ' '));
    if (plain.includes('\0')) throw new URIError('NUL');
    return plain;
  } catch {
    throw badRequest('The address holds an escape that is not valid UTF-8 text.');
  }
}

export function parseQuery(options: ReadonlyMap<string, string>, limits: Limits): Query {
  for (const key of options.keys()) {
    if (REFUSED.has(key)) throw badRequest(`The query option ${key} is not supported.`);
    if (key.startsWith('$') && !KNOWN.has(key)) throw badRequest(`The query option ${shown(key)} is not known.`);
    if (key.startsWith('@') && !ALIAS.test(key)) throw badRequest(`The parameter alias ${shown(key)} is not valid.`);
  }
  const budget = { expands: 0 };
  return readQuery(options, limits, budget, 0);
}

const KNOWN = new Set([
  '$select',
  '$filter',
  '$orderby',
  '$top',
  '$expand',
  '$count',
  '$apply',
  '$skiptoken',
  '$deltatoken',
  '$id',
]);

function readQuery(
  options: ReadonlyMap<string, string>,
  limits: Limits,
  budget: { expands: number },
  depth: number,
): Query {
  const filter = options.get('$filter');
  const select = options.get('$select');
  const apply = options.get('$apply');
  return {
    select: select === undefined ? undefined : readNames(select),
    filter: filter === undefined ? undefined : parseFilter(filter, limits),
    order: readOrder(options.get('$orderby'), limits.aliases ?? true),
    top: readTop(options.get('$top')),
    expand: readExpand(options.get('$expand'), limits, budget, depth),
    apply: apply === undefined ? undefined : parseApply(apply, limits),
    count: readBoolean(options.get('$count')),
  };
}

function readNames(source: string): string[] {
  const names = source.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !NAME.test(name) && name !== '*');
  if (wrong !== undefined) throw badRequest(`"${shown(wrong)}" in $select is not a column.`);
  return [...new Set(names)];
}

function readOrder(source: string | undefined, aliases: boolean): Order[] {
  if (source === undefined) return [];
  const items = source.split(',');
  if (items.length > ORDERS) throw badRequest(`A query is sorted by at most ${ORDERS} columns.`);
  return items.map((item) => {
    const [path = '', direction = 'asc', ...rest] = item.trim().split(/\s+/);
    const segments = path.split('/');
    const named = segments.every((segment) => NAME.test(segment)) || (aliases && ALIAS.test(path));
    const valid = named && ['asc', 'desc'].includes(direction) && rest.length === 0;
    if (!valid) throw badRequest(`"${shown(item.trim())}" in $orderby is not a column with a direction.`);
    return { path: segments, descending: direction === 'desc' };
  });
}

function readTop(source: string | undefined): number | undefined {
  if (source === undefined) return undefined;
  if (!/^\d{1,9}$/.test(source)) throw badRequest(`$top must be a whole number, not "${shown(source)}".`);
  return Number(source);
}

function readBoolean(source: string | undefined): boolean {
  if (source === undefined || source === 'false') return false;
  if (source === 'true') return true;
  throw badRequest('$count must be true or false.');
}

function readExpand(source: string | undefined, limits: Limits, budget: { expands: number }, depth: number): Expand[] {
  if (source === undefined) return [];
  if (source.length > limits.length) throw badRequest('The $expand is too long.', '0x80044331');
  if (depth >= EXPAND_DEPTH) throw badRequest(`$expand is nested deeper than ${EXPAND_DEPTH} levels.`);
  return splitOutside(source, ',').map((item) => {
    budget.expands += 1;
    if (budget.expands > EXPANDS) throw badRequest(`A query expands at most ${EXPANDS} navigations.`);
    const open = item.indexOf('(');
    const path = (open < 0 ? item : item.slice(0, open)).trim();
    const reference = path.endsWith('/$ref');
    const navigation = reference ? path.slice(0, -'/$ref'.length) : path;
    if (!NAME.test(navigation)) throw badRequest(`"${shown(path)}" in $expand is not a navigation.`);
    const options = nestedOptions(open < 0 ? '' : insideOf(item, open));
    const search = [...options].map(([key, value]) => `${key}=${inAddress(value)}`).join('&');
    return {
      navigation,
      reference,
      search,
      query: readQuery(options, { ...limits, aliases: false }, budget, depth + 1),
    };
  });
}

/** Only what would end or change the value is escaped, so that an address stays readable. */
function inAddress(value: string): string {
  return encodeURI(value).replace(/[&#+]/g, encodeURIComponent);
}

function insideOf(item: string, open: number): string {
  const trimmed = item.trimEnd();
  if (!trimmed.endsWith(')')) throw badRequest('A parenthesis in $expand is not closed.');
  return trimmed.slice(open + 1, -1);
}

function nestedOptions(source: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const option of source.trim() === '' ? [] : splitOutside(source, ';')) {
    const equals = option.indexOf('=');
    const key = option.slice(0, Math.max(equals, 0)).trim();
    if (!NESTED.has(key)) throw badRequest(`"${shown(option)}" is not an option of $expand.`);
    if (found.has(key)) throw badRequest(`The option ${key} is given twice in one $expand.`);
    found.set(key, option.slice(equals + 1));
  }
  return found;
}

const NESTED = new Set(['$select', '$filter', '$orderby', '$top', '$expand']);

/** Splits at a separator that stands outside quotes and parentheses. */
function splitOutside(source: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let from = 0;
  for (let at = 0; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === "'" || char === '"') quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === separator && depth === 0) {
      parts.push(source.slice(from, at));
      from = at + 1;
    }
    if (depth < 0) throw badRequest('A parenthesis in $expand closes what was not opened.');
  }
  if (depth !== 0 || quote !== '') throw badRequest('A parenthesis or quote in $expand is not closed.');
  return [...parts, source.slice(from)];
}
