import { sql } from 'kysely';
import { isOneOf, type Engine, type Queries } from '../../db/engine.ts';
import type { BusinessUnits } from './business-units.ts';
import { readTeams } from './teams.ts';

/** Whose rows a manager reaches, besides what roles say. */
export interface Reports {
  /** May be read, changed and tied to others. */
  direct: Principals;
  /** All levels down to the set depth, the direct ones included: may be read. */
  all: Principals;
}

export interface Principals {
  /** Users and the owner teams they are in. */
  owners: readonly string[];
  /** Also their access teams: who shares are with. */
  sharedWith: readonly string[];
}

/** Levels beyond this are not looked for, whatever the organisation has set. */
const DEEPEST = 20;

/**
 * The manager hierarchy, if the organisation has switched it on; a report counts only when the manager is in the same
 * business unit or one above it.
 */
export async function readReports(
  queries: Queries,
  engine: Engine,
  manager: { userId: string; units: BusinessUnits; unit: string },
): Promise<Reports | undefined> {
  const depth = await readDepth(queries);
  if (depth === 0) return undefined;
  const below = new Set(manager.units.withDescendants(manager.unit));
  const seen = new Set([manager.userId]);
  const levels: string[][] = [];
  let level = [manager.userId];
  while (levels.length < depth && level.length > 0) {
    const { rows } = await sql<{ id: string; unit: string | null }>`select systemuserid as id, businessunitid as unit
      from systemuser where ${isOneOf(engine, sql.ref('parentsystemuserid'), level)}`.execute(queries);
    const next = rows.filter(({ id }) => !seen.has(id));
    for (const { id } of next) seen.add(id);
    level = next.map(({ id }) => id);
    levels.push(next.filter(({ unit }) => below.has(unit ?? manager.units.root)).map(({ id }) => id));
  }
  const [direct = []] = levels;
  if (levels.flat().length === 0) return undefined;
  return {
    direct: await principals(queries, engine, direct),
    all: await principals(queries, engine, levels.flat()),
  };
}

async function readDepth(queries: Queries): Promise<number> {
  const { rows } = await sql<{ enabled: number | null; depth: number | null }>`
    select ishierarchicalsecuritymodelenabled as enabled, maxdepthforhierarchicalsecuritymodel as depth from organization`.execute(
    queries,
  );
  if (Number(rows[0]?.enabled ?? 0) === 0) return 0;
  return Math.max(0, Math.min(DEEPEST, Number(rows[0]?.depth ?? 3)));
}

async function principals(queries: Queries, engine: Engine, users: readonly string[]): Promise<Principals> {
  const teams = await readTeams(queries, engine, users);
  return {
    owners: [...users, ...teams.filter(({ owns }) => owns).map(({ id }) => id)],
    sharedWith: [...users, ...teams.map(({ id }) => id)],
  };
}
