/**
 * The form in which text is compared, sorted and searched: no diacritics, lower case. Computed here and stored beside the
 * text, because SQLite folds ASCII only and the two engines disagree about everything else.
 */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();
}

/** The same function inside PostgreSQL, for columns that are too large to be stored twice. */
export const foldInPostgres = `
create or replace function crm_fold(value text) returns text language sql immutable parallel safe as
$$ select lower(regexp_replace(normalize(value, NFKD), U&'[\\0300-\\036f]', 'g')) $$`;
