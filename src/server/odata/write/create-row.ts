import { badRequest } from '../bad-request.ts';
import { tableOf, type Table } from '../metadata.ts';
import type { WriteSession } from '../session.ts';
import type { Stored } from '../values.ts';
import { associate, link, lookupValues } from './link.ts';
import { readPayload, type Payload } from './payload.ts';
import { resolveReference } from './reference.ts';
import { insertRow } from './write.ts';

const DEPTH = 5;

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
    const nestedId = await createRow(session, target, nested, new Map(), depth + 1);
    for (const [name, value] of lookupValues(table, navigation.column, { table: target, id: nestedId }))
      payload.values.set(name, value);
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

/** What hangs on a new row: rows of its collections, and stored rows that join them. */
export async function createChildren(
  session: WriteSession,
  table: Table,
  id: string,
  { after, links }: Pick<Payload, 'after' | 'links'>,
  depth: number,
): Promise<void> {
  for (const { collection, bodies } of after) {
    const target = tableOf(session.model, collection.navigation.target);
    for (const body of bodies) {
      if (collection.kind === 'children') {
        const preset = lookupValues(target, collection.navigation.column, { table, id });
        await createRow(session, target, body, preset, depth + 1);
      } else
        await link(
          session,
          table,
          id,
          collection.navigation,
          await createRow(session, target, body, new Map(), depth + 1),
        );
    }
  }
  for (const { collection, references } of links) {
    for (const reference of references) {
      const other = await resolveReference(session, reference);
      if (other.table.name !== collection.navigation.target)
        throw badRequest(`${collection.navigation.name} cannot hold a row of ${other.table.name}.`, '0x80048d19');
      await associate(session, table, id, collection, other.id);
    }
  }
}
