import { HttpError } from '../../http/errors.ts';
import type { ApiResponse } from '../message.ts';
import type { Column, Table } from '../metadata.ts';
import { badRequest } from '../bad-request.ts';
import { BLOCK } from '../files/blocks.ts';
import { isText, nameColumn } from '../files/place.ts';
import { unescape } from '../parse/query.ts';
import type { Row } from '../session.ts';
import type { Stored } from '../values.ts';
import type { Ask } from './ask.ts';

/** The columns to read for a download. */
export function fileColumns(table: Table, column: Column): string[] {
  const name = nameColumn(table, column);
  return name === undefined ? [column.name] : [column.name, name.name];
}

/**
 * `GET .../entityimage/$value`, or the column itself when a part of it is asked for, which then comes in JSON.
 * @param row as it is presented, with the file in base64
 */
export function download({ request, place }: Ask, table: Table, column: Column, row: Row, raw: boolean): ApiResponse {
  const base64 = String(row[column.name]);
  if (raw && isText(table)) return { status: 200, headers: { 'content-type': 'text/plain' }, body: base64 };
  const whole = Buffer.from(base64, 'base64');
  const range = readRange(request.headers['range'], whole.length);
  const part = range === undefined ? whole : whole.subarray(range.from, range.to + 1);
  const name = row[nameColumn(table, column)?.name ?? ''];
  const escaped = typeof name === 'string' ? encodeURIComponent(name) : undefined;
  const headers = {
    'accept-ranges': 'bytes',
    'content-disposition': escaped === undefined ? 'attachment' : `attachment; filename*=UTF-8''${escaped}`,
    'x-ms-file-size': String(whole.length),
    ...(escaped === undefined ? {} : { 'x-ms-file-name': escaped }),
    ...(range === undefined
      ? {}
      : { 'content-range': `bytes ${range.from}-${range.to}/${whole.length}`, 'x-ms-chunk-size': String(BLOCK) }),
  };
  const status = range === undefined ? 200 : 206;
  if (raw) return { status, headers: { ...headers, 'content-type': 'application/octet-stream' }, body: part };
  const context = `${place.session.root}$metadata#${table.setName}(${String(row[table.key])})/${column.name}`;
  return { status, headers, body: { '@odata.context': context, value: part.toString('base64') } };
}

/** `bytes=0-1023`; what lies behind the end is left out. @throws {HttpError} 416 when nothing is left */
function readRange(header: string | undefined, size: number): { from: number; to: number } | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = Math.min(match[2] === '' ? size - 1 : Number(match[2]), size - 1);
  if (from > to)
    throw new HttpError(416, `The file has ${size} bytes.`, '0x80048d19', { 'content-range': `bytes */${size}` });
  return { from, to };
}

export function isUpload({ request }: Ask): boolean {
  return /^application\/octet-stream\b/i.test(request.headers['content-type'] ?? '');
}

/** What a file that is sent as it is changes in its row. @throws {HttpError} 400 */
export function upload(ask: Ask, table: Table, column: Column): Map<string, Stored> {
  if (column.kind !== 'bytes') throw badRequest(`${column.name} holds no file.`, '0x80048d19');
  const body = ask.request.body ?? Buffer.alloc(0);
  if (body.length === 0) throw badRequest(`The file for ${column.name} is empty.`, '0x80048d19');
  const range = ask.request.headers['content-range'];
  if (range !== undefined && range.trim() !== `bytes 0-${body.length - 1}/${body.length}`)
    throw badRequest('A file that comes in chunks is announced first, with x-ms-transfer-mode: chunked.', '0x80048d19');
  return fileValues(table, column, body, givenName(ask));
}

/** Documented: the header counts before the query; it is escaped, because a header holds no other characters. */
export function givenName({ request, options }: Ask): string | undefined {
  const header = request.headers['x-ms-file-name'];
  return header === undefined ? options.get('x-ms-file-name') : unescape(header);
}

/** What a file and its name change in their row. @throws {HttpError} 400 */
export function fileValues(table: Table, column: Column, body: Buffer, name: string | undefined): Map<string, Stored> {
  const values = new Map<string, Stored>([[column.name, body]]);
  const beside = nameColumn(table, column);
  if (beside === undefined) return values;
  // A file column has no file without a name.
  if (name === undefined || name === '')
    throw badRequest('The name of the file is missing: send it as x-ms-file-name.', '0x80048d19');
  if (name.length > (beside.length ?? name.length))
    throw badRequest(`The name of the file is longer than ${beside.length} characters.`, '0x80044331');
  return values.set(beside.name, name);
}
