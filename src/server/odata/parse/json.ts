import { badRequest, shown } from '../bad-request.ts';

/** Rows inside rows go five levels deep; parameters of messages a little deeper. */
const DEPTH = 64;
/** Columns of one table with all that is remarked on them; a hundred thousand names would take a quarter of a second. */
const NAMES = 5_000;

/** As JSON writes it. */
const NUL = '\\u0000';
const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The value of a JSON body. Two things that `JSON.parse` lets through are refused: a name that an object holds twice, of
 * which each reader would believe another one (RFC 8259, 4), and nesting that no request has.
 * @throws {HttpError} 400
 */
export function parseJson(body: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw invalid();
  }
  demandForm(text);
  try {
    return JSON.parse(text, text.includes(NUL) ? withoutNul : undefined);
  } catch {
    throw invalid();
  }
}

/** No text of a database holds it. What comes with it is mostly a mail, which is kept without. */
function withoutNul(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '') : value;
}

/** A piece of JSON in an address. NUL is refused there however it is written. */
export function tryJson(text: string): unknown {
  try {
    return JSON.parse(text, text.includes(NUL) ? demandNoNul : undefined) as unknown;
  } catch {
    return undefined;
  }
}

function demandNoNul(name: string, value: unknown): unknown {
  if (name.includes('\0') || (typeof value === 'string' && value.includes('\0'))) throw new SyntaxError('NUL');
  return value;
}

function invalid() {
  return badRequest('The body is not valid JSON in UTF-8.', '0x80048d19');
}

/** Walks over the text once, from one quote or bracket to the next; whether it is JSON at all is not its business. */
function demandForm(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names !== undefined && isName(text, end + 1)) demandNew(names, text.slice(at, end + 1));
      at = end;
    } else if (code === 123 || code === 91) {
      open.push(code === 123 ? new Set() : undefined);
      if (open.length > DEPTH)
        throw badRequest(
          `The body is not valid JSON for a request: it is nested deeper than ${DEPTH} levels.`,
          '0x80048d19',
        );
    } else if (code === 125 || code === 93) open.pop();
  }
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  throw invalid();
}

function isName(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 32) at += 1;
  return text.charCodeAt(at) === COLON;
}

function demandNew(names: Set<string>, source: string): void {
  const name = source.includes('\\') ? unescaped(source) : source.slice(1, -1);
  if (names.has(name))
    throw badRequest(`The body is not valid JSON for a request: it holds "${shown(name)}" twice.`, '0x80048d19');
  if (names.size >= NAMES)
    throw badRequest(
      `The body is not valid JSON for a request: an object holds more than ${NAMES} names.`,
      '0x80048d19',
    );
  names.add(name);
}

function unescaped(source: string): string {
  try {
    return String(JSON.parse(source));
  } catch {
    throw invalid();
  }
}
