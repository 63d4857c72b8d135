import { sql } from 'kysely';
import { tableOf, type Table } from '../../odata/metadata.ts';
import type { Row, WriteAccess, WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { identifier } from '../../odata/identifier.ts';
import { insertRow } from '../../odata/write/write.ts';
import { rememberCreated } from './created-here.ts';
import { followOwner, moveRows, readOwner } from './owner.ts';
import { forgetShares, inherit, inheritAtBirth, sharingLookups } from './shares.ts';

/** Rows that decide what callers may do, and how they read it. */
const ABOUT_CALLERS = new Set([
  'systemuser',
  'usersettings',
  'team',
  'role',
  'businessunit',
  'organization',
  'fieldsecurityprofile',
  'fieldpermission',
]);

/** What follows from a write, whoever writes. The server at work asks for no rights, but its writes have these ends too. */
export function consequences(forget: () => void): WriteAccess {
  const told = (session: WriteSession, table: Table) => {
    if (ABOUT_CALLERS.has(table.name)) session.onCommit(forget);
  };
  const ends: WriteAccess = {
    async beforeInsert(session, table, values) {
      if (table.owned) values.set('owningbusinessunit', (await readOwner(session, values)).unit);
      await placeInUnit(session, table, values);
    },
    async afterInsert(session, table, values) {
      rememberCreated(session, String(values.get(table.key)));
      await inheritAtBirth(session, table, values);
      if (table.name === 'systemuser')
        await addSettings({ ...session, access: { ...session.access, writes: ends } }, values);
      told(session, table);
    },
    async beforeUpdate(session, table, before, values) {
      if (table.owned && values.has('ownerid'))
        values.set('owningbusinessunit', (await readOwner(session, values)).unit);
      await demandNoLoop(session, table, String(before[table.key]), values);
    },
    async afterUpdate(session, table, before, values) {
      const id = String(before[table.key]);
      const unit = values.get('businessunitid');
      if (table.owned && values.has('ownerid') && values.get('ownerid') !== before['ownerid'])
        await followOwner(session, table, before, await readOwner(session, values));
      if (isPrincipal(table) && typeof unit === 'string' && unit !== before['businessunitid'])
        await moveRows(session, id, unit);
      if (isMoved(session, table, before, values)) await inherit(session, table, [id]);
      told(session, table);
    },
    beforeDelete: demandDispensable,
    async afterDelete(session, table, id) {
      await forgetShares(session, id);
      if (isPrincipal(table) || table.name === 'role' || table.name === 'fieldsecurityprofile')
        await forgetPrincipal(session, table, id);
      told(session, table);
    },
    async beforeLink(session) {
      session.onCommit(forget);
    },
  };
  return ends;
}

/** Every user has personal options, under the user's own id, whether or not the maker of the user may make such. */
async function addSettings(session: WriteSession, user: ReadonlyMap<string, Stored>): Promise<void> {
  const values = ['systemuserid', 'businessunitid'].map((name) => [name, user.get(name) ?? null] as const);
  await insertRow(session, tableOf(session.model, 'usersettings'), new Map(values));
}

function isPrincipal(table: Table): boolean {
  return table.name === 'systemuser' || table.name === 'team';
}

/** Whether a lookup was changed through which shares come down. */
function isMoved({ model }: WriteSession, table: Table, before: Row, values: ReadonlyMap<string, Stored>): boolean {
  return (
    table.owned &&
    sharingLookups(model, table).some(({ column }) => values.has(column) && values.get(column) !== before[column])
  );
}

/** Users and teams are in their maker's business unit, units below the topmost one, unless it is said otherwise. */
async function placeInUnit(
  { caller, queries }: WriteSession,
  table: Table,
  values: Map<string, Stored>,
): Promise<void> {
  if ((isPrincipal(table) || table.name === 'role') && values.get('businessunitid') == null)
    values.set('businessunitid', caller.businessUnitId === '' ? null : caller.businessUnitId);
  if (table.name !== 'businessunit' || values.get('parentbusinessunitid') != null) return;
  const { rows } = await sql<{ id: string }>`select businessunitid as id from businessunit
    where parentbusinessunitid is null order by businessunitid limit 1`.execute(queries);
  if (rows[0] !== undefined) values.set('parentbusinessunitid', rows[0].id);
}

const trees = new Map([
  ['businessunit', 'parentbusinessunitid'],
  ['systemuser', 'parentsystemuserid'],
]);
const DEEPEST = 100;

/** Units and managers are trees. @throws {HttpError} 400 for a parent that lies below the row */
async function demandNoLoop(
  { queries }: WriteSession,
  table: Table,
  id: string,
  values: ReadonlyMap<string, Stored>,
): Promise<void> {
  const column = trees.get(table.name);
  if (column === undefined || !values.has(column)) return;
  let above = values.get(column);
  for (let steps = 0; typeof above === 'string'; steps += 1) {
    if (above === id || steps === DEEPEST)
      throw badRequest(`${column} would make a loop, or a tree deeper than ${DEEPEST} levels.`, '0x80040204');
    const { rows } = await sql<{ up: string | null }>`select ${identifier(column)} as up from ${identifier(table.name)}
      where ${identifier(table.key)} = ${above}`.execute(queries);
    above = rows[0]?.up ?? null;
  }
}

/** @throws {HttpError} 400 for a business unit that somebody or something is in, and for the administrators' role */
async function demandDispensable({ queries }: WriteSession, table: Table, id: string): Promise<void> {
  if (table.name === 'role') {
    const { rows } = await sql`select 1 from role where roleid = ${id} and roletemplateid is not null`.execute(queries);
    if (rows.length > 0) throw badRequest('The System Administrator role cannot be deleted.', '0x80040203');
  }
  if (table.name !== 'businessunit') return;
  const { rows } = await sql`select 1 from systemuser where businessunitid = ${id}
    union all select 1 from team where businessunitid = ${id}
    union all select 1 from role where businessunitid = ${id}
    union all select 1 from businessunit where parentbusinessunitid = ${id} limit 1`.execute(queries);
  if (rows.length > 0)
    throw badRequest('A business unit with users, teams, roles or child units cannot be deleted.', '0x80040203');
}

const pairs = [
  ['systemuserroles', 'systemuserid', 'roleid'],
  ['teamroles', 'teamid', 'roleid'],
  ['teammembership', 'teamid', 'systemuserid'],
  ['systemuserprofiles', 'systemuserid', 'fieldsecurityprofileid'],
  ['teamprofiles', 'teamid', 'fieldsecurityprofileid'],
  ['roleprivileges', 'roleid'],
] as const;

/** Takes away what names a user, team, role or profile that is gone. */
async function forgetPrincipal({ queries }: WriteSession, table: Table, id: string): Promise<void> {
  for (const [name, ...columns] of pairs) {
    const own = columns.find((column) => column === table.key);
    if (own !== undefined) await sql`delete from ${identifier(name)} where ${identifier(own)} = ${id}`.execute(queries);
  }
  await sql`delete from principalobjectaccess where principalid = ${id}`.execute(queries);
}
