import { sql } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import { at, identifier } from '../identifier.ts';
import type { Column, Table } from '../metadata.ts';
import type { Session } from '../session.ts';
import { doesNotExist } from '../write/write.ts';

/** The most that one file of a column may have; the organisation's own limit for notes and attachments comes on top. */
export const LARGEST_FILE = 60 * 1024 * 1024;

/** A file column of a stored row. */
export interface FilePlace {
  table: Table;
  column: Column;
  id: string;
}

/** Where the name of a file is kept: beside a file column, or as part of a note or attachment. */
export function nameColumn(table: Table, column: Column): Column | undefined {
  return table.columns.get(`${column.name}_name`) ?? table.columns.get('filename');
}

/** Notes and attachments are older than file columns: what they hold is part of the row and base64 text when it is read. */
export function isText(table: Table): boolean {
  return table.columns.has('mimetype');
}

/** @throws {HttpError} 400 for a name that is no file or image column of the table */
export function fileColumn(table: Table, name: string): Column {
  const column = table.columns.get(name);
  if (column?.kind !== 'bytes' || isText(table))
    throw badRequest(`${shown(name)} is no file or image column of ${table.name}.`, '0x80048d19');
  return column;
}

/** Whether the caller may replace the file, without reading it. @throws {HttpError} 404 or 403 */
export async function demandReplaceable(session: Session, { table, column, id }: FilePlace): Promise<void> {
  const { access, caller, queries } = session;
  access.demand(caller, 'read', table);
  const visible = access.readable(caller, table, 't0');
  const { rows } = await sql`select 1 from ${identifier(table.name)} as t0
    where ${at('t0', table.key)} = ${id}${visible === undefined ? sql`` : sql` and ${visible}`}`.execute(queries);
  if (rows.length === 0) throw doesNotExist(table, id);
  if (column.readOnly === true || table.readOnly)
    throw badRequest(`${column.name} of ${table.name} cannot be changed.`, '0x80040800');
  await access.demandRow(session, 'write', table, id);
  access.demandColumn(caller, 'update', table, column);
}
