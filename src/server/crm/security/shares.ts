import { sql } from 'kysely';
import { isOneOf, limit } from '../../db/engine.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { at, identifier } from '../../odata/identifier.ts';
import { tableOf, type Model, type Table } from '../../odata/metadata.ts';
import { isPolymorphic } from '../../odata/read/scope.ts';
import type { Row, Session, WriteSession } from '../../odata/session.ts';
import { newId } from '../../odata/write/new-id.ts';
import { nextVersion } from '../../odata/changes/version.ts';

/** Whom a row is shared with. */
export interface Sharer {
  id: string;
  type: 'systemuser' | 'team';
}

interface Share {
  principal: string;
  type: string;
  object: string;
  /** What was shared with this very row. */
  own: number;
  /** What came down from the rows it belongs to. */
  inherited: number;
}

/** Adds to what is shared already. */
export async function addShare(
  session: WriteSession,
  table: Table,
  id: string,
  to: Sharer,
  mask: number,
): Promise<void> {
  const existing = (await readShares(session, [id])).find(({ principal }) => principal === to.id);
  await setShare(session, table, id, to, (existing?.own ?? 0) | mask);
}

/** Sets the rights that are shared with this row itself; 0 takes them back. Children follow. */
export async function setShare(
  session: WriteSession,
  table: Table,
  id: string,
  to: Sharer,
  mask: number,
): Promise<void> {
  const existing = (await readShares(session, [id])).find(({ principal }) => principal === to.id);
  const inherited = existing?.inherited ?? 0;
  await store(session, table, { principal: to.id, type: to.type, object: id, own: mask, inherited });
  await inheritBelow(session, table, [id], { left: MOST, seen: new Set([id]) });
}

export async function readShares({ queries, engine }: Session, ids: readonly string[]): Promise<Share[]> {
  const { rows } = await sql<Share>`select principalid as principal, principaltypecode as type, objectid as object,
    accessrightsmask as own, inheritedaccessrightsmask as inherited from principalobjectaccess
    where ${isOneOf(engine, sql.ref('objectid'), ids)} order by principalid`.execute(queries);
  return rows.map((row) => ({ ...row, own: Number(row.own), inherited: Number(row.inherited) }));
}

async function store({ queries, engine, now }: WriteSession, table: Table, share: Share): Promise<void> {
  const { principal, type, object, own, inherited } = share;
  if (own === 0 && inherited === 0) {
    await sql`delete from principalobjectaccess where principalid = ${principal} and objecttypecode = ${table.name}
      and objectid = ${object}`.execute(queries);
    return;
  }
  await sql`insert into principalobjectaccess (principalobjectaccessid, versionnumber, principalid, principaltypecode,
      objectid, objecttypecode, accessrightsmask, inheritedaccessrightsmask)
    values (${newId(now())}, ${await nextVersion(queries, engine)}, ${principal}, ${type}, ${object}, ${table.name}, ${own}, ${inherited})
    on conflict (principalid, objecttypecode, objectid) do update set accessrightsmask = excluded.accessrightsmask,
      inheritedaccessrightsmask = excluded.inheritedaccessrightsmask, versionnumber = excluded.versionnumber`.execute(
    queries,
  );
}

export async function forgetShares({ queries }: WriteSession, id: string): Promise<void> {
  await sql`delete from principalobjectaccess where objectid = ${id}`.execute(queries);
}

/** A lookup through which a row takes over what its parent is shared with. */
interface SharingLookup {
  parent: Table;
  column: string;
}

const known = new WeakMap<Model, Map<string, SharingLookup[]>>();

export function sharingLookups(model: Model, table: Table): readonly SharingLookup[] {
  let all = known.get(model);
  if (all === undefined) {
    all = new Map();
    known.set(model, all);
    for (const parent of model.tables.values()) {
      for (const { target, column, cascades } of parent.collections.values())
        if (cascades.share === 'cascade') all.set(target, [...(all.get(target) ?? []), { parent, column }]);
    }
  }
  return all.get(table.name) ?? [];
}

