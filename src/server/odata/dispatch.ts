import { sql, type RawBuilder } from 'kysely';
import { HttpError } from '../http/errors.ts';
import { notFound, readAddress, type Address, type Segment } from './parse/address.ts';
import { badRequest, shown } from './bad-request.ts';
import { at } from './identifier.ts';
import { readJson, type ApiRequest, type ApiResponse } from './message.ts';
import { tableOf, type Table } from './metadata.ts';
import { demandMethod, findOperation, functionParameters, type Call, type Operation } from './operations.ts';
import { asObject, changeRow, createRow, readReference } from './write/payload.ts';
import { readPrefer, type Preferences } from './parse/prefer.ts';
import { countRows, LARGEST_PAGE, prepareRead } from './read/prepare.ts';
import { etagOf } from './read/present.ts';
import { parseQuery, splitOptions, type Query } from './parse/query.ts';
import { readPage } from './read/read.ts';
import { belongsTo, findColumn, isPolymorphic, unknownColumn, type Scope } from './read/scope.ts';
import type { Row, Session, WriteSession } from './session.ts';
import { fromJson, type Stored } from './values.ts';
import { deleteRow, doesNotExist, findRow, requireRow, updateRow, versionMismatch } from './write/write.ts';

/** Where a request runs: alone, or inside the transaction of a change set. */
export interface Place {
  session: Session;
  transaction: Call['transaction'];
  operations: readonly Operation[];
  /** Longest $filter: shorter in an address than in a batch. */
  filterLength: number;
}

interface Ask {
  place: Place;
  request: ApiRequest;
  options: ReadonlyMap<string, string>;
  query: Query;
  prefer: Preferences;
}

/** Answers one request. @throws {HttpError} for everything that is not a success */
export async function dispatch(place: Place, request: ApiRequest): Promise<ApiResponse> {
  const address = readAddress(place.session.model, request.path);
  const options = splitOptions(request.search);
  const query = parseQuery(options, { length: place.filterLength });
  const prefer = readPrefer(request.headers['prefer']);
  const response = await answer({ place, request, options, query, prefer }, address);
  if (prefer.applied.length > 0) response.headers['preference-applied'] = prefer.applied.join(', ');
  return response;
}

async function answer(ask: Ask, address: Address): Promise<ApiResponse> {
  switch (address.kind) {
    case 'document':
      return allow(ask, { GET: async () => serviceDocument(ask.place.session) });
    case 'batch':
      throw badRequest('A batch cannot be inside another batch.');
    case 'operation':
      return callOperation(ask, { name: address.name, inside: address.inside }, undefined, '');
    case 'set':
      return answerSet(ask, address.table, address.rest);
    case 'row':
      return answerRow(ask, address.table, address.id, address.rest);
  }
}

function allow({ request }: Ask, methods: Record<string, () => Promise<ApiResponse>>): Promise<ApiResponse> {
  const run = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (run !== undefined) return run();
  const allowed = Object.keys(methods).join(', ');
  throw new HttpError(405, `${shown(request.method)} is not possible at this address; ${allowed} is.`, '0x80060888', {
    allow: allowed,
  });
}

function serviceDocument({ model, root }: Session): ApiResponse {
  const value = [...model.sets.keys()].map((name) => ({ name, kind: 'EntitySet', url: name }));
  return ok({ '@odata.context': `${root}$metadata`, value });
}

function ok(body: object | string): ApiResponse {
  return { status: 200, headers: {}, body };
}

function answerSet(ask: Ask, table: Table, [next, ...rest]: Segment[]): Promise<ApiResponse> {
  if (next === undefined)
    return allow(ask, { GET: () => list(ask, table, table.setName), POST: () => create(ask, table) });
  if (next.name === '$count' && rest.length === 0) return allow(ask, { GET: () => count(ask, table) });
  throw notFound(next.name);
}

function answerRow(ask: Ask, table: Table, id: string, [next, ...rest]: Segment[]): Promise<ApiResponse> {
  if (next === undefined) {
    return allow(ask, {
      GET: () => readOne(ask, table, id),
      PATCH: () => update(ask, table, id),
      DELETE: () => remove(ask, table, id),
    });
  }
  if (next.name.includes('.')) return callOperation(ask, next, table, id);
  if (table.collections.has(next.name)) return answerCollection(ask, table, id, next.name, rest);
  if (table.single.has(next.name)) return answerLookup(ask, table, id, next.name, rest);
  return answerProperty(ask, table, id, next.name, rest);
}

