import { createHash } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';

const mark = '/* prepared */ ';

/**
 * A statement that PostgreSQL parses once per connection; SQLite keeps every statement. Only for texts that depend on nothing
 * from outside, so that they stay few, and on tables whose columns never change: a prepared `select *` fails after a new one.
 */
export function prepared<Row>(statement: RawBuilder<Row>): RawBuilder<Row> {
  return sql<Row>`${sql.raw(mark)}${statement}`;
}

const names = new Map<string, string>();

/** The name under which PostgreSQL keeps this text; undefined for one that it need not keep. */
export function preparedName(text: string): string | undefined {
  if (!text.startsWith(mark)) return undefined;
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = createHash('sha256').update(text).digest('hex').slice(0, 32)));
  return name;
}
