import { sql } from 'kysely';
import { nextVersion } from '../../odata/changes/version.ts';
import type { WriteSession } from '../../odata/session.ts';
import { storedTime } from '../../odata/values.ts';

/** What is closed waits no more: its queue items become inactive, whoever may write them. */
export async function leaveQueues(session: WriteSession, table: string, id: string): Promise<void> {
  const { queries, engine, caller } = session;
  const { rows } =
    await sql`select 1 from queueitem where objectid = ${id} and objectid_type = ${table} and statecode = 0 limit 1`.execute(
      queries,
    );
  if (rows.length === 0) return;
  const version = await nextVersion(queries, engine);
  await sql`update queueitem set statecode = 1, statuscode = 2, modifiedon = ${storedTime(session.now())},
    modifiedby = ${caller.userId}, versionnumber = ${version}
    where objectid = ${id} and objectid_type = ${table} and statecode = 0`.execute(queries);
}
