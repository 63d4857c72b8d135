import { badRequest, shown } from '../bad-request.ts';
import { tryJson } from './json.ts';

type LiteralType = 'string' | 'number' | 'boolean' | 'null' | 'guid' | 'date' | 'datetime';

export interface Literal {
  kind: 'literal';
  type: LiteralType;
  /** As text, but for numbers and yes/no. */
  value: string | number | boolean | null;
}

export type Token =
  | Literal
  | { kind: 'name'; text: string }
  | { kind: 'alias'; text: string }
  | { kind: 'mark'; text: string }
  | { kind: 'end' };

export interface Tokens {
  /** The token under the cursor; the cursor moves on with `next`. */
  peek(): Token;
  next(): Token;
  position(): number;
}

const NUMBER_LIKE =
  /([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})|(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d))|(\d{4}-\d\d-\d\d)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)/y;
const QUOTE = 39;
const NAME = /\$?[A-Za-z_][\w.]*/y;
const ALIAS = /@[A-Za-z_]\w*/y;
const MARKS = '()/,:=[]';

/** Reads an expression from left to right, once; every token is looked at by one sticky pattern. */
export function readTokens(source: string): Tokens {
  let at = 0;
  let start = 0;
  let current = scan();

  function scan(): Token {
    while (source.charCodeAt(at) === 32 || source.charCodeAt(at) === 9) at += 1;
    start = at;
    if (at >= source.length) return { kind: 'end' };
    const first = source.charAt(at);
    if (first === "'") return { kind: 'literal', type: 'string', value: quoted() };
    if (first === '"') return { kind: 'literal', type: 'string', value: json() };
    if (MARKS.includes(first)) {
      at += 1;
      return { kind: 'mark', text: first };
    }
    return numberLike(first) ?? word() ?? fail();
  }

  /** A quote inside is doubled. */
  function quoted(): string {
    let close = source.indexOf("'", at + 1);
    let doubled = false;
    while (close >= 0 && source.charCodeAt(close + 1) === QUOTE) {
      doubled = true;
      close = source.indexOf("'", close + 2);
    }
    if (close < 0) throw unterminated();
    const text = source.slice(at + 1, close);
    at = close + 1;
    return doubled ? text.replaceAll("''", "'") : text;
  }

  /** As in the arrays of query functions, which are JSON. */
  function json(): string {
    let close = at + 1;
    while (close < source.length && source.charAt(close) !== '"') close += source.charAt(close) === '\\' ? 2 : 1;
    if (close >= source.length) throw unterminated();
    const text = source.slice(at, close + 1);
    at = close + 1;
    const value = tryJson(text);
    if (typeof value !== 'string') throw badRequest(`Invalid JSON at position ${start}: ${shown(text)} is not a text.`);
    return value;
  }

  function unterminated() {
    return badRequest(`There is an unterminated string literal at position ${start}.`);
  }

  function numberLike(first: string): Literal | undefined {
    const digit = (first >= '0' && first <= '9') || first === '-';
    if (!digit && source.charAt(at + 8) !== '-') return undefined;
    NUMBER_LIKE.lastIndex = at;
    const match = NUMBER_LIKE.exec(source);
    if (match === null || /\w/.test(source.charAt(NUMBER_LIKE.lastIndex))) return undefined;
    at = NUMBER_LIKE.lastIndex;
    const [value, guid, datetime, date] = match;
    if (guid !== undefined) return { kind: 'literal', type: 'guid', value: guid.toLowerCase() };
    if (datetime !== undefined) return { kind: 'literal', type: 'datetime', value: datetime };
    if (date !== undefined) return { kind: 'literal', type: 'date', value: date };
    return { kind: 'literal', type: 'number', value: Number(value) };
  }

  function word(): Token | undefined {
    const pattern = source.charAt(at) === '@' ? ALIAS : NAME;
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) return undefined;
    at += text.length;
    if (pattern === ALIAS) return { kind: 'alias', text };
    if (text === 'null') return { kind: 'literal', type: 'null', value: null };
    if (text === 'true' || text === 'false') return { kind: 'literal', type: 'boolean', value: text === 'true' };
    return { kind: 'name', text };
  }

  function fail(): never {
    throw badRequest(`Syntax error at position ${start}: "${shown(source.slice(start))}" was not expected.`);
  }

  return {
    peek: () => current,
    next() {
      const token = current;
      if (token.kind !== 'end') current = scan();
      return token;
    },
    position: () => start,
  };
}
