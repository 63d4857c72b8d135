import { randomUUID } from 'node:crypto';
import { badRequest } from '../bad-request.ts';

/** One part of a multipart body: its headers (names in lower case) and the bytes below them. */
export interface Part {
  headers: Record<string, string>;
  body: Buffer;
}

const PARTS = 1_001;
const BREAK = Buffer.from('\r\n');
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const DASH = 0x2d;

/** @throws {HttpError} 400 when the body is not what its content type says */
export function readParts(contentType: string | undefined, content: Buffer): Part[] {
  const boundary = /;\s*boundary=(?:"([^"]{1,200})"|([^";\s]{1,200}))/i.exec(contentType ?? '');
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) throw badRequest('The multipart content type names no boundary.');
  const mark = Buffer.from(`--${name}`);
  const parts: Part[] = [];
  let at = nextMark(content, mark, 0);
  const body = at === undefined ? content : withBreaks(content, at + mark.length);
  if (body !== content) at = nextMark(body, mark, 0);
  while (at !== undefined) {
    const start = at + mark.length;
    if (body[start] === DASH && body[start + 1] === DASH) return parts;
    const next = nextMark(body, mark, start);
    if (next === undefined) break;
    const part = readPart(body.subarray(start, Math.max(start, endOfLineBefore(body, next))));
    if (part !== undefined) parts.push(part);
    if (parts.length > PARTS) throw badRequest('The multipart body has too many parts.');
    at = next;
  }
  throw badRequest('The multipart body does not end with its boundary.');
}

/** Where a line begins with the boundary and nothing else: a text, or a longer boundary, may well begin like it. */
function nextMark(body: Buffer, mark: Buffer, from: number): number | undefined {
  for (let at = body.indexOf(mark, from); at >= 0; at = body.indexOf(mark, at + 1)) {
    const after = body.subarray(at + mark.length, at + mark.length + 2);
    const closes =
      after.length === 0 || [LINE_FEED, RETURN, 0x20, 0x09].includes(after[0] ?? 0) || after.equals(DASHES);
    if (closes && (at === 0 || body[at - 1] === LINE_FEED)) return at;
  }
  return undefined;
}

const DASHES = Buffer.from([DASH, DASH]);

function endOfLineBefore(body: Buffer, at: number): number {
  return body[at - 2] === RETURN ? at - 2 : at - 1;
}

/** Line ends are CRLF; some clients send bare line feeds, which the end of the first boundary tells. */
function withBreaks(content: Buffer, from: number): Buffer {
  const end = content.indexOf(LINE_FEED, from);
  if (end < 0 || content[end - 1] === RETURN) return content;
  return Buffer.from(content.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}

function readPart(section: Buffer): Part | undefined {
  const from = section.indexOf(BREAK);
  if (from < 0) return undefined;
  const inner = section.subarray(from + 2);
  const gap = inner.indexOf('\r\n\r\n');
  // A part without headers of its own starts with the empty line.
  const head = inner.subarray(0, 2).equals(BREAK)
    ? ''
    : gap < 0
      ? inner.toString('utf8')
      : inner.subarray(0, gap).toString('utf8');
  const body = head === '' ? inner.subarray(2) : gap < 0 ? Buffer.alloc(0) : inner.subarray(gap + 4);
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, body };
}

export function encodeParts(parts: readonly Part[], name: string): { type: string; content: Buffer } {
  const boundary = `${name}_${randomUUID()}`;
  const pieces = parts.flatMap(({ headers, body }) => {
    const lines = Object.entries(headers).map(([key, value]) => `${titled(key)}: ${value}\r\n`);
    return [Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`), body, BREAK];
  });
  return {
    type: `multipart/mixed; boundary=${boundary}`,
    content: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

/** `content-id` -> `Content-ID`: some clients compare these by letter. */
function titled(name: string): string {
  return name === 'content-id' ? 'Content-ID' : name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
