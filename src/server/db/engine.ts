import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';

export type Engine = 'sqlite' | 'postgres';

/** Where queries run: the database itself, or one open transaction. A room names its own tables with `withTables`. */
export type Queries = Kysely<object> | Transaction<object>;

/** `column in (values)` whose text does not depend on how many values there are, so that the statement stays prepared. */
export function isOneOf(engine: Engine, column: RawBuilder<unknown>, values: readonly string[]): RawBuilder<boolean> {
  return engine === 'postgres'
    ? sql<boolean>`${column} = any(${[...values]}::text[])`
    : sql<boolean>`${column} in (select value from json_each(${JSON.stringify(values)}))`;
}
