import { badRequest } from '../../odata/bad-request.ts';
import { tableOf } from '../../odata/metadata.ts';
import { findRow, insertRow, updateRow } from '../../odata/write/write.ts';
import { newId } from '../../odata/write/new-id.ts';
import type { Row, TableRule, WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';

/** What either side of a connection is called on the other one. */
const mirrored = new Map([
  ['record1id', 'record2id'],
  ['record1id_type', 'record2id_type'],
  ['record1roleid', 'record2roleid'],
  ['record2id', 'record1id'],
  ['record2id_type', 'record1id_type'],
  ['record2roleid', 'record1roleid'],
  ...['description', 'effectivestart', 'effectiveend', 'statecode', 'statuscode'].map((name) => [name, name] as const),
]);

/** Writes that were made here: a reflection is not reflected again. */
const reflections = new WeakSet<ReadonlyMap<string, Stored>>();

/**
 * A connection is two rows, one seen from each end: `ismaster` is the one that was created, and what is said of one is said of
 * the other. They go together, which the relationship between them sees to.
 * https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/connection
 */
export const connectionRule: TableRule = {
  async beforeWrite({ values, before, session }) {
    demandOrder(values, before);
    if (values.has('record2id')) values.set('name', await nameOf(session, values));
    if (reflections.has(values)) return;
    if (before === undefined) await createOther(session, values);
    else await changeOther(session, before, values);
  },
};

function demandOrder(values: ReadonlyMap<string, Stored>, before: Row | undefined): void {
  const current = (name: string) => (values.has(name) ? values.get(name) : before?.[name]);
  const [start, end] = [current('effectivestart'), current('effectiveend')];
  if (typeof start === 'string' && typeof end === 'string' && end < start)
    throw badRequest("'effectiveend' must not be before 'effectivestart'.", '0x80040203');
}

/** A connection is named by what it leads to, as far as the caller may see that. */
async function nameOf(session: WriteSession, values: ReadonlyMap<string, Stored>): Promise<string | null> {
  const table = session.model.tables.get(String(values.get('record2id_type')));
  const row = table === undefined ? undefined : await findRow(session, table, String(values.get('record2id')));
  const name = row?.[table?.primary ?? ''];
  return typeof name === 'string' ? name.slice(0, 500) : null;
}

function reflect(values: ReadonlyMap<string, Stored>): Map<string, Stored> {
  const reflected = new Map<string, Stored>();
  for (const [name, value] of values) {
    const other = mirrored.get(name);
    if (other !== undefined) reflected.set(other, value);
  }
  reflections.add(reflected);
  return reflected;
}

async function createOther(session: WriteSession, values: Map<string, Stored>): Promise<void> {
  const table = tableOf(session.model, 'connection');
  const other = reflect(values);
  const id = newId(session.now());
  other.set('connectionid', id);
  other.set('relatedconnectionid', values.get('connectionid') ?? null);
  other.set('ismaster', 0);
  for (const name of ['ownerid', 'ownerid_type', 'owningbusinessunit']) other.set(name, values.get(name) ?? null);
  await insertRow(session, table, other);
  values.set('relatedconnectionid', id);
}

async function changeOther(session: WriteSession, before: Row, values: ReadonlyMap<string, Stored>): Promise<void> {
  const other = reflect(values);
  const id = before['relatedconnectionid'];
  if (other.size === 0 || typeof id !== 'string') return;
  const table = tableOf(session.model, 'connection');
  const row = await findRow(session, table, id);
  if (row !== undefined) await updateRow(session, table, row, other);
}
