import { sql } from 'kysely';
import type { Step } from './step.ts';

/** Whoever untracked a mail may have removed its record, which is another mark than having kept it. */
export const removedMarks: Step = {
  async up(db) {
    // Not by addColumns: it puts columns behind the table's key, where SQLite takes none.
    await sql`alter table ledger_kept add column removed integer not null default 0`.execute(db);
  },
};
