import { sql } from 'kysely';
import type { Engine, Queries } from './engine.ts';

/**
 * Adds columns, each with its type, to a table that may hold rows: they are empty there.
 * SQLite reads the whole schema again for every added column, about two milliseconds each. An empty table is therefore made
 * anew, by its own text with the columns at its end, which is also the text that adding them leaves behind.
 */
export async function addColumns(
  db: Queries,
  engine: Engine,
  table: string,
  columns: readonly string[],
): Promise<void> {
  if (columns.length === 0) return;
  const run = async (text: string) => void (await sql.raw(text).execute(db));
  if (engine === 'postgres') {
    await run(`alter table ${table} ${columns.map((column) => `add column ${column}`).join(', ')}`);
    return;
  }
  const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
  if (rows.length === 0) await makeAnew(db, table, columns);
  else for (const column of columns) await run(`alter table ${table} add column ${column}`);
}

/** Its indexes and triggers go with a table and are made again in their order; a view and a full-text index only name it. */
async function makeAnew(db: Queries, table: string, columns: readonly string[]): Promise<void> {
  const { rows } = await sql<{ type: string; sql: string }>`select type, sql from sqlite_schema
    where tbl_name = ${table} and type in ('table', 'index', 'trigger') and sql is not null order by rowid`.execute(db);
  const texts = rows.map(({ type, sql: text }) =>
    type === 'table' ? `${text.slice(0, text.lastIndexOf(')'))}, ${columns.join(', ')})` : text,
  );
  await sql.raw(`drop table ${table}`).execute(db);
  for (const text of texts) await sql.raw(text).execute(db);
}
