import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';

type Value = string | number | null;

export type Columns<Column extends string = string> = Readonly<Record<Column, 'text' | 'bigint'>>;
export type Values<Column extends string = string> = Readonly<Record<Column, Value>>;

/**
 * Records as a table in a FROM, under the given column names, which must differ from those of the tables beside it. The
 * statement's text does not depend on how many there are, so it stays prepared.
 */
export function recordsAs<Column extends string>(
  engine: Engine,
  columns: Columns<Column>,
  records: readonly Values<Column>[],
  alias = 'given',
): RawBuilder<unknown> {
  const json = JSON.stringify(records, (_key, value: unknown) => (typeof value === 'string' ? storable(value) : value));
  const names = Object.entries<'text' | 'bigint'>(columns);
  if (engine === 'postgres') {
    const typed = sql.join(names.map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type)}`));
    return sql`json_to_recordset(cast(${json} as json)) as ${sql.ref(alias)}(${typed})`;
  }
  const read = sql.join(names.map(([name]) => sql`value ->> ${sql.lit(name)} as ${sql.ref(name)}`));
  return sql`(select ${read} from json_each(${json})) as ${sql.ref(alias)}`;
}

/**
 * `column = value` of a row to be changed, in words for which PostgreSQL has no plan but the column's index. For an ordinary join
 * it may as well read every row, as a plan that it made when there were few and keeps when there are many. The condition of a
 * partial index beside it would offer that index from end to end.
 */
export function isFoundBy(
  engine: Engine,
  column: RawBuilder<unknown>,
  value: RawBuilder<unknown>,
): RawBuilder<boolean> {
  return engine === 'postgres' ? sql<boolean>`${column} = any(array[${value}])` : sql<boolean>`${column} = ${value}`;
}

/** Text that PostgreSQL takes: neither NUL nor half a character, as a message has that was cut in the middle of one. */
function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, '');
}
