import { HttpError } from '../../http/errors.ts';
import { readJson, type ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { etagOf } from '../read/present.ts';
import type { Row } from '../session.ts';
import type { Stored } from '../values.ts';
import { asObject, changeRow, createRow } from '../write/payload.ts';
import { deleteRow, doesNotExist, findRow, requireRow, versionMismatch } from '../write/write.ts';
import { inside, type Ask } from './ask.ts';
import { readByKey } from './read-row.ts';

export async function create(ask: Ask, table: Table): Promise<ApiResponse> {
  const body = readJson(ask.request);
  return ask.place.transaction(async (session) => {
    const id = await createRow(session, table, body);
    return written(inside(ask, session), table, id, 201);
  });
}

/** 204 with the row's address, or the row itself if the client wants to see it. */
async function written(ask: Ask, table: Table, id: string, statusWithBody: number): Promise<ApiResponse> {
  const address = `${ask.place.session.root}${table.setName}(${id})`;
  const headers: Record<string, string> = { 'odata-entityid': address };
  if (statusWithBody === 201) headers['location'] = address;
  if (!ask.prefer.representation) return { status: 204, headers };
  const row = await readByKey(ask, table, id);
  return row === undefined
    ? { status: 204, headers }
    : { status: statusWithBody, headers: { ...headers, etag: String(row['@odata.etag']) }, body: row };
}

/** PATCH: changes the row, or creates it under this id unless the client forbids that with If-Match. */
export async function update(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
  const body = asObject(readJson(ask.request));
  const { headers } = ask.request;
  return ask.place.transaction(async (session) => {
    const within = inside(ask, session);
    const before = await findRow(session, table, id);
    if (before === undefined) {
      if (headers['if-match'] !== undefined) throw doesNotExist(table, id);
      await createRow(session, table, body, new Map<string, Stored>([[table.key, id]]));
      return written(within, table, id, 201);
    }
    if (headers['if-none-match'] === '*')
      throw new HttpError(412, 'A record with matching key values already exists.', '0x80040237');
    demandVersion(headers['if-match'], before);
    const version = await changeRow(session, table, before, body);
    const answered = await written(within, table, id, 200);
    return { ...answered, headers: { ...answered.headers, etag: etagOf({ versionnumber: version }) } };
  });
}

export function demandVersion(ifMatch: string | undefined, row: Row): void {
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === etagOf(row)))
    throw versionMismatch();
}

export async function remove(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
  if (table.readOnly || !(table.owned || ['activityparty', 'activitymimeattachment', 'team'].includes(table.name))) {
    throw new HttpError(405, `Rows of ${table.name} cannot be deleted.`, '0x80040800');
  }
  return ask.place.transaction(async (session) => {
    const row = await requireRow(session, table, id);
    demandVersion(ask.request.headers['if-match'], row);
    await deleteRow(session, table, id);
    return { status: 204, headers: {} };
  });
}
