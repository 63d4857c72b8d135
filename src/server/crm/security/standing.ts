import { sql } from 'kysely';
import { isOneOf, type Engine, type Queries } from '../../db/engine.ts';
import type { ColumnUse, Reach, Right, Standing } from '../../odata/session.ts';
import type { BusinessUnits } from './business-units.ts';
import { readReports, type Reports } from './hierarchy.ts';
import { ACT_FOR_OTHERS, ADMINISTRATOR_TEMPLATE, depths } from './ready-made-roles.ts';
import { masks } from './rights.ts';
import { readTeams, type Team } from './teams.ts';

/** A user, or a team seen as if it acted. */
export interface Principal {
  kind: 'systemuser' | 'team';
  id: string;
  unit: string;
}

/** A role as somebody has it: directly, or through a team. */
interface Held {
  roleId: string;
  isAdministrator: boolean;
  /** The team that brings the role. */
  team: Team | undefined;
  /** Whether a team's role also counts for what its members own themselves. */
  inherited: boolean;
}

interface Grant {
  roleId: string;
  name: string;
  table: string | null;
  mask: number;
  depth: number;
}

/** Reads what a principal's roles, teams, reports and column profiles come to, with a handful of queries. */
export async function readStanding(
  queries: Queries,
  engine: Engine,
  principal: Principal,
  units: BusinessUnits,
): Promise<Standing> {
  const isUser = principal.kind === 'systemuser';
  const own: Team = { id: principal.id, unit: principal.unit, owns: true };
  const teams = isUser ? await readTeams(queries, engine, [principal.id]) : [own];
  const held = await readRoles(queries, engine, isUser ? principal.id : undefined, teams);
  const grants = await readGrants(queries, engine, [...new Set(held.map(({ roleId }) => roleId))]);
  const reports = isUser
    ? await readReports(queries, engine, { userId: principal.id, unit: principal.unit, units })
    : undefined;
  const administrator = held.some(({ isAdministrator }) => isAdministrator);
  return {
    administrator,
    actsForOthers: grants.some(({ name }) => name === ACT_FOR_OTHERS),
    teams: teams.map(({ id }) => id),
    reaches: administrator ? new Map() : reachesOf(principal, units, teams, held, grants, reports),
    secured: await readSecured(queries),
    columns: await readColumns(queries, engine, isUser ? principal.id : '', teams),
    within: undefined,
  };
}

async function readRoles(
  queries: Queries,
  engine: Engine,
  userId: string | undefined,
  teams: readonly Team[],
): Promise<Held[]> {
  const ofTeams = isOneOf(
    engine,
    sql.ref('teamroles.teamid'),
    teams.filter(({ owns }) => owns).map(({ id }) => id),
  );
  const { rows } = await sql<{ id: string; template: string | null; inherited: number | null; team: string | null }>`
    select role.roleid as id, role.roletemplateid as template, role.isinherited as inherited, null as team
      from systemuserroles join role on role.roleid = systemuserroles.roleid where systemuserroles.systemuserid = ${userId ?? ''}
    union all
    select role.roleid, role.roletemplateid, role.isinherited, teamroles.teamid
      from teamroles join role on role.roleid = teamroles.roleid where ${ofTeams}`.execute(queries);
  return rows.map(({ id, template, inherited, team }) => ({
    roleId: id,
    isAdministrator: template === ADMINISTRATOR_TEMPLATE,
    team: teams.find((each) => each.id === team),
    inherited: Number(inherited ?? 1) === 1,
  }));
}

async function readGrants(queries: Queries, engine: Engine, roleIds: readonly string[]): Promise<Grant[]> {
  if (roleIds.length === 0) return [];
  const { rows } = await sql<Grant>`select given.roleid as ${sql.ref('roleId')}, privilege.name,
    privilege.objecttypecode as ${sql.ref('table')}, privilege.accessright as mask, given.privilegedepthmask as depth
    from roleprivileges as given join privilege on privilege.privilegeid = given.privilegeid
    where ${isOneOf(engine, sql.ref('given.roleid'), roleIds)}`.execute(queries);
  return rows;
}

const rightsByMask = new Map([...masks].map(([right, mask]) => [mask, right]));

/** A reach while it is put together. */
interface Growing {
  everywhere: boolean;
  owners: Set<string>;
  units: Set<string>;
  sharedWith: Set<string>;
}

