import { sql } from 'kysely';
import type { Scope } from './scope.ts';
import { statusText } from './status.ts';
import type { Effect } from './write.ts';

export interface LedgerEvent {
  readonly cursor: number;
  /** ChangeStatus as JSON, ready to be sent. */
  readonly status: string;
}

/** Writes what became of rows to the event log, in the order of the ledger. */
export function eventsOf({ engine, now }: Pick<Scope, 'engine' | 'now'>): Effect {
  return (changed) => sql`insert into ledger_event (owner, status, at)
    select owner, ${statusText(engine)}, ${now()} from ${changed} order by seq`;
}

export function readEvents(
  { tables }: Scope,
  owner: string,
  after: number,
  limit: number,
): Promise<readonly LedgerEvent[]> {
  return tables
    .selectFrom('ledger_event')
    .select(['cursor', 'status'])
    .where('owner', '=', owner)
    .where('cursor', '>', after)
    .orderBy('cursor')
    .limit(limit)
    .execute();
}

export async function readLastCursor({ tables }: Scope): Promise<number> {
  const { last } = await tables
    .selectFrom('ledger_event')
    .select(({ fn }) => fn.max('cursor').as('last'))
    .executeTakeFirstOrThrow();
  return last ?? 0;
}

/** Who has news after a cursor, and up to where that was looked for. */
export async function readNews(
  { tables }: Scope,
  after: number,
): Promise<{ owners: ReadonlySet<string>; cursor: number }> {
  const rows = await tables
    .selectFrom('ledger_event')
    .select(['cursor', 'owner'])
    .where('cursor', '>', after)
    .orderBy('cursor')
    .limit(10_000)
    .execute();
  return { owners: new Set(rows.map(({ owner }) => owner)), cursor: rows.at(-1)?.cursor ?? after };
}
