// Where the mails of an mbox file begin and end, found in one streaming pass: files larger than memory, and larger than
// 2 GB, are ordinary.
import { createReadStream } from 'node:fs';

export interface Span {
  /** Offset of the first byte after the separator line. */
  start: number;
  length: number;
}

const chunkSize = 256 * 1024;
const longestSeparator = 512;

/** `From someone Sat Nov 21 10:00:00 2026`. A sentence that begins with "From" has no year at its end, so it splits nothing. */
const isSeparator = (line: string) => /^From \S*.*\b\d\d:\d\d(:\d\d)?\b.*\b\d{4}\b/.test(line) || /^From - /.test(line);

/** Offsets of separator lines: the line's first byte and the first byte after it. */
async function* separators(path: string, from: number): AsyncGenerator<{ at: number; after: number }> {
  let carried: Buffer = Buffer.alloc(0);
  let base = from;
  let previous = 0x0a;
  const stream = createReadStream(path, { highWaterMark: chunkSize, start: from });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const block = carried.length ? Buffer.concat([carried, chunk]) : chunk;
    // The tail may hold half a separator: keep it for the next round.
    const limit = Math.max(block.length - longestSeparator, 0);
    yield* separatorsIn(block, base, limit, previous);
    previous = limit ? (block[limit - 1] ?? previous) : previous;
    base += limit;
    carried = block.subarray(limit);
  }
  yield* separatorsIn(carried, base, carried.length, previous);
}

/** `previous` is the byte before the block. */
function* separatorsIn(block: Buffer, base: number, limit: number, previous: number) {
  const needle = 'From ';
  for (let at = block.indexOf(needle); at >= 0 && at < limit; at = block.indexOf(needle, at + 1)) {
    if ((at === 0 ? previous : block[at - 1]) !== 0x0a) continue;
    const end = block.indexOf(0x0a, at);
    const lineEnd = end < 0 ? block.length : end;
    if (lineEnd - at <= longestSeparator && isSeparator(block.toString('latin1', at, lineEnd))) {
      yield { at: base + at, after: base + lineEnd + 1 };
    }
  }
}

/** `from`: the first byte of a separator line, to begin there. */
export async function* splitMbox(path: string, size: number, from = 0): AsyncGenerator<Span & { separator: number }> {
  let separator = -1;
  let start = -1;
  for await (const { at, after } of separators(path, from)) {
    if (start >= 0) yield { separator, start, length: at - start };
    separator = at;
    start = Math.min(after, size);
  }
  if (start >= 0) yield { separator, start, length: Math.max(size - start, 0) };
}

/** An mbox quotes body lines that begin with "From " as ">From ": take one mark away again. */
export const unquoteFrom = (raw: Buffer): Buffer =>
  raw.includes('\n>') ? Buffer.from(raw.toString('latin1').replace(/^>(>*From )/gm, '$1'), 'latin1') : raw;
