import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

/** Where a server stores: a folder for SQLite, or the address of a PostgreSQL database. */
export type Storage = { readonly folder: string } | { readonly url: string };

/** One change of an e-mail in the CRM, as the CRM's own database saw it happen. */
export interface Effect {
  readonly messageId: string;
  readonly what: 'track' | 'regard' | 'untrack';
  readonly regarding: string | null;
}

/** What the database itself says, past the product. */
export interface Records {
  /** From now on every effect is written down, in the transaction that makes it. */
  watchEffects(): Promise<void>;
  effects(): Promise<readonly Effect[]>;
  /** Change id -> state. */
  ledger(): Promise<ReadonlyMap<string, string>>;
  /** As if a minute had passed: whoever held a lease is too late. */
  expireLeases(): Promise<void>;
  /** Nobody reads or writes the ledger's table until it is released; PostgreSQL only. */
  lock(): Promise<() => Promise<void>>;
  /** From now on every fifth statement that writes to the ledger or to e-mails fails as a clash does; PostgreSQL only. */
  clash(on: boolean): Promise<void>;
  run(sql: string): Promise<readonly Record<string, unknown>[]>;
}

export function openRecords(storage: Storage): Records {
  const run = 'url' in storage ? inPostgres(storage.url) : inSqlite(join(storage.folder, 'alongside.sqlite'));
  const watch = 'url' in storage ? watchPostgres : watchSqlite;
  return {
    run,
    async watchEffects() {
      for (const statement of watch) await run(statement);
    },
    async effects() {
      const rows = await run('select messageid, what, regarding from drill_effect order by seq');
      return rows.map(({ messageid, what, regarding }) => ({
        messageId: String(messageid),
        what: what as Effect['what'],
        regarding: typeof regarding === 'string' ? regarding : null,
      }));
    },
    async ledger() {
      const rows = await run('select id, state from ledger_change');
      return new Map(rows.map(({ id, state }) => [String(id), String(state)]));
    },
    async expireLeases() {
      for (const table of ['ledger_change', 'mailbox_account'])
        await run(`update ${table} set lease_until = lease_until - 70000 where lease_until is not null`);
    },
    async lock() {
      const client = new pg.Client({ connectionString: 'url' in storage ? storage.url : '' });
      client.on('error', () => undefined);
      await client.connect();
      await client.query('begin');
      await client.query('lock table ledger_change in access exclusive mode');
      return () => client.end();
    },
    async clash(on) {
      for (const statement of on ? makeClashes : endClashes) await run(statement);
    },
  };
}

type Run = Records['run'];

function inSqlite(file: string): Run {
  return async (sql) => {
    if (!existsSync(file)) throw new Error('There is no database yet.');
    const database = new DatabaseSync(file, { timeout: 5_000 });
    try {
      const statement = database.prepare(sql);
      if (statement.columns().length > 0) return statement.all();
      statement.run();
      return [];
    } finally {
      database.close();
    }
  };
}

function inPostgres(url: string): Run {
  return async (sql) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
}

const watchSqlite = [
  `create table if not exists drill_effect
    (seq integer primary key autoincrement, messageid text, what text not null, regarding text)`,
  `create trigger if not exists drill_track after insert on email begin
    insert into drill_effect (messageid, what, regarding) values (new.messageid, 'track', new.regardingobjectid); end`,
  `create trigger if not exists drill_regard after update of regardingobjectid on email
    when new.regardingobjectid is not old.regardingobjectid begin
    insert into drill_effect (messageid, what, regarding) values (new.messageid, 'regard', new.regardingobjectid); end`,
  `create trigger if not exists drill_untrack after delete on email begin
    insert into drill_effect (messageid, what) values (old.messageid, 'untrack'); end`,
];

const watchPostgres = [
  `create table if not exists drill_effect
    (seq bigint generated always as identity primary key, messageid text, what text not null, regarding text)`,
  `create or replace function drill_watch() returns trigger language plpgsql as $$ begin
    if tg_op = 'INSERT' then
      insert into drill_effect (messageid, what, regarding) values (new.messageid, 'track', new.regardingobjectid);
    elsif tg_op = 'DELETE' then
      insert into drill_effect (messageid, what) values (old.messageid, 'untrack');
    elsif new.regardingobjectid is distinct from old.regardingobjectid then
      insert into drill_effect (messageid, what, regarding) values (new.messageid, 'regard', new.regardingobjectid);
    end if;
    return null; end $$`,
  'create or replace trigger drill_watch after insert or update or delete on email for each row execute function drill_watch()',
];

const clashing = ['ledger_change', 'email'];

/** The sequence goes on when the transaction is rolled back. */
const makeClashes = [
  'create sequence if not exists drill_clashes',
  `create or replace function drill_clash() returns trigger language plpgsql as $$ begin
    if nextval('drill_clashes') % 5 = 0 then
      raise exception 'could not serialize access' using errcode = '40001';
    end if;
    return null; end $$`,
  ...clashing.map(
    (table) => `create or replace trigger drill_clash after insert or update or delete on ${table}
      for each statement execute function drill_clash()`,
  ),
];

const endClashes = clashing.map((table) => `drop trigger if exists drill_clash on ${table}`);
