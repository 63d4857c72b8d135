import type { Generated, Kysely } from 'kysely';
import type { Queries } from '../db/engine.ts';

/**
 * The ledger's rows as migrations 0002, 0012 and 0015 make them. Times are milliseconds since 1970. Statements name `head` and
 * `state` with literals: SQLite finds a partial index only where its condition stands word for word.
 */
export type LedgerTables = {
  ledger_change: {
    seq: Generated<number>;
    id: string;
    owner: string;
    lane: string;
    kind: string;
    body: string;
    state: LedgerState;
    /** 1: the oldest queued row of its lane, the only one that may be claimed; a unique index says so. */
    head: number;
    attempts: number;
    /** Claims in a row whose worker was never heard of again. */
    deaths: number;
    outage: number;
    due_at: number;
    lease_until: number | null;
    generation: number;
    reason_code: string | null;
    reason_message: string | null;
    result: string | null;
    /** What a try found, as JSON, or `null` when its outcome was heard; absent as long as the body says it. */
    tried: string | null;
    accepted_at: number;
    changed_at: number;
  };
  ledger_attachment: {
    change_id: string;
    part: number;
    owner: string;
    /** Its chunks; written last, so that an upload cut short is none. */
    upload: string;
    size: number;
    stored_at: number;
  };
  ledger_chunk: { upload: string; number: number; stored_at: number; bytes: Uint8Array };
  ledger_event: { cursor: Generated<number>; owner: string; status: string; at: number };
  /** Mails that a person untracked; `removed`: and their record with it. */
  ledger_kept: { item_key: string; owner: string; at: number; removed: number };
};

/** `dropped`: refused, and its owner wants to hear no more of it. */
export type LedgerState = 'queued' | 'done' | 'conflict' | 'refused' | 'dropped';

/** The same connection or transaction, with the ledger's tables named. */
export function withLedger(queries: Queries): Kysely<LedgerTables> {
  return queries.withTables<LedgerTables>();
}
