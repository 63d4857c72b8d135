import { sql } from 'kysely';
import { addColumns } from '../add-columns.ts';
import type { Step } from './step.ts';

/**
 * The ledger under a large backlog: the oldest queued row of every lane is marked as its head, so that what may be claimed next
 * is found by one index, however many wait behind. Attachments lie in chunks of a megabyte and are never whole in memory.
 */
export const ledgerHeads: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    await addColumns(db, engine, 'ledger_change', [
      'head integer not null default 0',
      'deaths integer not null default 0',
    ]);
    await run(`update ledger_change set head = 1
      where seq in (select min(seq) from ledger_change where state = 'queued' group by lane)`);
    await run('drop index ledger_change_due');
    await run('create index ledger_change_due on ledger_change (due_at, seq) where head = 1');
    await run('create unique index ledger_change_head on ledger_change (lane) where head = 1');
    await run(`create index ledger_change_open on ledger_change (owner, seq)
      where state in ('queued', 'conflict', 'refused')`);
    const bytes = engine === 'postgres' ? 'bytea' : 'blob';
    await run(`create table ledger_chunk (upload text not null, number integer not null, stored_at bigint not null,
      bytes ${bytes} not null, primary key (upload, number))`);
    await run(`insert into ledger_chunk (upload, number, stored_at, bytes)
      select change_id || '.' || part, 0, stored_at, bytes from ledger_attachment`);
    await run('alter table ledger_attachment rename to ledger_attachment_of_before');
    await run(`create table ledger_attachment (
      change_id text not null, part integer not null, owner text not null, upload text not null, size bigint not null,
      stored_at bigint not null, primary key (change_id, part))`);
    await run(`insert into ledger_attachment (change_id, part, owner, upload, size, stored_at)
      select change_id, part, owner, change_id || '.' || part, length(bytes), stored_at from ledger_attachment_of_before`);
    await run('drop table ledger_attachment_of_before');
    await run('create index ledger_attachment_upload on ledger_attachment (upload)');
    await run('create index ledger_chunk_stored on ledger_chunk (stored_at)');
  },
};
