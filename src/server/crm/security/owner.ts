import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { identifier } from '../../odata/identifier.ts';
import { tableOf, type Table } from '../../odata/metadata.ts';
import { isPolymorphic } from '../../odata/read/scope.ts';
import type { Row, WriteSession } from '../../odata/session.ts';
import { storedTime, type Stored } from '../../odata/values.ts';
import { nextVersion } from '../../odata/changes/version.ts';
import { wrongOwner } from './refusals.ts';
import { masks } from './rights.ts';
import { addShare } from './shares.ts';
import { ACCESS_TEAM } from './teams.ts';

export interface Owner {
  id: string;
  type: 'systemuser' | 'team';
  unit: string;
}

/** Whose row it is to be, by its values. @throws {HttpError} 400 for nobody, and for an access team, which owns nothing */
export async function readOwner(session: WriteSession, values: ReadonlyMap<string, Stored>): Promise<Owner> {
  const { caller, queries } = session;
  const id = values.get('ownerid');
  if (typeof id !== 'string') throw wrongOwner('A row must have an owner.');
  const type = values.get('ownerid_type') === 'team' ? 'team' : 'systemuser';
  if (id === caller.userId && caller.businessUnitId !== '')
    return { id, type: 'systemuser', unit: caller.businessUnitId };
  const root = sql`(select businessunitid from businessunit where parentbusinessunitid is null order by businessunitid limit 1)`;
  const { rows } =
    type === 'team'
      ? await sql<Found>`select coalesce(businessunitid, ${root}) as unit, teamtype from team where teamid = ${id}`.execute(
          queries,
        )
      : await sql<Found>`select coalesce(businessunitid, ${root}) as unit, 0 as teamtype from systemuser where systemuserid = ${id}`.execute(
          queries,
        );
  const found = rows[0];
  // The organisation itself, at work before there is anybody.
  if (found === undefined && id === caller.userId) return { id, type, unit: caller.businessUnitId };
  if (found === undefined) throw wrongOwner(`The owner ${id} does not exist.`);
  if (Number(found.teamtype ?? 0) === ACCESS_TEAM) throw wrongOwner('An access team cannot own rows.');
  return { id, type, unit: found.unit ?? '' };
}

interface Found {
  unit: string | null;
  teamtype: number | null;
}

/** Rows that one change of owner may take along. */
const MOST = 50_000;
const AT_ONCE = 1_000;

/** What follows when a row got another owner: its children go along, and the old owner may keep a share. */
export async function followOwner(session: WriteSession, table: Table, before: Row, owner: Owner): Promise<void> {
  const id = String(before[table.key]);
  await assignChildren(session, table, [id], owner, { left: MOST, seen: new Set([id]) });
  const previous = before['ownerid'];
  if (typeof previous !== 'string') return;
  const { rows } = await sql<{
    on: number | null;
  }>`select sharetopreviousowneronassign as ${sql.ref('on')} from organization`.execute(session.queries);
  if (Number(rows[0]?.on ?? 0) !== 1) return;
  const everything = [...masks.values()].reduce((all, mask) => all | mask, 0);
  const type = before['ownerid_type'] === 'team' ? 'team' : 'systemuser';
  await addShare(session, table, id, { id: previous, type }, everything);
}

interface Budget {
  left: number;
  /** Rows may point at each other in a circle. */
  seen: Set<string>;
}

async function assignChildren(
  session: WriteSession,
  table: Table,
  ids: readonly string[],
  owner: Owner,
  budget: Budget,
): Promise<void> {
  for (const { target, column, cascades } of table.collections.values()) {
    const child = tableOf(session.model, target);
    if (cascades.assign !== 'cascade' || !child.owned || child.readOnly) continue;
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const typed = isPolymorphic(child, column) ? sql` and ${identifier(`${column}_type`)} = ${table.name}` : sql``;
      const { rows } = await sql<{
        id: string;
      }>`update ${identifier(child.name)} set ${await ownerColumns(session, owner)}
        where ${isOneOf(session.engine, identifier(column), ids.slice(from, from + AT_ONCE))}${typed}
        returning ${identifier(child.key)} as id`.execute(session.queries);
      const next = rows.map(({ id }) => id).filter((id) => !budget.seen.has(id));
      for (const id of next) budget.seen.add(id);
      budget.left -= next.length;
      if (budget.left < 0) throw badRequest(`More than ${MOST} rows would change their owner at once.`, '0x80044150');
      if (next.length > 0) await assignChildren(session, child, next, owner, budget);
    }
  }
}

async function ownerColumns({ queries, engine, now, caller }: WriteSession, { id, type, unit }: Owner) {
  const version = await nextVersion(queries, engine);
  return sql`ownerid = ${id}, ownerid_type = ${type}, owningbusinessunit = ${unit},
    modifiedon = ${storedTime(now())}, modifiedby = ${caller.userId}, versionnumber = ${version}`;
}

/** A user or team that moves to another business unit takes its rows along, and a user the personal options. */
export async function moveRows(session: WriteSession, owner: string, unit: string): Promise<void> {
  const version = await nextVersion(session.queries, session.engine);
  for (const table of session.model.tables.values()) {
    if (!table.owned || table.readOnly) continue;
    await sql`update ${identifier(table.name)} set owningbusinessunit = ${unit}, versionnumber = ${version}
      where ownerid = ${owner}`.execute(session.queries);
  }
  await sql`update usersettings set businessunitid = ${unit}, versionnumber = ${version}
    where systemuserid = ${owner}`.execute(session.queries);
}
