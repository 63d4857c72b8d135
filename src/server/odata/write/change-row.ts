import { sql } from 'kysely';
import { badRequest } from '../bad-request.ts';
import { identifier } from '../identifier.ts';
import { tableOf, type Table } from '../metadata.ts';
import type { Row, WriteSession } from '../session.ts';
import type { Stored } from '../values.ts';
import { createChildren } from './create-row.ts';
import { readPayload } from './payload.ts';
import { deleteWhere, updateRow } from './write.ts';

/**
 * Changes a stored row. A list of parties or attachments replaces what was there; other lists cannot be changed so.
 * @param preset what is not in the body, such as a file that came in another way
 * @returns the new version
 */
export async function changeRow(
  session: WriteSession,
  table: Table,
  before: Row,
  body: unknown,
  preset: ReadonlyMap<string, Stored> = new Map(),
): Promise<number> {
  if (table.readOnly) throw badRequest(`Rows of ${table.name} cannot be changed.`, '0x80040800');
  const payload = await readPayload(session, table, body);
  for (const [name, value] of preset) payload.values.set(name, value);
  payload.values.delete(table.key);
  payload.values.delete('overriddencreatedon');
  if (payload.before.length > 0)
    throw badRequest('A lookup of an existing row is changed by @odata.bind, not by a nested row.', '0x80048d19');
  const [joining] = payload.links;
  if (joining !== undefined)
    throw badRequest(`${joining.collection.navigation.name} is associated by $ref, not by an update.`, '0x80048d19');
  for (const { collection } of payload.after) {
    const { navigation } = collection;
    if (collection.kind !== 'children' || collection.navigation.owned !== true)
      throw badRequest(`${navigation.name} cannot be replaced in an update.`, '0x80048d19');
    session.rules.get(table.name)?.beforeReplace?.({ before, navigation: navigation.name });
  }
  session.rules.get(table.name)?.beforeChange?.({ before, values: payload.values });
  const version = await updateRow(session, table, before, payload.values);
  const id = String(before[table.key]);
  for (const { collection } of payload.after) {
    if (collection.kind !== 'children') continue;
    const { target, column } = collection.navigation;
    await deleteWhere(session, tableOf(session.model, target), sql`${identifier(column)} = ${id}`);
  }
  await createChildren(session, table, id, payload, 0);
  return version;
}
