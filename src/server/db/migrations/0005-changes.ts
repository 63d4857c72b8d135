import { sql } from 'kysely';
import { addColumns } from '../add-columns.ts';
import type { Step } from './step.ts';

/**
 * Change tracking: what was deleted, for how long that is kept, and on PostgreSQL a row version that says who is still
 * writing. There versions come from a sequence, so a transaction with a smaller number may commit later than one with a
 * larger. Each therefore takes, before its first number, a shared advisory lock on a number below it, and holds it to its end:
 * the smallest such lock is a number up to which nothing can appear any more (odata/changes/version.ts). The upper half of
 * the key, 0x616c, keeps these locks apart from others. The setting is the transaction's own and goes with it, or with the
 * savepoint that it was made in, as the lock does.
 */
export const changeTables: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    const text = engine === 'postgres' ? 'text collate "C"' : 'text';
    await run(
      `create table deleted_row (tablename ${text} not null, id ${text} not null, versionnumber bigint not null, deletedat bigint not null)`,
    );
    await run('create index deleted_row_by_version on deleted_row (tablename, versionnumber, id)');
    await run('create index deleted_row_by_time on deleted_row (deletedat)');
    await addColumns(db, engine, 'organization', ['expirechangetrackingindays integer']);
    await run('update organization set expirechangetrackingindays = 7');
    if (engine === 'postgres') await run(nextVersion);
  },
};

const nextVersion = `
create function crm_next_version() returns bigint language plpgsql as $body$
declare below bigint;
begin
  if coalesce(current_setting('alongside.writing', true), '') <> 'yes' then
    select case when is_called then last_value else 0 end into below from crm_version;
    perform pg_advisory_xact_lock_shared((24940::bigint << 48) | below);
    perform set_config('alongside.writing', 'yes', true);
  end if;
  return nextval('crm_version');
end $body$`;
