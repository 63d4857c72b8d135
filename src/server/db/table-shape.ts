import { sql, type Kysely } from 'kysely';
import type { Engine } from './engine.ts';

/**
 * How a table of the CRM is stored, with the logical names of the dialect as column names.
 * - times are text `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`: one order on both engines, and what goes over the wire;
 * - yes/no and choices are integers; a lookup is the row's id, and `<lookup>_type` its table where several are possible;
 * - `<column>_folded` is for comparing and searching (fold.ts), indexed for equality and prefixes;
 * - `rowno` is what the full-text index of SQLite points to; `versionnumber` grows with every write to any table.
 */
export interface TableShape {
  key: string;
  text?: string;
  /** Text with a folded companion: compared through an index. */
  folded?: string;
  /** Folded text that is also searched inside, by trigrams. */
  searched?: string;
  integer?: string;
  real?: string;
  bytes?: string;
  /** Lookups to one table; all are indexed. */
  lookup?: string;
  /** Lookups to one of several tables. */
  polymorphic?: string;
}

/** What an existing table can be given: its searched text is fixed by its full-text index. */
export type AddedColumns = Omit<TableShape, 'key' | 'searched'>;

/** Written with every row, and looked for too seldom to be worth an index. */
const unindexed = new Set(['createdby', 'modifiedby']);
const sortedTimes = new Set(['createdon', 'modifiedon', 'scheduledend', 'actualend', 'senton']);

export function words(text: string | undefined): string[] {
  return text?.split(' ').filter((word) => word !== '') ?? [];
}

export function tableText(name: string, shape: TableShape, engine: Engine): string {
  const postgres = engine === 'postgres';
  const columns = [
    postgres ? 'rowno bigint generated always as identity' : 'rowno integer primary key',
    `${shape.key} ${textType(engine)} not null ${postgres ? 'primary key' : 'unique'}`,
    'versionnumber bigint not null',
    ...columnTexts(shape, engine),
  ];
  return `create table ${name} (${columns.join(', ')})`;
}

/** The order of bytes, as SQLite has it: also what lets an index serve a prefix. */
function textType(engine: Engine): string {
  return engine === 'postgres' ? 'text collate "C"' : 'text';
}

/** Column names with their types, without key and version. */
export function columnTexts(shape: Omit<TableShape, 'key'>, engine: Engine): string[] {
  const postgres = engine === 'postgres';
  const text = textType(engine);
  return [
    ...words(shape.text).map((column) => `${column} ${text}`),
    ...foldedColumns(shape).flatMap((column) => [`${column} ${text}`, `${column}_folded ${text}`]),
    ...words(shape.integer).map((column) => `${column} ${postgres ? 'bigint' : 'integer'}`),
    ...words(shape.real).map((column) => `${column} ${postgres ? 'double precision' : 'real'}`),
    ...words(shape.bytes).map((column) => `${column} ${postgres ? 'bytea' : 'blob'}`),
    ...words(shape.lookup).map((column) => `${column} ${text}`),
    ...words(shape.polymorphic).flatMap((column) => [`${column} ${text}`, `${column}_type ${text}`]),
  ];
}

function foldedColumns(shape: Omit<TableShape, 'key'>): string[] {
  return [...words(shape.searched), ...words(shape.folded)];
}

/** Every lookup, every folded text and the usual times have an index. */
function indexedColumns(shape: Omit<TableShape, 'key'>): string[] {
  return [
    ...foldedColumns(shape).map((column) => `${column}_folded`),
    ...words(shape.lookup).filter((column) => !unindexed.has(column)),
    ...words(shape.polymorphic),
    ...words(shape.text).filter((column) => sortedTimes.has(column)),
  ];
}

export function indexTexts(name: string, shape: TableShape, engine: Engine, trigrams: boolean): string[] {
  // Empty comes first going up: an index of PostgreSQL must say so to serve as an order.
  const order = engine === 'postgres' ? ' nulls first' : '';
  const plain = ['versionnumber', ...indexedColumns(shape)].map(
    (column) => `create index ${name}_by_${column} on ${name} (${column}${order})`,
  );
  return [...plain, ...searchTexts(name, shape, engine, trigrams)];
}

/** Most rows of a wide table leave most lookups empty: an empty one costs no entry, and no comparison asks for it. */
export function sparseIndexTexts(name: string, shape: Omit<TableShape, 'key'>): string[] {
  return indexedColumns(shape).map(
    (column) => `create index ${name}_by_${column} on ${name} (${column}) where ${column} is not null`,
  );
}

/** What a substring is found by. */
export function searchTexts(name: string, shape: TableShape, engine: Engine, trigrams: boolean): string[] {
  const searched = words(shape.searched).map((column) => `${column}_folded`);
  if (engine === 'sqlite') return searched.length > 0 ? fullText(name, searched) : [];
  if (!trigrams) return [];
  return searched.map((column) => `create index ${name}_in_${column} on ${name} using gin (${column} gin_trgm_ops)`);
}

/** A trigram index beside the table, kept by triggers; it holds no text of its own. */
function fullText(name: string, columns: string[]): string[] {
  const list = columns.join(', ');
  const of = (row: string) => columns.map((column) => `${row}.${column}`).join(', ');
  const add = `insert into ${name}_fts (rowid, ${list}) values (new.rowno, ${of('new')});`;
  const drop = `insert into ${name}_fts (${name}_fts, rowid, ${list}) values ('delete', old.rowno, ${of('old')});`;
  return [
    `create virtual table ${name}_fts using fts5 (${list}, content = '${name}', content_rowid = 'rowno', tokenize = 'trigram', detail = 'none')`,
    `create trigger ${name}_fts_insert after insert on ${name} begin ${add} end`,
    `create trigger ${name}_fts_delete after delete on ${name} begin ${drop} end`,
    `create trigger ${name}_fts_update after update of ${list} on ${name} begin ${drop} ${add} end`,
  ];
}

/** The extension is part of every usual installation, but not every role may create it: then substrings are scanned for. */
export async function hasTrigrams(db: Kysely<object>): Promise<boolean> {
  await sql`do $$ begin create extension if not exists pg_trgm; exception when others then null; end $$`.execute(db);
  const { rows } = await sql`select 1 from pg_extension where extname = 'pg_trgm'`.execute(db);
  return rows.length > 0;
}
