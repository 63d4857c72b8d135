import { sql } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import { identifier } from '../identifier.ts';
import { tableOf, type CollectionNavigation, type SingleNavigation, type Table } from '../metadata.ts';
import { isPolymorphic } from '../read/scope.ts';
import type { Row, WriteSession } from '../session.ts';
import { fromJson, isGuid, type Stored } from '../values.ts';
import { deleteWhere, insertRow, requireRow, updateRow } from './write.ts';

/** A JSON body sorted into what it is for. */
export interface Payload {
  values: Map<string, Stored>;
  /** New rows on the other end of a lookup, stored before the row itself. */
  before: { navigation: SingleNavigation; body: object }[];
  /** New rows that point here, stored after it. */
  after: { navigation: CollectionNavigation; bodies: object[] }[];
}

const DEPTH = 5;
const CHILDREN = 1_000;

export function asObject(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('The body must be one JSON object.', '0x80048d19');
  return body as Record<string, unknown>;
}

/** @throws {HttpError} 400 naming the property that the table does not have or that has a value of the wrong kind */
export async function readPayload(session: WriteSession, table: Table, body: unknown): Promise<Payload> {
  const payload: Payload = { values: new Map(), before: [], after: [] };
  for (const [name, value] of Object.entries(asObject(body))) {
    if (name.endsWith('@odata.bind'))
      await bind(session, table, name.slice(0, -'@odata.bind'.length), value, payload.values);
    else if (!name.includes('@')) readProperty(table, name, value, payload);
  }
  return payload;
}

function readProperty(table: Table, name: string, value: unknown, payload: Payload): void {
  const single = table.single.get(name);
  const collection = table.collections.get(name);
  const column = table.columns.get(name);
  if (collection !== undefined) payload.after.push({ navigation: collection, bodies: readBodies(name, value) });
  else if (single !== undefined && typeof value === 'object' && value !== null)
    payload.before.push({ navigation: single, body: value });
  else if (single !== undefined && value === null) clearLookup(table, single, payload.values);
  else if (column === undefined) throw invalidProperty(table, name);
  else if (column.readOnly !== true) payload.values.set(column.name, fromJson(column, value));
}

function readBodies(name: string, value: unknown): object[] {
  if (!Array.isArray(value) || value.length > CHILDREN)
    throw badRequest(`${name} must be a list of at most ${CHILDREN} rows.`, '0x80048d19');
  return value.map(asObject);
}

function invalidProperty(table: Table, name: string) {
  return badRequest(
    `Invalid property '${shown(name)}' was found in entity 'Microsoft.Dynamics.CRM.${table.name}'.`,
    '0x80048d19',
  );
}

function clearLookup(table: Table, { column }: SingleNavigation, values: Map<string, Stored>): void {
  values.set(column, null);
  if (isPolymorphic(table, column)) values.set(`${column}_type`, null);
}

/** `"parentcustomerid_account@odata.bind": "/accounts(...)"`; the row must be there and be visible. */
async function bind(
  session: WriteSession,
  table: Table,
  name: string,
  value: unknown,
  values: Map<string, Stored>,
): Promise<void> {
  const named = table.single.get(name);
  const column = named === undefined ? table.columns.get(name) : table.columns.get(named.column);
  if (column?.kind !== 'lookup') throw invalidProperty(table, name);
  if (value === null) {
    values.set(column.name, null);
    if (isPolymorphic(table, column.name)) values.set(`${column.name}_type`, null);
    return;
  }
  const { table: target, id } = readReference(session, value);
  // The owner has one navigation for users and teams alike.
  const fits =
    name === 'ownerid' || named === undefined ? column.targets?.includes(target.name) : named.target === target.name;
  if (fits !== true)
    throw badRequest(`The lookup ${shown(name)} cannot point to a row of ${target.name}.`, '0x80048d19');
  if (column.readOnly === true) return;
  await requireRow(session, target, id);
  values.set(column.name, id);
  if (isPolymorphic(table, column.name)) values.set(`${column.name}_type`, target.name);
}

