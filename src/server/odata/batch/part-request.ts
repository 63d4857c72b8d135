import type { Place } from '../answer/ask.ts';
import { badRequest } from '../bad-request.ts';
import type { ApiRequest } from '../message.ts';
import type { Part } from './multipart.ts';

type Line = Pick<ApiRequest, 'method' | 'path' | 'search'>;

/** The line with which a part's own request begins; undefined: it does not. */
export function readLine({ body }: Part, { session }: Place): Line | undefined {
  const end = body.indexOf('\r\n');
  const line = body.subarray(0, end < 0 ? body.length : end).toString('utf8');
  const [, method, address] = /^([A-Z]+) (\S+)(?: HTTP\/1\.[01])?$/.exec(line.trim()) ?? [];
  if (method === undefined || address === undefined) return undefined;
  const [path = '', search = ''] = splitOnce(relative(address, session.root), '?');
  return { method, path, search };
}

/** A part's own HTTP request: request line, headers, body. Addresses may be relative, from the root, or absolute. */
export function readRequest(part: Part, place: Place): ApiRequest {
  const request = readLine(part, place);
  if (request === undefined) throw badRequest('A part of the batch does not begin with a request line.');
  const head = part.body.indexOf('\r\n\r\n');
  const lines = part.body
    .subarray(0, head < 0 ? part.body.length : head)
    .toString('utf8')
    .split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const rest = head < 0 ? undefined : part.body.subarray(head + 4);
  // Empty lines below a text are the client's habit; below a file they are the file.
  const isFile = /^application\/octet-stream\b/i.test(headers['content-type'] ?? '');
  const body = rest === undefined || isFile ? rest : trimEnd(rest);
  return { ...request, headers, body };
}

function trimEnd(body: Buffer): Buffer | undefined {
  let end = body.length;
  while (end > 0 && [0x0a, 0x0d, 0x20].includes(body[end - 1] ?? 0)) end -= 1;
  return end === 0 ? undefined : body.subarray(0, end);
}

function relative(address: string, root: string): string {
  const path =
    /^https?:\/\//i.test(address) && URL.canParse(address) ? address.replace(/^https?:\/\/[^/]+/i, '') : address;
  const base = new URL(root).pathname;
  if (path.startsWith(base)) return path.slice(base.length);
  const versioned = /^\/api\/data\/v[\d.]+\//.exec(path)?.[0];
  if (versioned !== undefined) return path.slice(versioned.length);
  return path.startsWith('/') ? path.slice(1) : path;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
