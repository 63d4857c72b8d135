// The file mailbox.sqlite in the data directory: an index of all mail, and everything that people add to it in the local
// Outlook. Mail below --mail PATH is only pointed at; mail that was delivered here is kept whole.
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { changeLogSchema, fillChangeLog } from './change-log.ts';

const schema = `
create table setting (name text primary key, value text not null) strict;
create table file (path text primary key, origin text not null, stamp text not null, scan integer not null) strict;
create table mail (
  key text primary key,
  origin text not null,            -- 'own', 'sample', or the mail path it was found under
  owner text not null,             -- a mail address; '' = every user of this stack (mail below a mail path)
  folder text not null,
  file text, start integer, length integer,
  received integer not null,
  sent integer,
  message_id text,
  is_read integer not null,        -- before anybody touched it here; mark.is_read wins
  is_draft integer not null default 0,
  summary text not null,
  details text                     -- what only the body tells; null until somebody looked
) strict;
create index mail_in_folder on mail (origin, owner, folder, received desc);
create index mail_in_file on mail (file);
create index mail_by_message_id on mail (message_id);
create table content (key text primary key references mail on delete cascade, raw blob not null) strict;
create table draft (key text primary key references mail on delete cascade, body text not null) strict;
create table draft_attachment (
  id integer primary key, key text not null references mail on delete cascade,
  name text not null, content_type text not null, content_id text, is_inline integer not null, bytes blob not null
) strict;
create table mark (owner text not null, key text not null, is_read integer, categories text, primary key (owner, key)) strict;
create table category (owner text not null, name text not null, color text not null, id text not null, primary key (owner, name)) strict;
-- key '' = the mailbox itself (roaming settings); rows stay when a mail disappears from its path and wait for it to return
create table extension (owner text not null, key text not null, name text not null, value text not null, primary key (owner, key, name)) strict;
`;

/** Since version 2: folders that a person made or renamed (key: the folder's id for good), and the log of changes. */
const second = `
create table folder (
  owner text not null, key text not null, name text not null, parent text, primary key (owner, key)
) strict;
${changeLogSchema}
`;

/** Since version 3: when somebody last changed a mail, by the clock on the wall; none: never since it came. */
const third = `
create table if not exists touched (
  owner text not null, key text not null, at integer not null, primary key (owner, key)
) strict, without rowid;
${touching('mark_set_touches', 'after insert on mark', 'new.owner')}
${touching('mark_touches', 'after update of is_read, categories on mark', 'new.owner')}
${touching('mail_touches', 'after update of folder, summary, is_read, is_draft on mail', 'new.owner')}
`;

function touching(name: string, event: string, owner: string): string {
  return `create trigger ${name} ${event} begin
    insert into touched values (${owner}, new.key, cast(unixepoch('subsec') * 1000 as integer))
      on conflict (owner, key) do update set at = excluded.at; end;`;
}

const schemaVersion = 3;
/** From each version to the newest. */
const steps = [`${schema} ${second} ${third}`, `${second} ${fillChangeLog} ${third}`, third] as const;

/** Said to a person as it is. */
class MailboxUnusable extends Error {}

/** In order, or one object by name. */
type Values = SQLInputValue[] | [Record<string, SQLInputValue>];

export interface Store {
  all: (sql: string, ...values: Values) => Record<string, unknown>[];
  get: (sql: string, ...values: Values) => Record<string, unknown> | undefined;
  /** Answers the number of changed rows. */
  run: (sql: string, ...values: Values) => number;
  transaction: <T>(work: () => T) => T;
  setting: (name: string) => string | undefined;
  setSetting: (name: string, value: string) => void;
  close: () => void;
}

const openFile = (file: string) => {
  const database = new DatabaseSync(file, { timeout: 500 });
  try {
    // The exclusive lock belongs to the process, so it cannot be left behind by one that was killed.
    database.exec(
      'pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;',
    );
    database.exec('begin immediate; commit;');
    const version = Number(database.prepare('pragma user_version').get()?.['user_version']);
    if (version > schemaVersion) {
      throw new MailboxUnusable(
        `${file} was written by a newer version of Alongside. Please update; it was left untouched.`,
      );
    }
    if (version < schemaVersion) {
      database.exec(`begin immediate; ${steps[version] ?? ''} pragma user_version = ${schemaVersion}; commit;`);
    }
    return database;
  } catch (error) {
    database.close();
    if (/locked|busy/i.test(String(error))) {
      throw new MailboxUnusable(
        `${file} is in use by another process: is Alongside already running with this data directory?`,
      );
    }
    throw error;
  }
};

export const openStore = (file: string): Store => {
  const database = openFile(file);
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string) => {
    const known = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const store: Store = {
    all: (sql, ...values) => prepare(sql).all(...(values as SQLInputValue[])),
    get: (sql, ...values) => prepare(sql).get(...(values as SQLInputValue[])),
    run: (sql, ...values) => Number(prepare(sql).run(...(values as SQLInputValue[])).changes),
    transaction: (work) => {
      if (database.isTransaction) return work();
      database.exec('begin immediate');
      try {
        const result = work();
        database.exec('commit');
        return result;
      } catch (error) {
        database.exec('rollback');
        throw error;
      }
    },
    setting: (name) => store.get('select value from setting where name = ?', name)?.['value'] as string | undefined,
    setSetting: (name, value) => {
      store.run(
        'insert into setting values (?, ?) on conflict (name) do update set value = excluded.value',
        name,
        value,
      );
    },
    close: () => {
      prepared.clear();
      database.close();
    },
  };
  return store;
};
