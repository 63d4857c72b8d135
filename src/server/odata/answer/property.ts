import { badRequest, shown } from '../bad-request.ts';
import { notFound, type Segment } from '../parse/address.ts';
import { readJson, type ApiResponse } from '../message.ts';
import type { Column, Table } from '../metadata.ts';
import { findColumn, unknownColumn } from '../read/scope.ts';
import type { Row, WriteSession } from '../session.ts';
import { changeRow } from '../write/change-row.ts';
import { asObject } from '../write/payload.ts';
import { doesNotExist, requireRow, updateRow } from '../write/write.ts';
import { allow, ok, type Ask } from './ask.ts';
import { announce, isAnnouncement, putChunk } from './chunks.ts';
import { download, fileColumns, isUpload, upload } from './file.ts';
import { readByKey } from './read-row.ts';
import { demandVersion } from './write-row.ts';

/** `contacts(..)/telephone1`, its raw `$value`, and files as they are. */
export async function answerProperty(
  ask: Ask,
  table: Table,
  id: string,
  name: string,
  rest: Segment[],
): Promise<ApiResponse> {
  const column = findColumn(table, name);
  if (column === undefined) throw unknownColumn(table, name);
  const raw = rest.length === 1 && rest[0]?.name === '$value';
  if (rest.length > (raw ? 1 : 0)) throw notFound(rest[0]?.name ?? '');
  if (raw) return allow(ask, { GET: () => readRaw(ask, table, id, name, column) });
  const ranged = column.kind === 'bytes' && ask.request.headers['range'] !== undefined;
  const put = () =>
    isUpload(ask) || isAnnouncement(ask) ? putFile(ask, table, id, column) : putValue(ask, table, id, column);
  return allow(ask, {
    GET: () => (ranged ? readFile(ask, table, id, column, false) : readValue(ask, table, id, name)),
    PUT: put,
    ...(column.kind === 'bytes' ? { PATCH: put } : {}),
    DELETE: () =>
      change(ask, table, id, (session, before) => changeRow(session, table, before, { [column.name]: null })),
  });
}

async function readColumns(ask: Ask, table: Table, id: string, select: string[]): Promise<Row> {
  const row = await readByKey({ ...ask, query: { ...ask.query, select, expand: [] } }, table, id);
  if (row === undefined) throw doesNotExist(table, id);
  return row;
}

async function readValue(ask: Ask, table: Table, id: string, name: string): Promise<ApiResponse> {
  const value = (await readColumns(ask, table, id, [name]))[name] ?? null;
  if (value === null) return { status: 204, headers: {} };
  return ok({ '@odata.context': `${ask.place.session.root}$metadata#${table.setName}(${id})/${name}`, value });
}

async function readRaw(ask: Ask, table: Table, id: string, name: string, column: Column): Promise<ApiResponse> {
  if (column.kind === 'bytes') return readFile(ask, table, id, column, true);
  const value = (await readColumns(ask, table, id, [name]))[name] ?? null;
  if (value === null) return { status: 204, headers: {} };
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

async function readFile(ask: Ask, table: Table, id: string, column: Column, raw: boolean): Promise<ApiResponse> {
  const row = await readColumns(ask, table, id, fileColumns(table, column));
  return row[column.name] == null ? { status: 204, headers: {} } : download(ask, table, column, row, raw);
}

function putValue(ask: Ask, table: Table, id: string, column: Column): Promise<ApiResponse> {
  const value = valueOf(asObject(readJson(ask.request)), column);
  return change(ask, table, id, (session, before) => changeRow(session, table, before, { [column.name]: value }));
}

/** `{ "value": ... }`: whoever forgets it would otherwise empty the column. @throws {HttpError} 400 */
function valueOf({ value, ...others }: Record<string, unknown>, column: Column): unknown {
  const strange = Object.keys(others).find((name) => !name.startsWith('@'));
  if (strange !== undefined)
    throw badRequest(`The value of ${column.name} is sent as "value", not as "${shown(strange)}".`, '0x80048d19');
  if (value === undefined)
    throw badRequest(`The value of ${column.name} is missing: send it as "value".`, '0x80048d19');
  return value;
}

async function putFile(ask: Ask, table: Table, id: string, column: Column): Promise<ApiResponse> {
  const place = { table, column, id };
  if (isAnnouncement(ask)) return announce(ask, place);
  const token = ask.options.get('sessiontoken');
  if (token !== undefined) return putChunk(ask, place, token);
  const values = upload(ask, table, column);
  return change(ask, table, id, (session, before) => updateRow(session, table, before, values));
}

function change(
  ask: Ask,
  table: Table,
  id: string,
  write: (session: WriteSession, before: Row) => Promise<number>,
): Promise<ApiResponse> {
  return ask.place.transaction(async (session) => {
    const before = await requireRow(session, table, id);
    demandVersion(ask.request.headers['if-match'], before);
    await write(session, before);
    return { status: 204, headers: {} };
  });
}
