import type { Table } from '../../odata/metadata.ts';
import { isPolymorphic } from '../../odata/read/scope.ts';
import type { Row, WriteAccess, WriteSession } from '../../odata/session.ts';
import { asStored, type Stored } from '../../odata/values.ts';
import { consequences } from './consequences.ts';
import { wasCreatedHere } from './created-here.ts';
import { demandLink } from './links.ts';
import { covers } from './reach.ts';
import { missingRight } from './refusals.ts';
import { parentsOf } from './rights.ts';

type Values = Map<string, Stored>;

/** The checks before each write; what follows from it is the same for everybody, and in `consequences`. */
export function createWriteAccess(forget: () => void): WriteAccess {
  const after = consequences(forget);
  return {
    ...after,
    async beforeInsert(session, table, values) {
      if (parentsOf(session.model, table).length > 0) return demandParents(session, table, values);
      session.access.demand(session.caller, 'create', table);
      await after.beforeInsert(session, table, values);
      demandNewRow(session, 'create', table, values);
      demandColumns(session, 'create', table, values);
      await demandLookups(session, table, values, undefined);
    },
    async beforeUpdate(session, table, before, values) {
      const id = String(before[table.key]);
      if (before['ownerid'] === values.get('ownerid')) forgetOwner(values);
      const isAssigned = table.owned && values.has('ownerid');
      const isWritten = [...values.keys()].some((name) => name !== 'ownerid' && name !== 'ownerid_type');
      if (isAssigned) await session.access.demandRow(session, 'assign', table, id);
      if (isWritten || !isAssigned) await session.access.demandRow(session, 'write', table, id);
      await after.beforeUpdate(session, table, before, values);
      if (parentsOf(session.model, table).length > 0) return demandParents(session, table, values);
      demandColumns(session, 'update', table, values);
      await demandLookups(session, table, values, before);
    },
    async beforeDelete(session, table, id) {
      await session.access.demandRow(session, 'delete', table, id);
      await after.beforeDelete(session, table, id);
    },
    async beforeLink(session, table, id, navigation, other) {
      await demandLink(session, table, id, navigation, other);
      await after.beforeLink(session, table, id, navigation, other);
    },
  };
}

function forgetOwner(values: Values): void {
  values.delete('ownerid');
  values.delete('ownerid_type');
}

/** A new row is reached by who is to own it. */
function demandNewRow(session: WriteSession, right: 'create' | 'append', table: Table, values: Values): void {
  const { caller } = session;
  session.access.demand(caller, right, table);
  const owner = String(values.get('ownerid') ?? '');
  const unit = String(values.get(table.owned ? 'owningbusinessunit' : 'businessunitid') ?? '');
  if (!covers(caller.standing, right, table, owner, unit))
    throw missingRight(caller, right, table, String(values.get(table.key)));
}

function demandColumns(session: WriteSession, use: 'create' | 'update', table: Table, values: Values): void {
  for (const [name, value] of values) {
    const column = table.columns.get(name);
    if (column === undefined || column.readOnly === true || (use === 'create' && value === null)) continue;
    // What the server itself fills in is no wish of the caller's.
    if (use === 'create' && column.initial !== undefined && value === asStored(column.initial)) continue;
    session.access.demandColumn(session.caller, use, table, column);
  }
}

/** Append on this row, append to on the row that a lookup is set to. */
async function demandLookups(
  session: WriteSession,
  table: Table,
  values: Values,
  before: Row | undefined,
): Promise<void> {
  let appended = false;
  for (const [name, to] of values) {
    const column = table.columns.get(name);
    if (column?.kind !== 'lookup' || column.readOnly === true || name === 'ownerid') continue;
    if (typeof to !== 'string' || before?.[name] === to) continue;
    const type = isPolymorphic(table, name) ? values.get(`${name}_type`) : column.targets?.[0];
    const target = typeof type === 'string' ? session.model.tables.get(type) : undefined;
    if (target === undefined) continue;
    if (!appended && before === undefined) demandNewRow(session, 'append', table, values);
    if (!appended && before !== undefined)
      await session.access.demandRow(session, 'append', table, String(before[table.key]));
    appended = true;
    await session.access.demandRow(session, 'appendTo', target, to);
  }
}

/** Parts of a row are added and moved with the right to write that row. */
async function demandParents(session: WriteSession, table: Table, values: Values): Promise<void> {
  for (const { table: parent, column } of parentsOf(session.model, table)) {
    const id = values.get(column);
    const isTyped = !isPolymorphic(table, column) || values.get(`${column}_type`) === parent.name;
    if (typeof id === 'string' && isTyped && !wasCreatedHere(session, id))
      await session.access.demandRow(session, 'write', parent, id);
  }
  session.access.demand(session.caller, 'write', table);
}
