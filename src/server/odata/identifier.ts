import { sql, type RawBuilder } from 'kysely';

/**
 * Names as they stand in a statement. They come from the model only; anything that is no plain name is refused all the same.
 * Kysely's own references are taken apart and put together again for every query: half the time of a short request.
 */
export function quoted(...names: string[]): string {
  return `"${names.map(plain).join('"."')}"`;
}

/** `"t0"."fullname"` */
export function at(alias: string, name: string): RawBuilder<unknown> {
  return sql.raw(quoted(alias, name));
}

/** A table, a column of the only table, or a short name. */
export function identifier(name: string): RawBuilder<unknown> {
  return sql.raw(quoted(name));
}

/** A word of the model as a text of the statement. */
export function word(text: string): string {
  return `'${plain(text)}'`;
}

function plain(name: string): string {
  if (!/^\w+$/.test(name)) throw new Error(`"${name}" is not a name of the model`);
  return name;
}
