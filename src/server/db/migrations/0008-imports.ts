import { sql, type Kysely } from 'kysely';
import type { Step } from './step.ts';

/** What became of each import, so that the same one, sent again, has no effect; `file` is the hash of what was sent. */
async function up(db: Kysely<object>): Promise<void> {
  await sql`create table crm_import (
    importid text primary key, owner text not null, file text not null, result text not null, createdon text not null)`.execute(
    db,
  );
}

export const importTables: Step = { up };
