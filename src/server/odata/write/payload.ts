import { badRequest, shown } from '../bad-request.ts';
import type { SingleNavigation, Table } from '../metadata.ts';
import { findCollection, type Collection } from '../read/collection.ts';
import { isPolymorphic } from '../read/scope.ts';
import type { WriteSession } from '../session.ts';
import { fromJson, type Stored } from '../values.ts';
import { resolveReference } from './reference.ts';
import { requireRow } from './write.ts';

/** A JSON body sorted into what it is for. */
export interface Payload {
  values: Map<string, Stored>;
  /** New rows on the other end of a lookup, stored before the row itself. */
  before: { navigation: SingleNavigation; body: object }[];
  /** New rows of a collection, stored after it. */
  after: { collection: Collection; bodies: object[] }[];
  /** Stored rows that join a collection, by their addresses. */
  links: { collection: Collection; references: unknown[] }[];
}

const CHILDREN = 1_000;
const BIND = '@odata.bind';
/** Annotations say something about the data; only terms that OData itself defines can be wrong. */
const ANNOTATION =
  /@(?:odata\.(?:type|id|etag|context|count|nextLink|editLink|readLink|navigationLink|associationLink|media\w+)|(?!odata\.)\w+(?:\.\w+)+)$/;

export function asObject(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('The body must be one JSON object.', '0x80048d19');
  return body as Record<string, unknown>;
}

/** @throws {HttpError} 400 naming the property that the table does not have or that has a value of the wrong kind */
export async function readPayload(session: WriteSession, table: Table, body: unknown): Promise<Payload> {
  const payload: Payload = { values: new Map(), before: [], after: [], links: [] };
  for (const [name, value] of Object.entries(asObject(body))) {
    if (name.endsWith(BIND)) await readBind(session, table, name.slice(0, -BIND.length), value, payload);
    else if (!name.includes('@')) readProperty(table, name, value, payload);
    else if (!ANNOTATION.test(name)) throw badRequest(`The annotation '${shown(name)}' is not known.`, '0x80048d19');
  }
  return payload;
}

function readProperty(table: Table, name: string, value: unknown, payload: Payload): void {
  const collection = findCollection(table, name);
  if (collection !== undefined) {
    payload.after.push({ collection, bodies: readList(name, value).map(asObject) });
    return;
  }
  const single = table.single.get(name);
  const column = table.columns.get(single?.column ?? name);
  if (column === undefined) throw invalidProperty(table, name);
  if (column.readOnly === true) return;
  if (single !== undefined && typeof value === 'object') {
    if (value === null) clearLookup(table, single.column, payload.values);
    else payload.before.push({ navigation: single, body: value });
  } else if (column.kind === 'lookup' && value === null) clearLookup(table, column.name, payload.values);
  else payload.values.set(column.name, fromJson(column, value));
}

function readList(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value) || value.length > CHILDREN)
    throw badRequest(`${shown(name)} must be a list of at most ${CHILDREN} rows.`, '0x80048d19');
  return value;
}

function invalidProperty(table: Table, name: string) {
  return badRequest(
    `Invalid property '${shown(name)}' was found in entity 'Microsoft.Dynamics.CRM.${table.name}'.`,
    '0x80048d19',
  );
}

/** Of several navigations of one lookup, the one that leads somewhere counts, wherever it stands in the body. */
function clearLookup(table: Table, column: string, values: Map<string, Stored>): void {
  if (values.has(column)) return;
  values.set(column, null);
  if (isPolymorphic(table, column)) values.set(`${column}_type`, null);
}

/** `"parentcustomerid_account@odata.bind": "/accounts(...)"`; the row must be there and be visible. */
async function readBind(
  session: WriteSession,
  table: Table,
  name: string,
  value: unknown,
  payload: Payload,
): Promise<void> {
  const collection = findCollection(table, name);
  if (collection !== undefined) {
    payload.links.push({ collection, references: readList(`${name}${BIND}`, value) });
    return;
  }
  const named = table.single.get(name);
  const column = table.columns.get(named?.column ?? name);
  if (column?.kind !== 'lookup') throw invalidProperty(table, name);
  if (value === null) {
    if (column.readOnly !== true) clearLookup(table, column.name, payload.values);
    return;
  }
  const { table: target, id } = await resolveReference(session, value);
  // The owner has one navigation for users and teams alike.
  const fits =
    name === 'ownerid' || named === undefined ? column.targets?.includes(target.name) : named.target === target.name;
  if (fits !== true)
    throw badRequest(`The lookup ${shown(name)} cannot point to a row of ${target.name}.`, '0x80048d19');
  if (column.readOnly === true) return;
  await requireRow(session, target, id);
  payload.values.set(column.name, id);
  if (isPolymorphic(table, column.name)) payload.values.set(`${column.name}_type`, target.name);
}