async function list(
  ask: Ask,
  table: Table,
  context: string,
  among?: (scope: Scope) => RawBuilder<boolean>,
): Promise<ApiResponse> {
  const { place, request, options, query, prefer } = ask;
  const { session } = place;
  const pageSize = prefer.maxPageSize ?? (query.top === undefined ? LARGEST_PAGE : undefined);
  const skipToken = options.get('$skiptoken');
  const page = await readPage({
    session,
    table,
    query,
    parameters: options,
    annotations: prefer.annotations,
    pageSize,
    skipToken,
    among,
  });
  const shape = query.select === undefined ? '' : `(${query.select.join(',')})`;
  const body: Row = { '@odata.context': `${session.root}$metadata#${context}${shape}` };
  if (page.count !== undefined) body['@odata.count'] = page.count;
  if (prefer.annotations('Microsoft.Dynamics.CRM.totalrecordcount')) {
    body['@Microsoft.Dynamics.CRM.totalrecordcount'] = page.count ?? -1;
    body['@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded'] = page.count === LARGEST_PAGE;
  }
  body['value'] = page.rows;
  if (page.cookie !== undefined)
    body['@odata.nextLink'] = `${session.root}${request.path}?${nextSearch(request.search, page.cookie)}`;
  return ok(body);
}

function nextSearch(search: string, cookie: string): string {
  const kept = search.split('&').filter((pair) => pair !== '' && !/^(?:\$|%24)skiptoken=/i.test(pair));
  return [...kept, `$skiptoken=${cookie}`].join('&');
}

async function count(ask: Ask, table: Table): Promise<ApiResponse> {
  const { place, query, options, prefer } = ask;
  const rows = await countRows(
    prepareRead({ session: place.session, table, query, parameters: options, annotations: prefer.annotations }),
  );
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(rows) };
}

async function readOne(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
  const { request, query, prefer } = ask;
  const row = await readByKey(ask, table, id);
  if (row === undefined) throw doesNotExist(table, id);
  const etag = String(row['@odata.etag']);
  if (request.headers['if-none-match'] === etag && query.expand.length === 0 && !prefer.annotated) {
    return { status: 304, headers: { etag } };
  }
  return { ...ok(row), headers: { etag } };
}

async function readByKey({ place, query, options, prefer }: Ask, table: Table, id: string): Promise<Row | undefined> {
  const { session } = place;
  if (query.filter !== undefined || query.order.length > 0 || query.top !== undefined) {
    throw badRequest('$filter, $orderby and $top have no meaning for a single row.');
  }
  const among = (scope: Scope) => sql<boolean>`${at(scope.alias, table.key)} = ${id}`;
  const page = await readPage({
    session,
    table,
    query,
    parameters: options,
    annotations: prefer.annotations,
    among,
    heavy: true,
    pageSize: 1,
  });
  const shape = query.select === undefined ? '' : `(${query.select.join(',')})`;
  const row = page.rows[0];
  return row === undefined
    ? undefined
    : { '@odata.context': `${session.root}$metadata#${table.setName}${shape}/$entity`, ...row };
}

