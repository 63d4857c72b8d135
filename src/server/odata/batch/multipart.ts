import { randomUUID } from 'node:crypto';
import { badRequest } from '../bad-request.ts';

/** One part of a multipart body: its headers (names in lower case) and the bytes below them. */
export interface Part {
  headers: Record<string, string>;
  body: Buffer;
}

const PARTS = 1_001;
const BREAK = Buffer.from('\r\n');

/** @throws {HttpError} 400 when the body is not what its content type says */
export function readParts(contentType: string | undefined, content: Buffer): Part[] {
  const boundary = /;\s*boundary="?([^";\s]{1,200})"?/i.exec(contentType ?? '')?.[1];
  if (boundary === undefined) throw badRequest('The multipart content type names no boundary.');
  const mark = Buffer.from(`--${boundary}`);
  const body = withBreaks(content);
  const parts: Part[] = [];
  let at = body.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    if (body.subarray(start, start + 2).toString('latin1') === '--') return parts;
    const next = body.indexOf(mark, start);
    if (next < 0) break;
    const end = next >= 2 && body.subarray(next - 2, next).equals(BREAK) ? next - 2 : next;
    const part = readPart(body.subarray(start, end));
    if (part !== undefined) parts.push(part);
    if (parts.length > PARTS) throw badRequest('The multipart body has too many parts.');
    at = next;
  }
  throw badRequest('The multipart body does not end with its boundary.');
}

/** Line ends are CRLF; some clients send bare line feeds, which are understood as well. */
function withBreaks(content: Buffer): Buffer {
  return content.includes(BREAK) ? content : Buffer.from(content.toString('utf8').replaceAll('\n', '\r\n'));
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
