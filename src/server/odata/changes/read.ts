import { sql, type RawBuilder } from 'kysely';
import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import { at, identifier } from '../identifier.ts';
import type { Table } from '../metadata.ts';
import type { Query } from '../parse/query.ts';
import { LARGEST_PAGE } from '../read/prepare.ts';
import type { Annotations } from '../read/present.ts';
import { readPage } from '../read/read.ts';
import type { Scope } from '../read/scope.ts';
import type { Row, Session } from '../session.ts';
import { countDeletions, readDeletions, type Deletion } from './deletions.ts';
import type { DeltaToken, TrackingCookie } from './token.ts';
import { readMoment } from './version.ts';

export interface ChangesRequest {
  session: Session;
  table: Table;
  query: Query;
  annotations: Annotations;
  pageSize: number | undefined;
  /** From where; `undefined`: all rows there are. */
  since: DeltaToken | undefined;
  cookie: TrackingCookie | undefined;
}

export interface Changes {
  /** New and updated ones, in the order of their versions. */
  rows: Row[];
  deleted: Deletion[];
  /** For the next page; absent on the last, which has `next` instead. */
  cookie: TrackingCookie | undefined;
  next: DeltaToken;
}

/** @throws {HttpError} 400 0x80072491 for a table without change tracking, 403 for who may not read all of its rows */
export function demandTracking({ access, caller }: Session, table: Table): void {
  if (!table.tracked) throw new HttpError(400, `Entity ${table.name} isn't enabled for change tracking.`, '0x80072491');
  access.demand(caller, 'read', table);
  if (access.readable(caller, table, 't0') !== undefined)
    throw new HttpError(
      403,
      `Principal user (Id=${caller.userId}) is missing prvRead${table.name} privilege at the level of the organization, which retrieving changes needs.`,
      '0x80040220',
    );
}

const SUPPORTED = new Set(['$select', '$deltatoken', '$skiptoken']);

/** @throws {HttpError} 400 naming the option */
export function demandOptions(options: ReadonlyMap<string, string>): void {
  const foreign = [...options.keys()].find((key) => !SUPPORTED.has(key));
  if (foreign !== undefined)
    throw badRequest(`The "${foreign.slice(0, 60)}" query parameter isn't supported when Change Tracking is enabled.`);
}

/** One page of changes: first the rows, then what is gone, however long ago it came. */
export async function readChanges(request: ChangesRequest): Promise<Changes> {
  const { session, table, since } = request;
  const first = request.cookie ?? (await firstCookie(session, table));
  const size = Math.min(request.pageSize ?? LARGEST_PAGE, LARGEST_PAGE);
  const hadAllRows = request.cookie !== undefined && first.rows === undefined;
  const { rows, cookie } = hadAllRows ? { rows: [], cookie: undefined } : await readRows(request, first, size);
  const { next, until } = first;
  if (cookie !== undefined) return { rows, deleted: [], cookie: { ...first, rows: cookie }, next };
  if (since === undefined) return { rows, deleted: [], cookie: undefined, next };
  const room = size - rows.length;
  const range = { since: since.version, until, after: first.deleted };
  const found = await readDeletions(session, table, range, room + 1);
  const deleted = found.slice(0, room);
  const more = found.length > room;
  const end = deleted.at(-1) ?? first.deleted;
  return { rows, deleted, cookie: more ? { ...first, rows: undefined, deleted: end } : undefined, next };
}

async function firstCookie({ queries, engine, now }: Session, table: Table): Promise<TrackingCookie> {
  const { settled, latest } = await readMoment(queries, engine);
  const next = { table: table.name, version: settled, at: now().getTime() };
  return { next, until: latest, rows: undefined, deleted: undefined };
}

function readRows(request: ChangesRequest, { rows, until }: TrackingCookie, size: number) {
  const { session, table, query, annotations, since } = request;
  // All rows are read by their keys: whatever changes meanwhile has not moved, and comes again with the first delta.
  const order = since === undefined ? [] : [{ path: ['versionnumber'], descending: false }];
  return readPage({
    ...{ session, table, annotations, parameters: new Map(), pageSize: size, skipToken: rows },
    query: { ...query, order },
    among: since === undefined ? undefined : (scope) => changedBetween(scope, since.version, until),
  });
}

function changedBetween({ alias }: Scope, since: number, until: number): RawBuilder<boolean> {
  const version = at(alias, 'versionnumber');
  return sql<boolean>`(${version} > ${since} and ${version} <= ${until})`;
}

/** How many rows the pages of changes would hold. */
export async function countChanges({ session, table }: Pick<ChangesRequest, 'session' | 'table'>, since: DeltaToken) {
  const { latest } = await readMoment(session.queries, session.engine);
  const range = { since: since.version, until: latest, after: undefined };
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${identifier(table.name)}
    where versionnumber > ${range.since} and versionnumber <= ${range.until}`.execute(session.queries);
  return Number(rows[0]?.n ?? 0) + (await countDeletions(session, table, range));
}