/** `/accounts(guid)`, `accounts(guid)` or the absolute address. */
export function readReference(
  { model, root }: Pick<WriteSession, 'model' | 'root'>,
  value: unknown,
): { table: Table; id: string } {
  const text = typeof value === 'string' ? value : '';
  const relative = text.startsWith(root)
    ? text.slice(root.length)
    : text.replace(/^https?:\/\/[^/]+\/api\/data\/v[\d.]+\//, '').replace(/^\//, '');
  const match = /^(\w+)\((?:\w+=)?([0-9a-fA-F-]{36})\)$/.exec(relative);
  const table = model.sets.get(match?.[1] ?? '');
  const id = match?.[2] ?? '';
  if (table === undefined || !isGuid(id))
    throw badRequest(`"${shown(text)}" is not the address of a row.`, '0x80048d19');
  return { table, id: id.toLowerCase() };
}

/** Creates the row with everything nested in it. @returns its id */
export async function createRow(
  session: WriteSession,
  table: Table,
  body: unknown,
  preset: ReadonlyMap<string, Stored> = new Map(),
  depth = 0,
): Promise<string> {
  if (depth > DEPTH) throw badRequest(`Rows are nested deeper than ${DEPTH} levels.`);
  if (table.readOnly) throw badRequest(`Rows of ${table.name} cannot be created.`, '0x80040800');
  const payload = await readPayload(session, table, body);
  for (const { navigation, body: nested } of payload.before) {
    const target = tableOf(session.model, navigation.target);
    payload.values.set(navigation.column, await createRow(session, target, nested, new Map(), depth + 1));
    if (isPolymorphic(table, navigation.column)) payload.values.set(`${navigation.column}_type`, target.name);
  }
  const created = payload.values.get('overriddencreatedon');
  payload.values.delete('overriddencreatedon');
  if (created != null) payload.values.set('createdon', created);
  for (const [name, value] of preset) payload.values.set(name, value);
  const id = await insertRow(session, table, payload.values);
  if (id === undefined) throw new Error(`A row of ${table.name} was not stored`);
  await createChildren(session, table, id, payload, depth);
  return id;
}

async function createChildren(
  session: WriteSession,
  table: Table,
  id: string,
  payload: Payload,
  depth: number,
): Promise<void> {
  for (const { navigation, bodies } of payload.after) {
    const target = tableOf(session.model, navigation.target);
    const preset = new Map<string, Stored>([[navigation.column, id]]);
    if (isPolymorphic(target, navigation.column)) preset.set(`${navigation.column}_type`, table.name);
    for (const body of bodies) await createRow(session, target, body, preset, depth + 1);
  }
}

/** Changes a stored row. A list of parties or attachments replaces what was there; other lists cannot be changed so. @returns the new version */
export async function changeRow(session: WriteSession, table: Table, before: Row, body: unknown): Promise<number> {
  if (table.readOnly) throw badRequest(`Rows of ${table.name} cannot be changed.`, '0x80040800');
  const payload = await readPayload(session, table, body);
  payload.values.delete(table.key);
  payload.values.delete('overriddencreatedon');
  if (payload.before.length > 0)
    throw badRequest('A lookup of an existing row is changed by @odata.bind, not by a nested row.', '0x80048d19');
  for (const { navigation } of payload.after) {
    if (navigation.owned !== true)
      throw badRequest(`${navigation.name} cannot be replaced in an update.`, '0x80048d19');
    session.rules.get(table.name)?.beforeReplace?.({ before, navigation: navigation.name });
  }
  const version = await updateRow(session, table, before, payload.values);
  const id = String(before[table.key]);
  for (const { navigation } of payload.after) {
    await deleteWhere(
      session,
      tableOf(session.model, navigation.target),
      sql`${identifier(navigation.column)} = ${id}`,
    );
  }
  await createChildren(session, table, id, payload, 0);
  return version;
}
