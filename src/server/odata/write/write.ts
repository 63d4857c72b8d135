import { CompiledQuery, sql, type RawBuilder } from 'kysely';
import type { Engine } from '../../db/engine.ts';
import { isMissingValue, isUniqueViolation, violatedIndex } from '../../db/errors.ts';
import { fold } from '../../db/fold.ts';
import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import { recordDeletions } from '../changes/deletions.ts';
import { nextVersion, nextVersions } from '../changes/version.ts';
import { at, identifier, quoted } from '../identifier.ts';
import type { Column, Table } from '../metadata.ts';
import type { Row, Session, WriteSession } from '../session.ts';
import { isIndexOf } from './alternate-key.ts';
import { settleMoney } from './money.ts';
import { newId } from './new-id.ts';
import { asStored, storedTime, type Stored } from '../values.ts';

/** One row as it is stored, only if the caller may see it. @throws {HttpError} 404; 403 when rows of the table cannot be read at all */
export async function requireRow(session: Session, table: Table, id: string): Promise<Row> {
  session.access.demand(session.caller, 'read', table);
  const row = await findRow(session, table, id);
  if (row === undefined) throw doesNotExist(table, id);
  return row;
}

export async function findRow(session: Session, table: Table, id: string): Promise<Row | undefined> {
  const visible = session.access.readable(session.caller, table, 't0');
  const { rows } = await sql<Row>`select * from ${identifier(table.name)} as t0
    where ${at('t0', table.key)} = ${id}${visible === undefined ? sql`` : sql` and ${visible}`}`.execute(
    session.queries,
  );
  return rows[0];
}

/** Whether the id is in use, by whomever. Not to be told apart from a row that is not there by who may not see it. */
export async function isTaken({ queries }: Session, table: Table, id: string): Promise<boolean> {
  const { rows } = await sql`select 1 from ${identifier(table.name)} where ${identifier(table.key)} = ${id}`.execute(
    queries,
  );
  return rows.length > 0;
}

export function doesNotExist(table: Table, id: string): HttpError {
  return new HttpError(404, `Entity '${table.name}' With Id = ${id} Does Not Exist`, '0x80040217');
}

/**
 * Stores a new row: fills in owner, state, dates and version, after the table's rule had its say.
 * @param values column -> stored; lookups with several targets bring `<column>_type`
 * @param unlessClash leaves the row out when a unique index already holds its like, instead of failing the transaction
 * @returns the row's id, or `undefined` when it was left out
 */
export async function insertRow(
  session: WriteSession,
  table: Table,
  values: Map<string, Stored>,
  unlessClash = false,
): Promise<string | undefined> {
  await completeRow(session, table, values);
  values.set('versionnumber', await nextVersion(session.queries, session.engine));
  const [id] = await store(session, table, [values], unlessClash);
  if (id === undefined) return undefined;
  await session.access.writes.afterInsert(session, table, values);
  return id;
}

/** Rows of one statement: few enough numbers of them for all these statements to stay prepared. */
const together = [1, 2, 3, 4, 8] as const;

/** The same of several rows of one table, with fewer statements. All bring the same columns. */
export async function insertRows(session: WriteSession, table: Table, rows: Map<string, Stored>[]): Promise<void> {
  for (let at = 0; at < rows.length;) {
    const size = together.findLast((most) => most <= rows.length - at) ?? 1;
    const some = rows.slice(at, at + size);
    for (const values of some) await completeRow(session, table, values);
    const versions = await nextVersions(session.queries, session.engine, size);
    some.forEach((values, index) => values.set('versionnumber', versions[index] ?? null));
    await store(session, table, some, false);
    for (const values of some) await session.access.writes.afterInsert(session, table, values);
    at += size;
  }
}

/** Everything about a new row but its version, with all rights checked. */
async function completeRow(session: WriteSession, table: Table, values: Map<string, Stored>): Promise<void> {
  fillIn(session, table, values, storedTime(session.now()));
  await session.access.writes.beforeInsert(session, table, values);
  await session.rules.get(table.name)?.beforeWrite?.({ values, before: undefined, session });
  await settleMoney(session, table, values, undefined);
  settleState(table, values, undefined);
  requireColumns(table, table.columns.values(), values);
  foldColumns(table, values);
}

async function store(
  { queries, engine }: WriteSession,
  table: Table,
  rows: readonly ReadonlyMap<string, Stored>[],
  unlessClash: boolean,
): Promise<string[]> {
  const names = [...(rows[0]?.keys() ?? [])];
  const text = insertText(engine, table, names, rows.length, unlessClash);
  const insert = CompiledQuery.raw(
    text,
    rows.flatMap((values) => names.map((name) => values.get(name) ?? null)),
  );
  const stored = await guarded(table, () => queries.executeQuery<{ id: string }>(insert));
  return stored.rows.map(({ id }) => id);
}

/** Written here, because Kysely takes longer to write a statement of sixty columns than the database to store the row. */
function insertText(
  engine: Engine,
  table: Table,
  columns: readonly string[],
  rows: number,
  unlessClash: boolean,
): string {
  let place = 0;
  const row = () => `(${columns.map(() => (engine === 'postgres' ? `$${(place += 1)}` : '?')).join(', ')})`;
  const values = Array.from({ length: rows }, row).join(', ');
  const clash = unlessClash ? ' on conflict do nothing' : '';
  return `insert into ${quoted(table.name)} (${columns.map((name) => quoted(name)).join(', ')})
    values ${values}${clash} returning ${quoted(table.key)} as id`;
}

