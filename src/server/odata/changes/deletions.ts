import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { identifier } from '../identifier.ts';
import type { Table } from '../metadata.ts';
import type { Session, WriteSession } from '../session.ts';
import { nextVersion } from './version.ts';

const DAY = 86_400_000;
const USUAL_DAYS = 7;
/** Traces that one deletion sweeps away at most: more than it leaves, so they do not pile up. */
const SWEPT = 1_000;

/** Leaves a trace of the rows that are about to be deleted, in the same transaction, and sweeps away what is too old. */
export async function recordDeletions(
  session: WriteSession,
  table: Table,
  condition: RawBuilder<unknown>,
): Promise<void> {
  if (!table.tracked) return;
  const { queries, engine } = session;
  const version = await nextVersion(queries, engine);
  const now = session.now().getTime();
  await sql`insert into deleted_row (tablename, id, versionnumber, deletedat)
    select cast(${table.name} as text), ${identifier(table.key)}, cast(${version} as bigint), cast(${now} as bigint)
    from ${identifier(table.name)} where ${condition}`.execute(queries);
  // A token that has just not expired must still find everything.
  const tooOld = now - ((await keptDays(session)) + 1) * DAY;
  // What another transaction is sweeping already is left to it: waiting for one another could end in a deadlock.
  const [row, lock] = engine === 'postgres' ? [sql`ctid`, sql` for update skip locked`] : [sql`rowid`, sql``];
  await sql`delete from deleted_row where ${row} in
    (select ${row} from deleted_row where deletedat < ${tooOld}${limit(SWEPT)}${lock})`.execute(queries);
}

/** For how many days changes can be asked for: `organization.expirechangetrackingindays`. */
export async function keptDays({ queries }: Session): Promise<number> {
  const { rows } = await sql<{
    days: number | null;
  }>`select expirechangetrackingindays as days from organization limit 1`.execute(queries);
  return rows[0]?.days ?? USUAL_DAYS;
}

export interface Deletion {
  id: string;
  version: number;
}

/** Which of a table's deleted rows: `after` is where the page before ended. */
export interface DeletedRange {
  since: number;
  until: number;
  after: Deletion | undefined;
}

/** Rows that were deleted and made again under the same id are not gone. */
function deletedRows(table: Table, { since, until, after }: DeletedRange): RawBuilder<unknown> {
  const behind =
    after === undefined
      ? sql``
      : sql` and (d.versionnumber > ${after.version} or (d.versionnumber = ${after.version} and d.id > ${after.id}))`;
  return sql`from deleted_row as d where d.tablename = ${table.name} and d.versionnumber > ${since} and d.versionnumber <= ${until}${behind}
    and not exists (select 1 from ${identifier(table.name)} as t where t.${identifier(table.key)} = d.id)`;
}

export async function readDeletions(
  { queries }: Session,
  table: Table,
  range: DeletedRange,
  most: number,
): Promise<Deletion[]> {
  const { rows } = await sql<Deletion>`select d.id as id, d.versionnumber as version ${deletedRows(table, range)}
    order by d.versionnumber, d.id${limit(most)}`.execute(queries);
  return rows;
}

export async function countDeletions({ queries }: Session, table: Table, range: DeletedRange): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n ${deletedRows(table, range)}`.execute(queries);
  return Number(rows[0]?.n ?? 0);
}
