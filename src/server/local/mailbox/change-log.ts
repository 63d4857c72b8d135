// What changed in which folder, in order: delta queries and change notifications read it. Triggers write it, so no way of
// changing a mail can forget it. One row for each mail and folder, moved to the end at every change: the log does not grow.
import type { SQLInputValue } from 'node:sqlite';

const touch = (owner: string, folder: string, key: string, born: string, gone: 0 | 1) => `
  update change_clock set at = at + 1;
  insert into change values (${owner}, ${folder}, ${key}, (select at from change_clock), ${born}, ${gone})
    on conflict (folder, key, owner) do update set at = excluded.at, gone = excluded.gone,
      born = case when change.gone > excluded.gone then excluded.at else change.born end;`;

const now = '(select at from change_clock)';

/** `born`: when the mail came into this folder. `owner` '' = for everybody, as in the table mail. */
export const changeLogSchema = `
create table change_clock (at integer not null) strict;
insert into change_clock values (0);
create table change (
  owner text not null, folder text not null, key text not null,
  at integer not null, born integer not null, gone integer not null, primary key (folder, key, owner)
) strict, without rowid;
create index change_in_order on change (folder, at);
create index change_by_time on change (at);
create trigger mail_came after insert on mail begin ${touch('new.owner', 'new.folder', 'new.key', now, 0)} end;
create trigger mail_went after delete on mail begin ${touch('old.owner', 'old.folder', 'old.key', now, 1)} end;
create trigger mail_moved after update of folder on mail when old.folder <> new.folder begin
  ${touch('old.owner', 'old.folder', 'old.key', now, 1)} ${touch('new.owner', 'new.folder', 'new.key', now, 0)} end;
create trigger mail_changed after update of summary, is_read, is_draft on mail when old.folder = new.folder
  and (old.summary <> new.summary or old.is_read <> new.is_read or old.is_draft <> new.is_draft) begin
  ${touch('new.owner', 'new.folder', 'new.key', '0', 0)} end;
create trigger mark_set after insert on mark when exists (select 1 from mail where key = new.key) begin
  ${touch('new.owner', '(select folder from mail where key = new.key)', 'new.key', '0', 0)} end;
create trigger mark_changed after update on mark when exists (select 1 from mail where key = new.key)
  and (old.is_read is not new.is_read or old.categories is not new.categories) begin
  ${touch('new.owner', '(select folder from mail where key = new.key)', 'new.key', '0', 0)} end;
`;

/** For a data directory that is older than the log: every mail came just now. */
export const fillChangeLog = `
update change_clock set at = (select count(*) from mail);
insert into change select owner, folder, key, row_number() over (order by received, key), row_number() over (order by received, key), 0
  from mail;
`;

export interface ChangeRow {
  key: string;
  folder: string;
  at: number;
  /** 0 when it was there before. */
  born: number;
}

export interface Span {
  /** Changes after `from`, up to and with `until`. */
  from: number;
  until: number;
  most: number;
}

const columns = 'change.key as key, change.folder as folder, change.at as at, change.born as born';
/** A mail of everybody may have two rows: its own, and one for the marks of this owner. Only the later one counts. */
const latest = `change.owner in ('', :owner) and change.at > :from and change.at <= :until and not exists (
  select 1 from change as later where later.folder = change.folder and later.key = change.key
  and later.owner in ('', :owner) and later.at > change.at)`;

const rowOf = (row: Record<string, unknown>): ChangeRow => ({
  key: String(row['key']),
  folder: String(row['folder']),
  at: Number(row['at']),
  born: Number(row['born']),
});

/** The store, as far as the log reads it. */
interface Reader {
  readonly all: (sql: string, values: Record<string, SQLInputValue>) => Record<string, unknown>[];
  readonly get: (sql: string) => Record<string, unknown> | undefined;
}

export const createChangeLog = (store: Reader) => ({
  clock: () => Number(store.get('select at from change_clock')?.['at']),

  inFolder: (owner: string, folder: string, span: Span): ChangeRow[] =>
    store
      .all(`select ${columns} from change where folder = :folder and ${latest} order by at limit :most`, {
        owner,
        folder,
        ...span,
      })
      .map(rowOf),

  inMailbox: (owner: string, span: Span): ChangeRow[] =>
    store.all(`select ${columns} from change where ${latest} order by at limit :most`, { owner, ...span }).map(rowOf),
});

export type ChangeLog = ReturnType<typeof createChangeLog>;
