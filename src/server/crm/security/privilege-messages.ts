import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { badRequest, shown } from '../../odata/bad-request.ts';
import { at, identifier } from '../../odata/identifier.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Call, Operation } from '../../odata/operations.ts';
import type { Right, Row, Session, WriteSession } from '../../odata/session.ts';
import { isGuid } from '../../odata/values.ts';
import { newId } from '../../odata/write/new-id.ts';
import { nextVersion } from '../../odata/changes/version.ts';
import { requireRow } from '../../odata/write/write.ts';
import { readParameters } from '../parameters.ts';
import { writeAccessRights } from './access-rights.ts';
import { readBusinessUnits } from './business-units.ts';
import { readEntityParameter } from './entity-parameter.ts';
import { isAdministrator, isPrivileged, reachCondition } from './reach.ts';
import { depths } from './ready-made-roles.ts';
import { administratorsOnly } from './refusals.ts';
import { rights } from './rights.ts';
import { readStanding, type Principal } from './standing.ts';
import { readTeams } from './teams.ts';

const depthNames = new Map<number, string>([
  [depths.basic, 'Basic'],
  [depths.local, 'Local'],
  [depths.deep, 'Deep'],
  [depths.global, 'Global'],
]);

function principalAccess(kind: Principal['kind']): Operation {
  return {
    name: 'RetrievePrincipalAccess',
    kind: 'function',
    boundTo: kind,
    async run({ parameters, session, id }: Call) {
      const read = readParameters('RetrievePrincipalAccess', parameters, ['Target']);
      const target = await readEntityParameter(session, 'Target', read.object('Target'));
      await requireRow(session, target.table, target.id);
      const bound = await requireRow(session, tableOf(session.model, kind), id);
      const found = await rightsOf(session, await principalOf(session, kind, bound), target.table.name, target.id);
      const context = `${session.root}$metadata#Microsoft.Dynamics.CRM.RetrievePrincipalAccessResponse`;
      return { status: 200, headers: {}, body: { '@odata.context': context, AccessRights: writeAccessRights(found) } };
    },
  };
}

/** The rights that a user or a team has to one row, by whatever way. */
export const retrievePrincipalAccess: readonly Operation[] = [principalAccess('systemuser'), principalAccess('team')];

async function principalOf(session: Session, kind: Principal['kind'], row: Row): Promise<Principal> {
  const { root } = await readBusinessUnits(session.queries);
  const unit = row['businessunitid'];
  return { kind, id: String(row[`${kind}id`]), unit: typeof unit === 'string' ? unit : root };
}

async function rightsOf(session: Session, principal: Principal, tableName: string, id: string): Promise<Set<Right>> {
  const { queries, engine, model } = session;
  const table = tableOf(model, tableName);
  const standing = await readStanding(queries, engine, principal, await readBusinessUnits(queries));
  const found = new Set<Right>();
  for (const right of rights) {
    if (!isPrivileged(model, standing, right, table)) continue;
    const condition =
      reachCondition({ engine, model, standing, use: 'check' }, right, table, 't0') ?? sql<boolean>`1 = 1`;
    const { rows } = await sql`select 1 from ${identifier(table.name)} as t0
      where ${at('t0', table.key)} = ${id} and ${condition}`.execute(queries);
    if (rows.length > 0) found.add(right);
  }
  return found;
}

interface RolePrivilege {
  id: string;
  name: string;
  depth: number;
  unit: string | null;
}

/** All privileges of a user, of its own roles and of its teams': the deepest of each. */
export const retrieveUserPrivileges: Operation = {
  name: 'RetrieveUserPrivileges',
  kind: 'function',
  boundTo: 'systemuser',
  async run({ session, id }) {
    const user = await requireRow(session, tableOf(session.model, 'systemuser'), id);
    const teams = await readTeams(session.queries, session.engine, [id]);
    const ofTeams = isOneOf(
      session.engine,
      sql.ref('teamid'),
      teams.map((team) => team.id),
    );
    const held = sql`select roleid from systemuserroles where systemuserid = ${id}
      union select roleid from teamroles where ${ofTeams}`;
    return answerPrivileges(session, 'RetrieveUserPrivileges', await readPrivileges(session, held, unitOf(user)));
  },
};

export const retrieveRolePrivileges: Operation = {
  name: 'RetrieveRolePrivilegesRole',
  kind: 'function',
  async run({ parameters, session }) {
    const roleId = parameters.get('RoleId');
    if (typeof roleId !== 'string' || !isGuid(roleId))
      throw badRequest('RetrieveRolePrivilegesRole needs the parameter RoleId.', '0x80048d19');
    const role = await requireRow(session, tableOf(session.model, 'role'), roleId.toLowerCase());
    const held = sql`select ${roleId.toLowerCase()}`;
    return answerPrivileges(session, 'RetrieveRolePrivilegesRole', await readPrivileges(session, held, unitOf(role)));
  },
};

function unitOf({ businessunitid }: Row): string | null {
  return typeof businessunitid === 'string' ? businessunitid : null;
}