/** Rows whose shares one change may touch. */
const MOST = 50_000;
const AT_ONCE = 500;

interface Budget {
  left: number;
  seen: Set<string>;
}

/** Gives the children of rows, and theirs, what the rows are shared with. */
async function inheritBelow(
  session: WriteSession,
  table: Table,
  ids: readonly string[],
  budget: Budget,
): Promise<void> {
  for (const { target, column, cascades } of table.collections.values()) {
    const child = tableOf(session.model, target);
    if (cascades.share !== 'cascade' || !child.owned || child.readOnly) continue;
    const typed = isPolymorphic(child, column) ? sql` and ${identifier(`${column}_type`)} = ${table.name}` : sql``;
    const { rows } = await sql<{ id: string }>`select ${identifier(child.key)} as id from ${identifier(child.name)}
      where ${isOneOf(session.engine, identifier(column), ids)}${typed}${limit(MOST + 1)}`.execute(session.queries);
    const next = rows.map(({ id }) => id).filter((id) => !budget.seen.has(id));
    for (const id of next) budget.seen.add(id);
    budget.left -= next.length;
    if (budget.left < 0) throw badRequest(`More than ${MOST} rows would be shared at once.`, '0x80044150');
    if (next.length > 0) await inherit(session, child, next, budget);
  }
}

/** Works out anew what rows inherit from all their parents, and passes it on. */
export async function inherit(
  session: WriteSession,
  table: Table,
  ids: readonly string[],
  budget: Budget = { left: MOST, seen: new Set(ids) },
): Promise<void> {
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    const now = new Map<string, Share>();
    for (const share of await readShares(session, some))
      now.set(`${share.object} ${share.principal}`, { ...share, inherited: 0 });
    for (const share of await readInherited(session, table, some)) {
      const key = `${share.object} ${share.principal}`;
      const known = now.get(key) ?? { ...share, own: 0, inherited: 0 };
      now.set(key, { ...known, inherited: known.inherited | share.inherited });
    }
    for (const share of now.values()) await store(session, table, share);
    if (now.size > 0) await inheritBelow(session, table, some, budget);
  }
}

async function readInherited(session: WriteSession, table: Table, ids: readonly string[]): Promise<Share[]> {
  const found: Share[] = [];
  for (const { parent, column } of sharingLookups(session.model, table)) {
    const typed = isPolymorphic(table, column) ? sql` and ${at('child', `${column}_type`)} = ${parent.name}` : sql``;
    const { rows } = await sql<Share>`select share.principalid as principal, share.principaltypecode as type,
        ${at('child', table.key)} as object, 0 as own,
        (share.accessrightsmask | share.inheritedaccessrightsmask) as inherited
      from ${identifier(table.name)} as child
      join principalobjectaccess as share on share.objectid = ${at('child', column)}${typed}
      where ${isOneOf(session.engine, at('child', table.key), ids)}`.execute(session.queries);
    found.push(...rows.map((row) => ({ ...row, own: 0, inherited: Number(row.inherited) })));
  }
  return found;
}

/** A new row takes over what the rows it belongs to are shared with. */
export async function inheritAtBirth(
  session: WriteSession,
  table: Table,
  values: ReadonlyMap<string, unknown>,
): Promise<void> {
  const parents = sharingLookups(session.model, table).map(({ column }) => values.get(column));
  const ids = [...new Set(parents)].filter((id) => typeof id === 'string');
  const own = values.get(table.key);
  if (ids.length === 0 || typeof own !== 'string' || !table.owned) return;
  const { rows } = await sql<Row>`select 1 from principalobjectaccess
    where ${isOneOf(session.engine, sql.ref('objectid'), ids)} limit 1`.execute(session.queries);
  if (rows.length > 0) await inherit(session, table, [own]);
}
