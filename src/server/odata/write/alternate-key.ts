import { sql, type RawBuilder } from 'kysely';
import { fold } from '../../db/fold.ts';
import { HttpError } from '../../http/errors.ts';
import { badRequest, shown } from '../bad-request.ts';
import { quoted } from '../identifier.ts';
import type { AlternateKey, Column, Table } from '../metadata.ts';
import type { RowKey } from '../parse/address.ts';
import type { Session } from '../session.ts';

export type AlternateRowKey = Extract<RowKey, { kind: 'alternate' }>;

const LONGEST_NAME = 63;

/** Of the unique index that keeps a declared key; PostgreSQL cuts longer names. */
export function keyIndexName(table: Pick<Table, 'name'>, { name }: AlternateKey): string {
  return `${table.name}_${name}`.slice(0, LONGEST_NAME);
}

/** Whether a unique index, named or told by its columns, is the one of a key. */
export function isIndexOf(table: Table, key: AlternateKey, index: string | undefined): boolean {
  const columns = key.columns.map((column) => `${table.name}.${column}`).join(', ');
  return index === keyIndexName(table, key) || index === columns;
}

/** DDL of that index. */
export function keyIndexText(table: Table, key: AlternateKey): string {
  const parts = key.columns.map((column) => keyPart(table, column));
  return `create unique index ${quoted(keyIndexName(table, key))} on ${quoted(table.name)} (${parts.join(', ')})`;
}

/**
 * How a part is compared, and what its unique index holds: text without regard to case, as everywhere; an empty text is no
 * value. A row one of whose parts is empty stands outside of the index: both engines tell empty values apart.
 */
function keyPart(table: Table, name: string): string {
  const column = table.columns.get(name);
  if (!isText(column)) return quoted(name);
  if (column.exact === true) return `nullif(${quoted(name)}, '')`;
  return column.folded === undefined
    ? `nullif(crm_fold(${quoted(name)}), '')`
    : `nullif(${quoted(`${name}_folded`)}, '')`;
}

function isText(column: Column | undefined): column is Column {
  return column?.kind === 'string' || column?.kind === 'memo';
}

/** @returns the id of the row that the caller may see. @throws {HttpError} 400 when the values name several rows */
export async function findByKey(
  session: Session,
  table: Table,
  { key, values }: AlternateRowKey,
): Promise<string | undefined> {
  const visible = session.access.readable(session.caller, table, 't0');
  const wanted = key.columns.map((name): RawBuilder<unknown> => {
    const column = table.columns.get(name);
    const value = values.get(name) ?? null;
    const folded = typeof value === 'string' && isText(column) && column.exact !== true ? fold(value) : value;
    return sql`${sql.raw(keyPart(table, name))} = ${folded}`;
  });
  const conditions = visible === undefined ? wanted : [...wanted, visible];
  const { rows } = await sql<{ id: string }>`select ${sql.raw(quoted(table.key))} as id
    from ${sql.raw(quoted(table.name))} as t0 where ${sql.join(conditions, sql` and `)} limit 2`.execute(
    session.queries,
  );
  // Where rows were there before the key was declared, its index could not be made.
  if (rows.length > 1) throw badRequest(`The values of the key ${key.name} name several rows of ${table.name}.`);
  return rows[0]?.id;
}

/** The id behind a key. @throws {HttpError} 404 when no row has these values; whether an id is there is not looked at */
export async function idOf(session: Session, table: Table, key: RowKey): Promise<string> {
  if (key.kind === 'id') return key.id;
  const id = await findByKey(session, table, key);
  if (id === undefined) throw keyNotFound(table, key);
  return id;
}

export function keyNotFound(table: Table, { text }: AlternateRowKey): HttpError {
  return new HttpError(
    404,
    `A record with the specified key values does not exist in ${table.name} entity: ${shown(text)}`,
    '0x80060891',
  );
}

/** A key as it stands in an address that is sent back. */
export function keyText(key: RowKey): string {
  if (key.kind === 'id') return key.id;
  return encodeURIComponent(key.text).replaceAll('%3D', '=').replaceAll('%2C', ',');
}

/** The properties of a body that set a column: its own name, and its navigations. */
export function propertiesOf(table: Table, column: string): string[] {
  const navigations = [...table.single.values()].filter((navigation) => navigation.column === column);
  return [column, ...navigations.map(({ name }) => name)].flatMap((name) => [name, `${name}@odata.bind`]);
}