function reachesOf(
  principal: Principal,
  units: BusinessUnits,
  teams: readonly Team[],
  held: readonly Held[],
  grants: readonly Grant[],
  reports: Reports | undefined,
): ReadonlyMap<string, ReadonlyMap<Right, Reach>> {
  const growing = new Map<string, Map<Right, Growing>>();
  for (const role of held) {
    for (const { table, mask, depth } of grants.filter(({ roleId }) => roleId === role.roleId)) {
      const right = rightsByMask.get(Number(mask));
      if (table === null || right === undefined) continue;
      const ofTable = growing.get(table) ?? new Map<Right, Growing>();
      growing.set(table, ofTable);
      const reach = ofTable.get(right) ?? nowhere();
      ofTable.set(right, reach);
      extend(reach, Number(depth), role, principal, units, teams);
    }
  }
  for (const ofTable of growing.values()) for (const [right, reach] of ofTable) addReports(reach, right, reports);
  return new Map([...growing].map(([table, ofTable]) => [table, new Map([...ofTable].map(settled))]));
}

function nowhere(): Growing {
  return { everywhere: false, owners: new Set(), units: new Set(), sharedWith: new Set() };
}

function settled([right, reach]: [Right, Growing]): [Right, Reach] {
  const { everywhere, owners, units, sharedWith } = reach;
  return [right, { everywhere, owners: [...owners], units: [...units], sharedWith: [...sharedWith] }];
}

/**
 * What is owned by the principal, or by a team it is in, is reached at any depth; only a team's role of user depth that its
 * members do not inherit counts for nothing but the team's own rows.
 */
function extend(
  reach: Growing,
  depth: number,
  { team, inherited }: Held,
  principal: Principal,
  units: BusinessUnits,
  teams: readonly Team[],
): void {
  const unit = team === undefined ? principal.unit : (team.unit ?? units.root);
  const isTeamOnly = team !== undefined && !inherited && depth === depths.basic;
  const members = isTeamOnly ? [team] : teams;
  for (const { id, owns } of members) {
    if (owns) reach.owners.add(id);
    reach.sharedWith.add(id);
  }
  if (!isTeamOnly) reach.owners.add(principal.id);
  if (!isTeamOnly) reach.sharedWith.add(principal.id);
  if (depth === depths.local) reach.units.add(unit);
  if (depth === depths.deep) for (const id of units.withDescendants(unit)) reach.units.add(id);
  if (depth === depths.global) reach.everywhere = true;
}

const ofManagers: ReadonlySet<Right> = new Set<Right>(['read', 'write', 'append', 'appendTo']);

function addReports(reach: Growing, right: Right, reports: Reports | undefined): void {
  if (reports === undefined || !ofManagers.has(right)) return;
  const { owners, sharedWith } = right === 'read' ? reports.all : reports.direct;
  for (const id of owners) reach.owners.add(id);
  for (const id of sharedWith) reach.sharedWith.add(id);
}

async function readSecured(queries: Queries): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ table: string; column: string }>`select entityname as ${sql.ref('table')},
    attributelogicalname as ${sql.ref('column')} from securedcolumn`.execute(queries);
  return new Set(rows.map(({ table, column }) => `${table}.${column}`));
}

async function readColumns(
  queries: Queries,
  engine: Engine,
  userId: string,
  teams: readonly Team[],
): Promise<ReadonlyMap<string, ReadonlySet<ColumnUse>>> {
  const { rows } = await sql<{ table: string; column: string; read: number; create: number; update: number }>`
    select entityname as ${sql.ref('table')}, attributelogicalname as ${sql.ref('column')},
      canread as ${sql.ref('read')}, cancreate as ${sql.ref('create')}, canupdate as ${sql.ref('update')}
    from fieldpermission where fieldsecurityprofileid in (
      select fieldsecurityprofileid from systemuserprofiles where systemuserid = ${userId}
      union select fieldsecurityprofileid from teamprofiles
        where ${isOneOf(
          engine,
          sql.ref('teamid'),
          teams.map(({ id }) => id),
        )})`.execute(queries);
  const found = new Map<string, Set<ColumnUse>>();
  for (const row of rows) {
    const uses = found.get(`${row.table}.${row.column}`) ?? new Set();
    found.set(`${row.table}.${row.column}`, uses);
    for (const use of ['read', 'create', 'update'] as const) if (Number(row[use]) > 0) uses.add(use);
  }
  return found;
}
