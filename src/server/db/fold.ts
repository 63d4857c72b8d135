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

/**
 * The same function inside PostgreSQL, for columns that are too large to be stored twice. The collation of ICU lowers every
 * script; a server that was built without it lowers what its own locale knows.
 */
export const foldInPostgres = `
do $do$
declare collation_name text := case when exists (select 1 from pg_collation where collname = 'und-x-icu') then 'und-x-icu' else 'default' end;
begin
  execute format($f$
    create or replace function crm_fold(value text) returns text language sql immutable parallel safe as
    $body$ select lower(regexp_replace(normalize(value, NFKD), U&'[\\0300-\\036f]', '', 'g') collate %I) $body$ $f$, collation_name);
end $do$`;
