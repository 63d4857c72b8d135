import type { Generated, Kysely } from 'kysely';
import type { Queries } from '../db/engine.ts';

/** The ledger's rows as migration 0002 makes them. */
export type LedgerTables = {
  ledger_change: {
    seq: Generated<number>;
    id: string;
    owner: string;
    lane: string;
    kind: string;
    body: string;
    state: LedgerState;
    attempts: number;
    outage: number;
    due_at: number;
    lease_until: number | null;
    generation: number;
    reason_code: string | null;
    reason_message: string | null;
    result: string | null;
    accepted_at: number;
    changed_at: number;
  };
  ledger_attachment: { change_id: string; part: number; owner: string; bytes: Uint8Array; stored_at: number };
  ledger_event: { cursor: Generated<number>; owner: string; status: string; at: number };
  ledger_kept: { item_key: string; owner: string; at: number };
};

export type LedgerState = 'queued' | 'done' | 'conflict' | 'refused';

/** The same connection or transaction, with the ledger's tables named. */
export function withLedger(queries: Queries): Kysely<LedgerTables> {
  return queries.withTables<LedgerTables>();
}
