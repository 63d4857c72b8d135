import { sql } from 'kysely';
import { isOneOf, type Engine, type Queries } from '../../db/engine.ts';

export interface Team {
  id: string;
  unit: string | null;
  /** An access team is shared with, but owns nothing. */
  owns: boolean;
}

export const ACCESS_TEAM = 1;

/** The teams that any of the users is in. */
export async function readTeams(queries: Queries, engine: Engine, users: readonly string[]): Promise<Team[]> {
  const { rows } = await sql<{ id: string; unit: string | null; teamtype: number | null }>`
    select team.teamid as id, team.businessunitid as unit, team.teamtype from team where team.teamid in
    (select teamid from teammembership where ${isOneOf(engine, sql.ref('systemuserid'), users)})
    order by team.teamid`.execute(queries);
  return rows.map(({ id, unit, teamtype }) => ({ id, unit, owns: Number(teamtype ?? 0) !== ACCESS_TEAM }));
}
