import { sql } from 'kysely';
import type { Engine } from '../db/engine.ts';
import { isFoundBy } from './records.ts';
import type { Writer } from './scope.ts';
import type { Effect } from './write.ts';

/** The oldest queued row of each lane that has lost a row is its head, whether it was before or not. */
export function nameHeads(engine: Engine): Effect {
  return (changed) => sql`update ledger_change set head = 1
    from (select (select min(q.seq) from ledger_change as q
        where q.state = 'queued' and q.lane = changed.lane and q.seq <> changed.seq) as next_seq
      from ${changed} where changed.state <> 'queued') as next
    where ${isFoundBy(engine, sql`ledger_change.seq`, sql`next_seq`)} and head = 0`;
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
