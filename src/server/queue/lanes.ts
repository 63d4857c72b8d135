import { sql } from 'kysely';
import { recordsAs } from './records.ts';
import type { Writer } from './scope.ts';

/** Makes the oldest queued row of each lane its head, after the one before it has gone. */
export function nameHeads({ ahead, engine }: Writer, lanes: readonly string[]): void {
  if (lanes.length === 0) return;
  const given = recordsAs(
    engine,
    { wanted: 'text' },
    [...new Set(lanes)].map((wanted) => ({ wanted })),
  );
  ahead(sql`update ledger_change set head = 1
    from (select (select min(q.seq) from ledger_change as q where q.state = 'queued' and q.lane = wanted) as next_seq
      from ${given}) as next
    where seq = next_seq`);
}

/**
 * A program of the version before, still running beside this one on the same PostgreSQL, knows no heads: it leaves them on rows
 * it finished, and lanes without one.
 */
export async function mendHeads({ ahead }: Writer): Promise<void> {
  ahead(sql`update ledger_change set head = 0 where head = 1 and state <> 'queued'`);
  ahead(sql`update ledger_change set head = 1 where seq in (
    select min(q.seq) from ledger_change as q where q.state = 'queued'
      and not exists (select 1 from ledger_change as h where h.head = 1 and h.lane = q.lane)
    group by q.lane)`);
}