async function readPrivileges(
  { queries }: Session,
  roles: ReturnType<typeof sql>,
  unit: string | null,
): Promise<RolePrivilege[]> {
  const { rows } = await sql<RolePrivilege>`select privilege.privilegeid as id, privilege.name,
      max(given.privilegedepthmask) as depth from roleprivileges as given
    join privilege on privilege.privilegeid = given.privilegeid
    where given.roleid in (${roles}) group by privilege.privilegeid, privilege.name order by privilege.name`.execute(
    queries,
  );
  return rows.map((row) => ({ ...row, depth: Number(row.depth), unit }));
}

function answerPrivileges({ root }: Session, message: string, privileges: readonly RolePrivilege[]) {
  const body = {
    '@odata.context': `${root}$metadata#Microsoft.Dynamics.CRM.${message}Response`,
    RolePrivileges: privileges.map(({ id, name, depth, unit }) => ({
      Depth: depthNames.get(depth) ?? 'Basic',
      PrivilegeId: id,
      BusinessUnitId: unit,
      PrivilegeName: name,
    })),
  };
  return { status: 200, headers: {}, body };
}

const MOST = 10_000;

/** Administrators make roles of their own with these; the administrators' role itself cannot be changed. */
function changingRole(name: 'AddPrivilegesRole' | 'ReplacePrivilegesRole'): Operation {
  return {
    name,
    kind: 'action',
    boundTo: 'role',
    async run(call) {
      const given = call.parameters.get('Privileges');
      if (!Array.isArray(given) || given.length > MOST)
        throw badRequest(`${name} needs the list Privileges, of at most ${MOST}.`, '0x80048d19');
      await call.transaction(async (session) => {
        await demandOwnRole(session, call.id);
        const wanted = await readWanted(session, given);
        if (name === 'ReplacePrivilegesRole')
          await sql`delete from roleprivileges where roleid = ${call.id}`.execute(session.queries);
        await giveTo(session, call.id, wanted);
        await touchRole(session, call.id);
      });
      return { status: 204, headers: {} };
    },
  };
}

export const addPrivilegesRole = changingRole('AddPrivilegesRole');
export const replacePrivilegesRole = changingRole('ReplacePrivilegesRole');

export const removePrivilegeRole: Operation = {
  name: 'RemovePrivilegeRole',
  kind: 'action',
  boundTo: 'role',
  async run(call) {
    const parameters = readParameters('RemovePrivilegeRole', call.parameters, ['PrivilegeId']);
    const privilegeId = parameters.text('PrivilegeId').toLowerCase();
    await call.transaction(async (session) => {
      await demandOwnRole(session, call.id);
      await sql`delete from roleprivileges where roleid = ${call.id} and privilegeid = ${privilegeId}`.execute(
        session.queries,
      );
      await touchRole(session, call.id);
    });
    return { status: 204, headers: {} };
  },
};

async function demandOwnRole(session: WriteSession, roleId: string): Promise<void> {
  const role = await requireRow(session, tableOf(session.model, 'role'), roleId);
  if (!isAdministrator(session.caller.standing)) throw administratorsOnly(session.caller, 'change roles');
  if (role['roletemplateid'] !== null)
    throw badRequest('The System Administrator role cannot be changed.', '0x80040203');
}

/** A new version of the role; what is kept about callers is forgotten after the write, as for every change of a role. */
async function touchRole(session: WriteSession, roleId: string): Promise<void> {
  const table = tableOf(session.model, 'role');
  const version = await nextVersion(session.queries, session.engine);
  await sql`update role set versionnumber = ${version} where roleid = ${roleId}`.execute(session.queries);
  await session.access.writes.afterUpdate(session, table, { roleid: roleId }, new Map());
}

/** `{ PrivilegeId, Depth }`; the name does instead of the id. @returns privilege -> depth */
async function readWanted({ queries }: Session, given: readonly unknown[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; name: string }>`select privilegeid as id, name from privilege`.execute(
    queries,
  );
  const known = new Map(rows.flatMap(({ id, name }) => [[id, id] as const, [name.toLowerCase(), id] as const]));
  const wanted = new Map<string, number>();
  for (const each of given) {
    const privilege = typeof each === 'object' && each !== null ? new Map(Object.entries(each)) : new Map();
    const named: unknown = privilege.get('PrivilegeId') ?? privilege.get('PrivilegeName');
    const id = typeof named === 'string' ? known.get(named.toLowerCase()) : undefined;
    if (id === undefined) throw badRequest(`${shown(String(named))} is not a privilege.`, '0x80048d19');
    const depth = [...depthNames].find(([, name]) => name === privilege.get('Depth'))?.[0];
    if (depth === undefined)
      throw badRequest(`The Depth of a privilege is Basic, Local, Deep or Global.`, '0x80048d19');
    wanted.set(id, depth);
  }
  return wanted;
}

async function giveTo({ queries, engine, now }: WriteSession, roleId: string, wanted: ReadonlyMap<string, number>) {
  const version = await nextVersion(queries, engine);
  for (const [privilegeId, depth] of wanted) {
    await sql`insert into roleprivileges (roleprivilegeid, versionnumber, roleid, privilegeid, privilegedepthmask)
      values (${newId(now())}, ${version}, ${roleId}, ${privilegeId}, ${depth})
      on conflict (roleid, privilegeid) do update set privilegedepthmask = excluded.privilegedepthmask,
        versionnumber = excluded.versionnumber`.execute(queries);
  }
}
