/**
 * The text inside contains, startswith and endswith: `%` is any run of characters, `_` any one, `[abc]` one of these, `[^abc]`
 * one that is none of these; `[%]` is a percent sign. Each engine matches it in its own way, with the same result.
 */
export type Pattern = (
  { kind: 'run' } | { kind: 'one' } | { kind: 'char'; char: string } | { kind: 'set'; chars: string; not: boolean }
)[];

export function readPattern(source: string): Pattern {
  const pattern: Pattern = [];
  const chars = [...source];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    const close = char === '[' ? chars.indexOf(']', at + 2) : -1;
    if (close > 0) {
      pattern.push(readSet(chars.slice(at + 1, close).join('')));
      at = close;
    } else if (char === '%') pattern.push({ kind: 'run' });
    else if (char === '_') pattern.push({ kind: 'one' });
    else pattern.push({ kind: 'char', char });
  }
  return pattern;
}

function readSet(inside: string): Pattern[number] {
  const not = inside.startsWith('^') && inside.length > 1;
  const chars = not ? inside.slice(1) : inside;
  return !not && [...chars].length === 1 ? { kind: 'char', char: chars } : { kind: 'set', chars, not };
}

export function textOf(pattern: Pattern): string {
  return pattern.map((item) => (item.kind === 'char' ? item.char : '')).join('');
}

export function hasSets(pattern: Pattern): boolean {
  return pattern.some(({ kind }) => kind === 'set');
}

/** All three plain characters in a row, sixteen at most: what a trigram index can be asked for. */
export function trigramsOf(pattern: Pattern): string[] {
  const found = new Set<string>();
  let run: string[] = [];
  for (const item of pattern) {
    run = item.kind === 'char' ? [...run.slice(-2), item.char] : [];
    if (run.length === 3 && found.size < 16) found.add(run.join(''));
  }
  return [...found];
}

/** For PostgreSQL, with the backslash as escape. */
export function asLike(pattern: Pattern): string {
  return pattern
    .map((item) => (item.kind === 'char' ? item.char.replace(/[\\%_]/, '\\$&') : item.kind === 'run' ? '%' : '_'))
    .join('');
}

/** For SQLite: GLOB compares letter by letter and knows sets. */
export function asGlob(pattern: Pattern): string {
  const items = pattern.map((item) => {
    if (item.kind === 'run') return '*';
    if (item.kind === 'one') return '?';
    if (item.kind === 'char') return /[*?[]/.test(item.char) ? `[${item.char}]` : item.char;
    return `[${item.not ? '^' : ''}${item.chars}]`;
  });
  return items.join('');
}

/** For PostgreSQL, where the pattern has sets. */
export function asRegularExpression(pattern: Pattern): string {
  const items = pattern.map((item) => {
    if (item.kind === 'run') return '.*';
    if (item.kind === 'one') return '.';
    if (item.kind === 'char') return /\w/.test(item.char) ? item.char : `\\${item.char}`;
    return `[${item.not ? '^' : ''}${item.chars.replace(/[\\\][^]/g, '\\$&')}]`;
  });
  return `^${items.join('')}$`;
}
