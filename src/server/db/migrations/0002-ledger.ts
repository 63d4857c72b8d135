import { sql, type Kysely } from 'kysely';
import type { Engine } from '../engine.ts';
import type { Step } from './step.ts';

/**
 * The ledger: Changes the server has promised to carry out, the news about them, and what only the server knows of a mail.
 * Times are milliseconds since 1970. A row of ledger_change with a lease in the future is being carried out; `generation` is
 * its fencing number.
 */
async function up(db: Kysely<object>, engine: Engine): Promise<void> {
  const counting =
    engine === 'postgres'
      ? sql`bigint generated always as identity primary key`
      : sql`integer primary key autoincrement`;
  const bytes = engine === 'postgres' ? sql`bytea` : sql`blob`;
  await sql`create table ledger_change (
    seq ${counting}, id text not null unique, owner text not null, lane text not null, kind text not null, body text not null,
    state text not null, attempts integer not null, outage integer not null, due_at bigint not null, lease_until bigint,
    generation integer not null, reason_code text, reason_message text, result text,
    accepted_at bigint not null, changed_at bigint not null)`.execute(db);
  await sql`create index ledger_change_due on ledger_change (due_at, seq) where state = 'queued'`.execute(db);
  await sql`create index ledger_change_lane on ledger_change (lane, seq) where state = 'queued'`.execute(db);
  await sql`create index ledger_change_settled on ledger_change (changed_at) where state <> 'queued'`.execute(db);
  await sql`create table ledger_attachment (
    change_id text not null, part integer not null, owner text not null, bytes ${bytes} not null, stored_at bigint not null,
    primary key (change_id, part))`.execute(db);
  await sql`create table ledger_event (
    cursor ${counting}, owner text not null, status text not null, at bigint not null)`.execute(db);
  await sql`create index ledger_event_owner on ledger_event (owner, cursor)`.execute(db);
  await sql`create table ledger_kept (
    item_key text not null, owner text not null, at bigint not null, primary key (item_key, owner))`.execute(db);
}

export const ledgerTables: Step = { up };
