import { sql } from 'kysely';
import type { Engine, Queries } from '../../db/engine.ts';
import type { Model } from '../../odata/metadata.ts';
import { newId } from '../../odata/write/new-id.ts';
import { nextVersion } from '../../odata/changes/version.ts';
import type { Right } from '../../odata/session.ts';
import { ACT_FOR_OTHERS, ADMINISTRATOR, ADMINISTRATOR_TEMPLATE, depths, readyMadeRoles } from './ready-made-roles.ts';
import { maskOf, privilegedTables, privilegeName, rights } from './rights.ts';

interface Privilege {
  id: string;
  name: string;
  /** Missing for a privilege that is about no table. */
  about: { right: Right; table: string } | undefined;
}

/**
 * Makes the privileges of tables that have none yet, and gives them to the ready-made roles, once: what an administrator
 * changes in a role later stays changed. To be called at the start and after a table was added.
 * Tables that this organisation added are the administrators' alone at first; their names have a publisher's prefix.
 */
export async function ensurePrivileges(session: {
  queries: Queries;
  engine: Engine;
  model: Model;
  now: () => Date;
}): Promise<void> {
  const { queries, engine, model, now } = session;
  const { rows } = await sql<{ name: string }>`select name from privilege`.execute(queries);
  const known = new Set(rows.map(({ name }) => name));
  const fresh = wanted(model)
    .filter(({ name }) => !known.has(name))
    .map((privilege) => ({ ...privilege, id: newId(now()) }));
  if (fresh.length === 0) return;
  const version = await nextVersion(queries, engine);
  await insert(
    queries,
    'privilege (privilegeid, versionnumber, name, accessright, objecttypecode)',
    fresh.map(({ id, name, about }) => [
      id,
      version,
      name,
      about === undefined ? 0 : maskOf(about.right),
      about?.table ?? null,
    ]),
  );
  await giveToRoles(queries, fresh, version, now);
  await sql`update role set roletemplateid = ${ADMINISTRATOR_TEMPLATE} where name = ${ADMINISTRATOR}
    and roletemplateid is null and not exists (select 1 from role as other where other.roletemplateid = ${ADMINISTRATOR_TEMPLATE})`.execute(
    queries,
  );
}

function wanted(model: Model): Omit<Privilege, 'id'>[] {
  const ofTables = privilegedTables(model).flatMap((table) =>
    rights.map((right) => ({ name: privilegeName(right, table), about: { right, table } })),
  );
  return [...ofTables, { name: ACT_FOR_OTHERS, about: undefined }];
}

async function giveToRoles(
  queries: Queries,
  fresh: readonly Privilege[],
  version: number,
  now: () => Date,
): Promise<void> {
  const { rows } = await sql<{ id: string; name: string }>`select roleid as id, name from role`.execute(queries);
  const given = readyMadeRoles.flatMap(({ name, depth, actsForOthers }) => {
    const role = rows.find((row) => row.name === name);
    if (role === undefined) return [];
    return fresh.flatMap(({ id, about }) => {
      const isClosed = about !== undefined && about.table.includes('_') && name !== ADMINISTRATOR;
      const own = about === undefined ? (actsForOthers ? 'global' : 'none') : depth(about.right, about.table);
      const reach = isClosed ? 0 : depths[own];
      return reach === 0 ? [] : [[newId(now()), version, role.id, id, reach]];
    });
  });
  await insert(
    queries,
    'roleprivileges (roleprivilegeid, versionnumber, roleid, privilegeid, privilegedepthmask)',
    given,
  );
}

const AT_ONCE = 500;

async function insert(
  queries: Queries,
  into: string,
  rows: readonly (readonly (string | number | null)[])[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const values = rows.slice(from, from + AT_ONCE).map((row) => sql`(${sql.join([...row])})`);
    await sql`insert into ${sql.raw(into)} values ${sql.join(values)}`.execute(queries);
  }
}
