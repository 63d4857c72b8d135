import { HttpError } from '../../http/errors.ts';
import { readJson, type ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { etagOf } from '../read/present.ts';
import type { RowKey } from '../parse/address.ts';
import type { Row, WriteSession } from '../session.ts';
import type { Stored } from '../values.ts';
import { findByKey, keyNotFound, keyText, propertiesOf, type AlternateRowKey } from '../write/alternate-key.ts';
import { changeRow } from '../write/change-row.ts';
import { createRow } from '../write/create-row.ts';
import { asObject } from '../write/payload.ts';
import { deleteRow } from '../write/delete-row.ts';
import { doesNotExist, isTaken, findRow, requireRow, versionMismatch } from '../write/write.ts';
import { inside, type Ask } from './ask.ts';
import { readByKey } from './read-row.ts';

export async function create(ask: Ask, table: Table): Promise<ApiResponse> {
  const body = readJson(ask.request);
  return createFrom(ask, table, (session) => createRow(session, table, body));
}

/** Stores a new row in one transaction and says where it is. */
export function createFrom(
  ask: Ask,
  table: Table,
  store: (session: WriteSession) => Promise<string>,
): Promise<ApiResponse> {
  return ask.place.transaction(async (session) => {
    const id = await store(session);
    await demandNoDuplicate(ask, session, table, id);
    const answered = await written(inside(ask, session), table, { kind: 'id', id }, id, 201);
    const location = answered.headers['odata-entityid'] ?? '';
    return { ...answered, headers: { ...answered.headers, location } };
  });
}

/** 204 with the row's address, or the row itself if the client wants to see it. */
async function written(ask: Ask, table: Table, key: RowKey, id: string, statusWithBody: number): Promise<ApiResponse> {
  const headers = { 'odata-entityid': `${ask.place.session.root}${table.setName}(${keyText(key)})` };
  if (!ask.prefer.representation) return { status: 204, headers };
  const row = await readByKey(ask, table, id);
  return row === undefined
    ? { status: 204, headers }
    : { status: statusWithBody, headers: { ...headers, etag: String(row['@odata.etag']) }, body: row };
}

/** PATCH: changes the row, or creates it under this key unless the client forbids that with If-Match. */
export async function update(ask: Ask, table: Table, key: RowKey): Promise<ApiResponse> {
  const body = asObject(readJson(ask.request));
  return ask.place.transaction(async (session) => {
    // What an update returns is the row alone, whatever was to be expanded.
    const within = inside({ ...ask, query: { ...ask.query, expand: [] } }, session);
    const id = key.kind === 'id' ? key.id : await findByKey(session, table, key);
    const before = id === undefined ? undefined : await findRow(session, table, id);
    return before === undefined
      ? createUnderKey(within, session, table, key, body)
      : changeUnderKey(within, session, table, key, body, before);
  });
}

async function createUnderKey(
  ask: Ask,
  session: WriteSession,
  table: Table,
  key: RowKey,
  body: Record<string, unknown>,
): Promise<ApiResponse> {
  if (ask.request.headers['if-match'] !== undefined)
    throw key.kind === 'id' ? doesNotExist(table, key.id) : keyNotFound(table, key);
  // A row that the caller cannot see is not there, for a change as little as for reading.
  if (key.kind === 'id' && (await isTaken(session, table, key.id))) await requireRow(session, table, key.id);
  const preset = key.kind === 'id' ? new Map([[table.key, key.id]]) : keyDefaults(table, key, body);
  const id = await createRow(session, table, body, preset);
  await demandNoDuplicate(ask, session, table, id);
  return written(ask, table, key, id, 201);
}

/** Key columns that the body sets differently are created so; the original's own rule, however odd it is. */
function keyDefaults(table: Table, { values }: AlternateRowKey, body: object): Map<string, Stored> {
  const given = [...values].filter(
    ([column]) => !propertiesOf(table, column).some((property) => Object.hasOwn(body, property)),
  );
  return new Map(given);
}

async function changeUnderKey(
  ask: Ask,
  session: WriteSession,
  table: Table,
  key: RowKey,
  body: Record<string, unknown>,
  before: Row,
): Promise<ApiResponse> {
  const { headers } = ask.request;
  if (headers['if-none-match'] === '*')
    throw new HttpError(412, 'A record with matching key values already exists.', '0x80040237');
  demandVersion(headers['if-match'], before);
  // By the columns that name the row it cannot be given another name.
  const named = key.kind === 'id' ? [] : key.key.columns.flatMap((column) => propertiesOf(table, column));
  const changes = Object.fromEntries(Object.entries(body).filter(([name]) => !named.includes(name)));
  const version = await changeRow(session, table, before, changes);
  const id = String(before[table.key]);
  await demandNoDuplicate(ask, session, table, id);
  const answered = await written(ask, table, key, id, 200);
  return { ...answered, headers: { ...answered.headers, etag: etagOf({ versionnumber: version }) } };
}

/** Rows that a duplicate rule takes for the same stop a write only when the client asks for that. */
async function demandNoDuplicate({ place, request }: Ask, session: WriteSession, table: Table, id: string) {
  if (request.headers['mscrm.suppressduplicatedetection']?.toLowerCase() !== 'false') return;
  if ((await place.hasDuplicates?.(session, table, id)) !== true) return;
  throw new HttpError(
    412,
    'A record was not created or updated because a duplicate of the current record already exists.',
    '0x80040333',
  );
}

export function demandVersion(ifMatch: string | undefined, row: Row): void {
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === etagOf(row)))
    throw versionMismatch();
}

/** Users are disabled, never deleted; an organisation goes with its database. */
const KEPT = new Set(['systemuser', 'usersettings', 'organization']);

export async function remove(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
  if (table.readOnly || KEPT.has(table.name)) {
    throw new HttpError(405, `Rows of ${table.name} cannot be deleted.`, '0x80040800');
  }
  return ask.place.transaction(async (session) => {
    const row = await requireRow(session, table, id);
    demandVersion(ask.request.headers['if-match'], row);
    await deleteRow(session, table, id);
    return { status: 204, headers: {} };
  });
}