async function create(ask: Ask, table: Table): Promise<ApiResponse> {
  const body = readJson(ask.request);
  return ask.place.transaction(async (session) => {
    const id = await createRow(session, table, body);
    return written({ ...ask, place: { ...ask.place, session } }, table, id, 201);
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
async function update(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
  const body = asObject(readJson(ask.request));
  const { headers } = ask.request;
  return ask.place.transaction(async (session) => {
    const inside = { ...ask, place: { ...ask.place, session } };
    const before = await findRow(session, table, id);
    if (before === undefined) {
      if (headers['if-match'] !== undefined) throw doesNotExist(table, id);
      await createRow(session, table, body, new Map<string, Stored>([[table.key, id]]));
      return written(inside, table, id, 201);
    }
    if (headers['if-none-match'] === '*')
      throw new HttpError(412, 'A record with matching key values already exists.', '0x80040237');
    demandVersion(headers['if-match'], before);
    const version = await changeRow(session, table, before, body);
    const answered = await written(inside, table, id, 200);
    return { ...answered, headers: { ...answered.headers, etag: etagOf({ versionnumber: version }) } };
  });
}

function demandVersion(ifMatch: string | undefined, row: Row): void {
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === etagOf(row)))
    throw versionMismatch();
}

async function remove(ask: Ask, table: Table, id: string): Promise<ApiResponse> {
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

async function answerProperty(ask: Ask, table: Table, id: string, name: string, rest: Segment[]): Promise<ApiResponse> {
  const column = findColumn(table, name);
  if (column === undefined) throw unknownColumn(table, name);
  const raw = rest.length === 1 && rest[0]?.name === '$value';
  if (rest.length > (raw ? 1 : 0)) throw notFound(rest[0]?.name ?? '');
  const read = async (): Promise<ApiResponse> => {
    const query = { ...ask.query, select: [name], expand: [] };
    const row = await readByKey({ ...ask, query }, table, id);
    if (row === undefined) throw doesNotExist(table, id);
    const value = row[name] ?? null;
    if (value === null) return { status: 204, headers: {} };
    if (raw)
      return {
        status: 200,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: typeof value === 'string' ? value : JSON.stringify(value),
      };
    return ok({ '@odata.context': `${ask.place.session.root}$metadata#${table.setName}(${id})/${name}`, value });
  };
  const write = (value: () => unknown) => async () => {
    const stored = fromJson(column, value());
    return ask.place.transaction(async (session): Promise<ApiResponse> => {
      const before = await requireRow(session, table, id);
      demandVersion(ask.request.headers['if-match'], before);
      if (column.readOnly !== true && column.name !== table.key)
        await updateRow(session, table, before, new Map([[column.name, stored]]));
      return { status: 204, headers: {} };
    });
  };
  return allow(ask, {
    GET: read,
    PUT: write(() => asObject(readJson(ask.request))['value']),
    DELETE: write(() => null),
  });
}

async function answerCollection(
  ask: Ask,
  table: Table,
  id: string,
  name: string,
  rest: Segment[],
): Promise<ApiResponse> {
  const navigation = table.collections.get(name);
  if (navigation === undefined) throw notFound(name);
  const { session } = ask.place;
  const target = tableOf(session.model, navigation.target);
  const among = (scope: Scope) => {
    const typed = belongsTo(table, scope, navigation);
    const own = sql<boolean>`${at(scope.alias, navigation.column)} = ${id}`;
    return typed === undefined ? own : sql<boolean>`(${own} and ${typed})`;
  };
  if (rest.length > 0) throw notFound(rest[0]?.name ?? '');
  return allow(ask, {
    GET: async () => {
      await requireRow(session, table, id);
      return list(ask, target, target.setName, among);
    },
  });
}

async function answerLookup(ask: Ask, table: Table, id: string, name: string, rest: Segment[]): Promise<ApiResponse> {
  const navigation = table.single.get(name);
  if (navigation === undefined) throw notFound(name);
  const target = tableOf(ask.place.session.model, navigation.target);
  if (rest.length === 1 && rest[0]?.name === '$ref') return answerReference(ask, table, id, navigation.column);
  if (rest.length > 0) throw notFound(rest[0]?.name ?? '');
  return allow(ask, {
    GET: async () => {
      const row = await requireRow(ask.place.session, table, id);
      const typed = isPolymorphic(table, navigation.column) && row[`${navigation.column}_type`] !== target.name;
      const to = typed ? null : row[navigation.column];
      return typeof to === 'string' ? readOne(ask, target, to) : { status: 204, headers: {} };
    },
  });
}

/** `PUT contacts(..)/parentcustomerid_account/$ref`: a lookup as a link. */
function answerReference(ask: Ask, table: Table, id: string, column: string): Promise<ApiResponse> {
  const set = (to: (session: WriteSession) => Promise<{ table: Table; id: string } | undefined>) => () =>
    ask.place.transaction(async (session): Promise<ApiResponse> => {
      const before = await requireRow(session, table, id);
      const target = await to(session);
      if (target !== undefined && table.columns.get(column)?.targets?.includes(target.table.name) !== true) {
        throw badRequest(`${column} cannot point to a row of ${target.table.name}.`);
      }
      const values = new Map<string, Stored>([[column, target?.id ?? null]]);
      if (isPolymorphic(table, column)) values.set(`${column}_type`, target?.table.name ?? null);
      if (table.columns.get(column)?.readOnly !== true) await updateRow(session, table, before, values);
      return { status: 204, headers: {} };
    });
  const named = async (session: WriteSession) => {
    const found = readReference(session, asObject(readJson(ask.request))['@odata.id']);
    await requireRow(session, found.table, found.id);
    return found;
  };
  return allow(ask, { PUT: set(named), DELETE: set(async () => undefined) });
}

async function callOperation(
  ask: Ask,
  { name, inside }: Segment,
  table: Table | undefined,
  id: string,
): Promise<ApiResponse> {
  const { place, request, options } = ask;
  const operation = findOperation(place.operations, name, table?.name);
  if (operation === undefined) throw notFound(name);
  demandMethod(operation, request.method);
  const hasBody = request.body !== undefined && request.body.length > 0;
  const body = operation.kind === 'action' && hasBody ? Object.entries(asObject(readJson(request))) : [];
  const parameters = operation.kind === 'function' ? functionParameters(inside, options) : new Map(body);
  return operation.run({ parameters, id, session: place.session, transaction: (work) => place.transaction(work) });
}
