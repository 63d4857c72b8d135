import type { ApiResponse } from '../message.ts';
import type { Column, Table } from '../metadata.ts';
import { badRequest } from '../bad-request.ts';
import { unescape } from '../parse/query.ts';
import type { Row } from '../session.ts';
import type { Stored } from '../values.ts';
import type { Ask } from './ask.ts';

/** Where the name of a file is kept: beside a file column, or as part of a note or attachment. */
function nameColumn(table: Table, column: Column): Column | undefined {
  return table.columns.get(`${column.name}_name`) ?? table.columns.get('filename');
}

/** Notes and attachments are older than file columns: what they hold is base64 text wherever it is read. */
function isText(table: Table): boolean {
  return table.columns.has('mimetype');
}

/** The columns to read for a download. */
export function fileColumns(table: Table, column: Column): string[] {
  const name = nameColumn(table, column);
  return name === undefined ? [column.name] : [column.name, name.name];
}

/** `GET .../entityimage/$value`. @param row as it is presented, with the file in base64 */
export function download(table: Table, column: Column, row: Row): ApiResponse {
  const base64 = String(row[column.name]);
  if (isText(table)) return { status: 200, headers: { 'content-type': 'text/plain' }, body: base64 };
  const body = Buffer.from(base64, 'base64');
  const name = row[nameColumn(table, column)?.name ?? ''];
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'x-ms-file-size': String(body.length),
      ...(typeof name === 'string' ? { 'x-ms-file-name': encodeURIComponent(name) } : {}),
    },
    body,
  };
}

export function isUpload({ request }: Ask): boolean {
  return /^application\/octet-stream\b/i.test(request.headers['content-type'] ?? '');
}

/** What a file that is sent as it is changes in its row. @throws {HttpError} 400 */
export function upload({ request, options }: Ask, table: Table, column: Column): Map<string, Stored> {
  if (column.kind !== 'bytes') throw badRequest(`${column.name} holds no file.`, '0x80048d19');
  const body = request.body ?? Buffer.alloc(0);
  if (body.length === 0) throw badRequest(`The file for ${column.name} is empty.`, '0x80048d19');
  const values = new Map<string, Stored>([[column.name, body]]);
  const header = request.headers['x-ms-file-name'];
  const name = options.get('x-ms-file-name') ?? (header === undefined ? undefined : unescape(header));
  const beside = nameColumn(table, column);
  if (beside === undefined) return values;
  // A file column has no file without a name.
  if (name === undefined || name === '')
    throw badRequest('The name of the file is missing: send it as x-ms-file-name.', '0x80048d19');
  if (name.length > (beside.length ?? name.length))
    throw badRequest(`The name of the file is longer than ${beside.length} characters.`, '0x80044331');
  return values.set(beside.name, name);
}