function fillIn({ caller, now }: WriteSession, table: Table, values: Map<string, Stored>, stamp: string): void {
  const unlessGiven = (name: string, value: Stored) => {
    if (table.columns.has(name) && values.get(name) === undefined) values.set(name, value);
  };
  if (values.get(table.key) == null) values.set(table.key, newId(now()));
  for (const column of table.columns.values())
    if (column.initial !== undefined) unlessGiven(column.name, asStored(column.initial));
  unlessGiven('createdon', stamp);
  unlessGiven('modifiedon', stamp);
  unlessGiven('createdby', caller.userId);
  unlessGiven('modifiedby', caller.userId);
  unlessGiven('owningbusinessunit', caller.businessUnitId);
  if (table.owned && values.get('ownerid') == null) {
    values.set('ownerid', caller.userId);
    values.set('ownerid_type', 'systemuser');
  }
  if (table.states.size > 0 && !values.has('statecode') && !values.has('statuscode'))
    values.set('statecode', [...table.states.keys()][0] ?? 0);
}

/** Writes over the row as it was read: a change by somebody else in between is 412. @returns the new version */
export async function updateRow(
  session: WriteSession,
  table: Table,
  before: Row,
  values: Map<string, Stored>,
): Promise<number> {
  const { writes } = session.access;
  await writes.beforeUpdate(session, table, before, values);
  if (table.columns.has('modifiedon')) {
    values.set('modifiedon', storedTime(session.now()));
    values.set('modifiedby', session.caller.userId);
  }
  await session.rules.get(table.name)?.beforeWrite?.({ values, before, session });
  await settleMoney(session, table, values, before);
  settleState(table, values, before);
  requireColumns(
    table,
    [...table.columns.values()].filter(({ name }) => values.has(name)),
    values,
  );
  foldColumns(table, values);
  values.set('versionnumber', await nextVersion(session.queries, session.engine));
  const assignments = sql.join([...values].map(([name, value]) => sql`${identifier(name)} = ${value}`));
  const id = String(before[table.key]);
  const seen = Number(before['versionnumber']);
  const update = sql<Row>`update ${identifier(table.name)} set ${assignments}
    where ${identifier(table.key)} = ${id} and versionnumber = ${seen} returning versionnumber`;
  const { rows } = await guarded(table, () => update.execute(session.queries));
  if (rows.length === 0) throw versionMismatch();
  await writes.afterUpdate(session, table, before, values);
  return Number(rows[0]?.['versionnumber']);
}

export function versionMismatch(): HttpError {
  return new HttpError(
    412,
    "The version of the existing record doesn't match the RowVersion property provided.",
    '0x80060882',
  );
}

export async function deleteWhere(session: WriteSession, table: Table, condition: RawBuilder<unknown>): Promise<void> {
  await recordDeletions(session, table, condition);
  await sql`delete from ${identifier(table.name)} where ${condition}`.execute(session.queries);
}

async function guarded<T>(table: Table, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error)) throw collision(table, violatedIndex(error));
    if (isMissingValue(error))
      throw badRequest(`A column of ${table.name} that every row needs would be empty.`, '0x80048d19');
    throw error;
  }
}

function collision(table: Table, index: string | undefined): HttpError {
  const key = table.keys.find((declared) => isIndexOf(table, declared, index));
  if (key === undefined)
    return new HttpError(412, `A record with matching key values already exists in ${table.name}.`, '0x80040237');
  return new HttpError(
    412,
    `Entity Key ${key.name} violated. A record with the same value for ${key.columns.join(', ')} already exists. A duplicate record cannot be created. Select one or more unique values and try again.`,
    '0x80060892',
  );
}

function requireColumns(table: Table, columns: Iterable<Column>, values: ReadonlyMap<string, Stored>): void {
  for (const { name, required } of columns) {
    if (required === true && (values.get(name) == null || values.get(name) === '')) {
      throw badRequest(`The required column '${name}' of ${table.name} is missing.`, '0x80040203');
    }
  }
}

/** Status and status reason always fit each other; who gives only one of them gets the other. */
function settleState(table: Table, values: Map<string, Stored>, before: Row | undefined): void {
  const state = values.get('statecode');
  const status = values.get('statuscode');
  if (table.states.size === 0 || (state == null && status == null)) return;
  const stateOfStatus = [...table.states].find(([, { statuses }]) => statuses.has(Number(status)))?.[0];
  const settled = Number(state ?? (before !== undefined && status == null ? before['statecode'] : stateOfStatus));
  const known = table.states.get(settled);
  const reason = status == null ? known?.statuses.keys().next().value : Number(status);
  if (known === undefined || reason === undefined || !known.statuses.has(reason)) {
    throw badRequest(
      `${String(status)} is not a valid status code for state code ${String(settled)} of ${table.name}.`,
      '0x80048408',
    );
  }
  values.set('statecode', settled);
  values.set('statuscode', reason);
}

function foldColumns(table: Table, values: Map<string, Stored>): void {
  for (const [name, value] of [...values]) {
    if (table.columns.get(name)?.folded !== undefined)
      values.set(`${name}_folded`, typeof value === 'string' ? fold(value) : null);
  }
}
