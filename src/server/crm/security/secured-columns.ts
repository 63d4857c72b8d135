import { sql } from 'kysely';
import type { Access } from '../../odata/session.ts';
import { isAdministrator } from './reach.ts';
import { administratorsOnly } from './refusals.ts';

/** Columns that an administrator has secured, beside those that the metadata map names. What is kept about callers goes at once. */
export function securing(forget: () => void): Access['secureColumn'] {
  return async (session, table, column, isSecured) => {
    const { caller, queries } = session;
    if (!isAdministrator(caller.standing)) throw administratorsOnly(caller, 'change columns');
    if (isSecured)
      await sql`insert into securedcolumn (entityname, attributelogicalname) values (${table.name}, ${column.name})
        on conflict do nothing`.execute(queries);
    else
      await sql`delete from securedcolumn where entityname = ${table.name}
        and attributelogicalname = ${column.name}`.execute(queries);
    session.onCommit(forget);
  };
}
