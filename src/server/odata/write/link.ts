import { sql } from 'kysely';
import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import { identifier } from '../identifier.ts';
import {
  tableOf,
  type CollectionNavigation,
  type ManyNavigation,
  type SingleNavigation,
  type Table,
} from '../metadata.ts';
import type { Collection } from '../read/collection.ts';
import { isPolymorphic } from '../read/scope.ts';
import type { Row, WriteSession } from '../session.ts';
import type { Stored } from '../values.ts';
import { insertRow, requireRow, updateRow } from './write.ts';

/** Puts the row `other` into a collection of the row `id`. */
export async function associate(
  session: WriteSession,
  table: Table,
  id: string,
  collection: Collection,
  other: string,
): Promise<void> {
  await requireRow(session, table, id);
  if (collection.kind === 'pairs') return link(session, table, id, collection.navigation, other);
  const target = tableOf(session.model, collection.navigation.target);
  demandWritable(target);
  const before = await requireRow(session, target, other);
  await updateRow(session, target, before, lookupValues(target, collection.navigation.column, { table, id }));
}

/** Takes it out again. @throws {HttpError} 404 when it was not in there */
export async function disassociate(
  session: WriteSession,
  table: Table,
  id: string,
  collection: Collection,
  other: string,
): Promise<void> {
  await requireRow(session, table, id);
  if (collection.kind === 'pairs') return unlink(session, table, id, collection.navigation, other);
  const { navigation } = collection;
  const target = tableOf(session.model, navigation.target);
  demandWritable(target);
  const before = await requireRow(session, target, other);
  const typed = isPolymorphic(target, navigation.column) && before[`${navigation.column}_type`] !== table.name;
  if (typed || before[navigation.column] !== id) throw notAssociated(navigation, other);
  await updateRow(session, target, before, lookupValues(target, navigation.column, undefined));
}

/** A lookup as it is stored: the id, and the table where several are possible. */
export function lookupValues(
  table: Table,
  column: string,
  to: { table: Table; id: string } | undefined,
): Map<string, Stored> {
  const values = new Map<string, Stored>([[column, to?.id ?? null]]);
  if (isPolymorphic(table, column)) values.set(`${column}_type`, to?.table.name ?? null);
  return values;
}

/** Where a lookup of the row leads, if it leads to the table of the navigation. */
export function idBehind(table: Table, { column, target }: SingleNavigation, row: Row): string | undefined {
  if (isPolymorphic(table, column) && row[`${column}_type`] !== target) return undefined;
  const to = row[column];
  return typeof to === 'string' ? to : undefined;
}

/** Adds a pair. @throws {HttpError} 412 when it is there already, as the original does */
export async function link(
  session: WriteSession,
  table: Table,
  id: string,
  navigation: ManyNavigation,
  other: string,
): Promise<void> {
  await requireRow(session, tableOf(session.model, navigation.target), other);
  await session.access.writes.beforeLink(session, table, id, navigation, other);
  const { intersect, near, far } = navigation;
  const pairs = session.model.tables.get(intersect);
  if (pairs === undefined) {
    const added = await sql`insert into ${identifier(intersect)} (${identifier(near)}, ${identifier(far)})
      values (${id}, ${other}) on conflict do nothing returning ${identifier(near)}`.execute(session.queries);
    if (added.rows.length === 0) throw alreadyAssociated();
  } else {
    const values = new Map<string, Stored>([
      [near, id],
      [far, other],
    ]);
    if ((await insertRow(session, pairs, values, true)) === undefined) throw alreadyAssociated();
  }
}

async function unlink(
  session: WriteSession,
  table: Table,
  id: string,
  navigation: ManyNavigation,
  other: string,
): Promise<void> {
  await session.access.writes.beforeLink(session, table, id, navigation, other);
  const { intersect, near, far } = navigation;
  const gone = await sql`delete from ${identifier(intersect)}
    where ${identifier(near)} = ${id} and ${identifier(far)} = ${other} returning ${identifier(near)}`.execute(
    session.queries,
  );
  if (gone.rows.length === 0) throw notAssociated(navigation, other);
}

function demandWritable(table: Table): void {
  if (table.readOnly) throw badRequest(`Rows of ${table.name} cannot be changed.`, '0x80040800');
}

function alreadyAssociated(): HttpError {
  return new HttpError(412, 'Cannot insert duplicate key.', '0x80040237');
}

function notAssociated({ name }: CollectionNavigation | ManyNavigation, other: string): HttpError {
  return new HttpError(404, `The record with Id = ${other} is not associated through ${name}.`, '0x80040217');
}
