import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';

export type Engine = 'sqlite' | 'postgres';

/** Where queries run: the database itself, or one open transaction. A room names its own tables with `withTables`. */
export type Queries = Kysely<object> | Transaction<object>;

/**
 * A number within a statement's text. SQLite plans a statement anew whenever a limit is bound to it, which takes five times as
 * long as to find a row.
 */
export function limit(rows: number): RawBuilder<unknown> {
  return sql` limit ${sql.lit(rows)}`;
}

/** `column in (values)` whose text does not depend on how many values there are, so that the statement stays prepared. */
export function isOneOf(engine: Engine, column: RawBuilder<unknown>, values: readonly string[]): RawBuilder<boolean> {
  return engine === 'postgres'
    ? sql<boolean>`${column} = any(${[...values]}::text[])`
    : sql<boolean>`${column} in (select value from json_each(${JSON.stringify(values)}))`;
}
