import { sql, type RawBuilder } from 'kysely';
import { isOneOf, limit } from '../../db/engine.ts';
import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import { nextVersion } from '../changes/version.ts';
import { identifier } from '../identifier.ts';
import { tableOf, type CollectionNavigation, type Column, type Table } from '../metadata.ts';
import { isPolymorphic } from '../read/scope.ts';
import type { WriteSession } from '../session.ts';
import { deleteWhere } from './write.ts';

/** Rows that one deletion may take with it. */
const LARGEST = 10_000;

/** Everything that goes with a row: table -> ids. What goes as part of another row asks for no right of its own. */
type Plan = Map<Table, Set<string>>;

/**
 * Removes a row and, as the relationships say, what hangs on it: rows that follow it, pairs, and lookups that point to it.
 * Worked out whole before anything is touched, table by table, so that circles end and a large family costs few statements.
 * @throws {HttpError} 405 when a relationship keeps the row, 403 when one of the rows may not be deleted
 */
export async function deleteRow(session: WriteSession, table: Table, id: string): Promise<void> {
  const plan: Plan = new Map();
  const following = await planRows(session, table, id, plan);
  for (const [each, ids] of plan) await demandUnused(session, each, [...ids], plan);
  const version = await nextVersion(session.queries, session.engine);
  for (const [each, ids] of plan) await removeRows(session, each, [...ids]);
  for (const [each, ids] of plan) await unlink(session, each, [...ids], version);
  for (const [each, ids] of following) {
    for (const gone of ids) {
      await session.access.writes.afterDelete(session, each, gone);
      await session.rules.get(each.name)?.afterDelete?.(gone, session);
    }
  }
}

/** Breadth first. @returns the rows of the plan that are rows of their own, each of which the caller may delete */
async function planRows(session: WriteSession, table: Table, id: string, plan: Plan): Promise<Plan> {
  const own: Plan = new Map();
  const waiting: { table: Table; ids: string[]; part: boolean }[] = [{ table, ids: [id], part: false }];
  let left = LARGEST;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const known = setOf(plan, next.table);
    const fresh = next.ids.filter((each) => !known.has(each));
    left -= fresh.length;
    if (left < 0) throw badRequest(`More than ${LARGEST} rows would be deleted with this one; delete them first.`);
    for (const each of fresh) {
      known.add(each);
      if (next.part) continue;
      await session.access.writes.beforeDelete(session, next.table, each);
      setOf(own, next.table).add(each);
    }
    if (fresh.length === 0) continue;
    for (const navigation of next.table.collections.values()) {
      const child = tableOf(session.model, navigation.target);
      if (isView(child) || navigation.cascades.delete !== 'cascade') continue;
      const ids = await childrenOf(session, next.table, fresh, navigation, left + 1);
      waiting.push({ table: child, ids, part: navigation.owned === true });
    }
  }
  return own;
}

function setOf(plan: Plan, table: Table): Set<string> {
  const found = plan.get(table) ?? new Set();
  plan.set(table, found);
  return found;
}

/** Its rows are those of other tables, and go with them. */
function isView({ name }: Table): boolean {
  return name === 'activitypointer';
}

async function childrenOf(
  session: WriteSession,
  of: Table,
  ids: readonly string[],
  { target, column }: CollectionNavigation,
  most: number,
): Promise<string[]> {
  const child = tableOf(session.model, target);
  const lookup = child.columns.get(column);
  if (lookup === undefined) throw new Error(`${target} has no lookup ${column}`);
  const { rows } = await sql<{ id: string }>`select ${identifier(child.key)} as id from ${identifier(target)}
    where ${pointsTo(session, child, lookup, of, ids)} order by ${identifier(child.key)}${limit(most)}`.execute(
    session.queries,
  );
  return rows.map((row) => row.id);
}

function pointsTo(
  { engine }: WriteSession,
  child: Table,
  { name }: Column,
  to: Table,
  ids: readonly string[],
): RawBuilder<unknown> {
  const among = isOneOf(engine, identifier(name), ids);
  return isPolymorphic(child, name) ? sql`${among} and ${identifier(`${name}_type`)} = ${to.name}` : among;
}

/** A relationship that restricts keeps the row, unless those that point to it go as well. */
async function demandUnused(session: WriteSession, table: Table, ids: string[], plan: Plan): Promise<void> {
  for (const navigation of table.collections.values()) {
    if (navigation.cascades.delete !== 'restrict') continue;
    const child = tableOf(session.model, navigation.target);
    const going = plan.get(child);
    const found = await childrenOf(session, table, ids, navigation, (going?.size ?? 0) + 1);
    if (found.some((each) => going?.has(each) !== true))
      throw new HttpError(
        405,
        'The object you tried to delete is associated with another object and cannot be deleted.',
        '0x80040227',
      );
  }
}

async function removeRows(session: WriteSession, table: Table, ids: string[]): Promise<void> {
  const { queries, engine } = session;
  for (const { intersect, near } of table.many.values()) {
    await sql`delete from ${identifier(intersect)} where ${isOneOf(engine, identifier(near), ids)}`.execute(queries);
  }
  await deleteWhere(session, table, isOneOf(engine, identifier(table.key), ids));
}

/** Rows whose lookup is emptied have changed: they get a new version. */
async function unlink(session: WriteSession, gone: Table, ids: string[], version: number): Promise<void> {
  for (const other of session.model.tables.values()) {
    if (other.readOnly) continue;
    for (const column of other.columns.values()) {
      if (column.targets?.includes(gone.name) !== true) continue;
      const cleared = [column.name, ...(isPolymorphic(other, column.name) ? [`${column.name}_type`] : [])];
      const marked = other.name === 'activityparty' && column.name === 'partyid' ? sql`, ispartydeleted = 1` : sql``;
      const assignments = sql.join(cleared.map((name) => sql`${identifier(name)} = null`));
      await sql`update ${identifier(other.name)} set ${assignments}${marked}, versionnumber = ${version}
        where ${pointsTo(session, other, column, gone, ids)}`.execute(session.queries);
    }
  }
}
