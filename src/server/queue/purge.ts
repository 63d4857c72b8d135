import { sql, type RawBuilder } from 'kysely';
import { isOneOf } from '../db/engine.ts';
import { removeAttachments, removeChunks } from './attachments.ts';
import type { Scope } from './scope.ts';

const day = 24 * 60 * 60 * 1000;

/** Rows of one statement, so that none keeps others waiting. */
const most = 2_000;

/**
 * Results older than 90 days, events older than 30, bytes that nobody claimed for a day. What was refused stays until its owner
 * drops it or tries it again, and so do its attachments.
 */
export async function purge(scope: Scope): Promise<void> {
  const { tables, engine, now } = scope;
  const before = (days: number): RawBuilder<number> => sql`${now()} - ${sql.lit(days * day)}`;
  await repeatedly(async () => {
    const { numAffectedRows } = await sql`delete from ledger_change where seq in (select seq from ledger_change
      where state <> 'queued' and state in ('done', 'dropped') and changed_at < ${before(90)}
      limit ${sql.lit(most)})`.execute(tables);
    return numAffectedRows;
  });
  // Cursors grow with time, so only the oldest are looked at.
  await repeatedly(async () => {
    const { numAffectedRows } = await sql`delete from ledger_event where cursor in (select cursor from
      (select cursor, at from ledger_event order by cursor limit ${sql.lit(most)}) as oldest
      where at < ${before(30)})`.execute(tables);
    return numAffectedRows;
  });
  const { rows } = await sql<{ change_id: string }>`select distinct change_id from ledger_attachment as a
    where stored_at < ${before(1)} and not exists (select 1 from ledger_change as c
      where c.id = a.change_id and c.state in ('queued', 'refused', 'conflict'))
    limit ${sql.lit(most)}`.execute(tables);
  const unwanted = isOneOf(
    engine,
    sql`change_id`,
    rows.map((row) => row.change_id),
  );
  for (const remove of [removeChunks, removeAttachments]) await remove(unwanted).execute(tables);
  await sql`delete from ledger_chunk where stored_at < ${before(1)} and not exists
    (select 1 from ledger_attachment as a where a.upload = ledger_chunk.upload)`.execute(tables);
}

async function repeatedly(remove: () => Promise<bigint | undefined>): Promise<void> {
  while ((await remove()) === BigInt(most));
}
