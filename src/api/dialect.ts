import type { BodyPart } from './json-body.ts';

/** How the Dataverse Web API spells things: literals, query options and multipart batches (OData 4.0, dynamics-behaviour 8). */

/** A string as a literal; the quote is doubled (OData 4.01 URL conventions 5.1.1.6.1). Not yet URL-encoded. */
export function literal(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** A string as a literal inside contains, startswith or endswith, where % _ [ are wildcards in this dialect. */
export function containedLiteral(text: string): string {
  return literal(text.replace(/[[%_]/g, '[$&]'));
}

export interface QueryOptions {
  readonly select?: readonly string[];
  readonly filter?: string;
  readonly orderby?: string;
  readonly top?: number;
  readonly expand?: string;
}

/** `contacts?$select=...`: option names as they are, values encoded. */
export function query(resource: string, options: QueryOptions): string {
  const parts: string[] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '') parts.push(`$${name}=${encodeURIComponent(value)}`);
  };
  add('select', options.select?.join(','));
  add('filter', options.filter);
  add('orderby', options.orderby);
  add('top', options.top?.toString());
  add('expand', options.expand);
  return parts.length === 0 ? resource : `${resource}?${parts.join('&')}`;
}

/** `a eq x or a eq y or b eq x ...`: one disjunction over several columns and values. */
export function anyEquals(columns: readonly string[], values: readonly string[]): string {
  return values.flatMap((value) => columns.map((column) => `${column} eq ${literal(value)}`)).join(' or ');
}

export interface BatchPart {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** One request of a batch; `path` from the root of the service. */
export interface BatchRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, which has no line that begins with the boundary. */
  readonly body?: string | readonly BodyPart[];
}

/** A batch: answered in the order asked (OData 4.01 protocol 11.7). CRLF throughout; LF alone is refused by Dataverse. */
export function writeRequests(boundary: string, requests: readonly BatchRequest[]): string | readonly BodyPart[] {
  const parts: BodyPart[] = [];
  let text = '';
  for (const { method, path, headers = {}, body = '' } of requests) {
    const lines = [`--${boundary}`, 'Content-Type: application/http', 'Content-Transfer-Encoding: binary', ''];
    lines.push(`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`));
    text += [...lines, '', ''].join('\r\n');
    for (const part of typeof body === 'string' ? [body] : body) {
      if (typeof part === 'string') text += part;
      else {
        parts.push(text, part);
        text = '';
      }
    }
    text += '\r\n';
  }
  text += `--${boundary}--\r\n`;
  return parts.length === 0 ? text : [...parts, text];
}

/** A batch of reads. */
export function writeBatch(
  boundary: string,
  paths: readonly string[],
  headers: Readonly<Record<string, string>>,
): string | readonly BodyPart[] {
  return writeRequests(
    boundary,
    paths.map((path) => ({ method: 'GET', path, headers })),
  );
}

/** The parts of a batch answer in order. Throws SyntaxError when the text is no batch answer; the caller names the error. */
export function readBatch(contentType: string, text: string): readonly BatchPart[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw new SyntaxError('no boundary');
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`);
  if (pieces.length < 2 || !pieces.at(-1)?.startsWith('--')) throw new SyntaxError('the batch answer is cut off');
  return pieces.slice(1, -1).map(readPart);
}

function readPart(piece: string): BatchPart {
  const [, http] = splitOnce(piece.replace(/^[ \t]*\r\n/, ''), '\r\n\r\n');
  const [head, body] = splitOnce(http, '\r\n\r\n');
  const [statusLine = '', ...headerLines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new SyntaxError('a part without a status line');
  const headers = new Headers();
  for (const line of headerLines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return { status, headers, body };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
