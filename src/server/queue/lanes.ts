import { sql } from 'kysely';
import { recordsAs } from './records.ts';
import type { Scope } from './scope.ts';

/** Makes the oldest queued row of each lane its head, after the one before it has gone; only as the ledger's writer. */
export async function nameHeads({ tables, engine }: Scope, lanes: readonly string[]): Promise<void> {
  if (lanes.length === 0) return;
  const given = recordsAs(
    engine,
    { wanted: 'text' },
    [...new Set(lanes)].map((wanted) => ({ wanted })),
  );
  await sql`update ledger_change set head = 1
    from (select (select min(q.seq) from ledger_change as q where q.state = 'queued' and q.lane = wanted) as next_seq
      from ${given}) as next
    where seq = next_seq`.execute(tables);
}

/**
 * A program of the version before, still running beside this one on the same PostgreSQL, knows no heads: it leaves them on rows
 * it finished, and lanes without one.
 */
export async function mendHeads({ tables }: Scope): Promise<void> {
  await sql`update ledger_change set head = 0 where head = 1 and state <> 'queued'`.execute(tables);
  await sql`update ledger_change set head = 1 where seq in (
    select min(q.seq) from ledger_change as q where q.state = 'queued'
      and not exists (select 1 from ledger_change as h where h.head = 1 and h.lane = q.lane)
    group by q.lane)`.execute(tables);
}
