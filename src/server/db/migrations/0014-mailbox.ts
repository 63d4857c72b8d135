import { sql } from 'kysely';
import type { Step } from './step.ts';

/**
 * Mailboxes that the daemon reads, what it found in them, and what became of it. Times are milliseconds since 1970.
 *
 * `next_at` is null while a mailbox is not to be read at all (switched off, not approved, given up), so that the index of what
 * is due holds nothing else. `due_at` of an item is null when nothing is to be done about it.
 */
export const mailboxTables: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    const counting =
      engine === 'postgres' ? 'bigint generated always as identity primary key' : 'integer primary key autoincrement';
    const real = engine === 'postgres' ? 'double precision' : 'real';
    await run(`create table mailbox_account (
      id text primary key, address text not null, address_folded text not null unique, owner text not null,
      kind text not null, queue_id text, source text not null, secret text, settings text not null,
      state text not null, code text, message text, approved integer not null, enabled integer not null,
      rate ${real} not null, period bigint not null, next_at bigint, hint_at bigint, started_at bigint,
      previous_at bigint, lease_until bigint, generation integer not null, failures integer not null, last_ok_at bigint,
      last_seen_at bigint, last_written_at bigint, process_from bigint not null, folders_at bigint,
      created_at bigint not null, changed_at bigint not null)`);
    await run('create index mailbox_account_due on mailbox_account (next_at, id) where next_at is not null');
    await run('create index mailbox_account_owner on mailbox_account (owner, id)');
    await run(`create table mailbox_folder (
      mailbox_id text not null, folder_id text not null, name text not null, parent_id text, role text, cursor text,
      since bigint not null, base bigint, missing bigint not null, counted_at bigint, listed_at bigint,
      polled_at bigint, gone integer not null, primary key (mailbox_id, folder_id))`);
    await run(`create table mailbox_rule (
      id text primary key, mailbox_id text not null, folder_id text not null, subfolders integer not null,
      regarding_table text, regarding_id text, regarding_name text, apply_to text not null, enabled integer not null,
      created_at bigint not null, changed_at bigint not null, unique (mailbox_id, folder_id))`);
    await run(`create table mailbox_item (
      seq ${counting}, mailbox_id text not null, message_key text not null, content_key text not null,
      item_key text not null, source_id text not null, folder_id text not null, subject text, received_at bigint not null,
      facts text, state text not null, wish text, why_code text, why text,
      linked_by_rule text, reason_code text, reason_message text,
      attempts integer not null, due_at bigint, change_id text, row_id text, already integer not null,
      mark_wanted integer not null, created_at bigint not null, changed_at bigint not null,
      unique (mailbox_id, message_key))`);
    await run(`create table mailbox_copy (
      mailbox_id text not null, folder_id text not null, source_id text not null, message_key text not null,
      version text not null, marked integer not null, unmarked_version text, filed_at bigint,
      primary key (mailbox_id, folder_id, source_id))`);
    await run('create index mailbox_copy_source on mailbox_copy (mailbox_id, source_id)');
    await run('create index mailbox_item_list on mailbox_item (mailbox_id, seq)');
    await run('create index mailbox_item_key on mailbox_item (item_key)');
    await run('create index mailbox_item_open on mailbox_item (mailbox_id, due_at, seq) where due_at is not null');
    await run(`create index mailbox_item_handed on mailbox_item (change_id) where state = 'handed'`);
    await run('create index mailbox_item_mark on mailbox_item (mailbox_id, seq) where mark_wanted = 1');
    await run('create index mailbox_item_changed on mailbox_item (changed_at)');
    await run(`create table mailbox_alert (
      seq ${counting}, about text not null, mailbox_id text, item_seq bigint, scope text not null, level text not null,
      code text not null, message text not null, at bigint not null, cleared_at bigint)`);
    await run('create unique index mailbox_alert_open on mailbox_alert (about, code) where cleared_at is null');
    await run('create index mailbox_alert_list on mailbox_alert (mailbox_id, seq)');
    await run('create index mailbox_alert_cleared on mailbox_alert (cleared_at) where cleared_at is not null');
  },
};
