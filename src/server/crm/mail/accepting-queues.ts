import { sql } from 'kysely';
import { tableOf } from '../../odata/metadata.ts';
import type { WriteSession } from '../../odata/session.ts';
import { storedTime, type Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import { systemAccess } from '../security/system-access.ts';
import { cut, type PromotedMail } from './mail-parameters.ts';

/**
 * Puts a delivered mail into every queue that accepts it, in each as an item of its own, for each has to work it off; a queue in
 * which it waits or was worked off gets none. What follows from a delivery needs no right of whoever delivers.
 */
export async function enterQueues(
  session: WriteSession,
  emailId: string,
  mail: PromotedMail,
  queues: readonly string[],
): Promise<void> {
  if (queues.length === 0) return;
  const { queries, engine } = session;
  // Two who deliver one mail at once make one item in each queue.
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(713, hashtext(${emailId}))`.execute(queries);
  const { rows } = await sql<{ queueid: string }>`select queueid from queueitem where objectid = ${emailId}`.execute(
    queries,
  );
  const entered = new Set(rows.map(({ queueid }) => queueid));
  for (const queue of queues.filter((id) => !entered.has(id))) {
    const values = new Map<string, Stored>([
      ['title', cut(mail.subject, 300)],
      ['queueid', queue],
      ['objectid', emailId],
      ['objectid_type', 'email'],
      ['enteredon', storedTime(session.now())],
      ['sender', cut(mail.sender, 250)],
    ]);
    await insertRow({ ...session, access: systemAccess }, tableOf(session.model, 'queueitem'), values);
  }
}
