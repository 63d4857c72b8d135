import { sql } from 'kysely';
import type { MailboxScope } from './store.ts';

const day = 24 * 60 * 60_000;
/** Rows of one statement, so that none keeps others waiting. */
const most = 1_000;
/** That a mail was seen is remembered for so long, without its subject: who untracked it is not to find it tracked again. */
const memory = 400 * day;

/**
 * Forgets what people need no longer: subjects, and of reasons all but their code (who was on a list, who takes what), after the days that a mailbox's settings name, cleared alerts after as
 * many, and after more than a year that there was a mail.
 * @param days of a mailbox without settings of its own
 */
export async function purgeMailboxes({ tables, engine, now }: MailboxScope, days: number): Promise<void> {
  const chosen =
    engine === 'postgres'
      ? sql`cast(cast(a.settings as json) ->> 'retentionDays' as bigint)`
      : sql`a.settings ->> '$.retentionDays'`;
  const old = sql`${now()} - coalesce(${chosen}, ${sql.lit(days)}) * ${sql.lit(day)}`;
  await repeatedly(() =>
    sql`update mailbox_item set subject = null,
        why = case when why_code is null then null else '{"code":"' || why_code || '"}' end
      where seq in (select i.seq from mailbox_item as i
      join mailbox_account as a on a.id = i.mailbox_id
      where i.subject is not null and i.due_at is null and i.state <> 'handed' and i.changed_at < ${old}
      limit ${sql.lit(most)})`.execute(tables),
  );
  await repeatedly(() =>
    sql`delete from mailbox_item where seq in (select seq from mailbox_item
      where changed_at < ${now()} - ${sql.lit(memory)} and due_at is null and state <> 'handed'
      limit ${sql.lit(most)})`.execute(tables),
  );
  // Nobody can clear what is said of a mail that is forgotten.
  await repeatedly(() =>
    sql`delete from mailbox_alert where seq in (select a.seq from mailbox_alert as a
      where a.item_seq is not null and a.at < ${now()} - ${sql.lit(memory)}
        and not exists (select 1 from mailbox_item as i where i.seq = a.item_seq)
      limit ${sql.lit(most)})`.execute(tables),
  );
  await repeatedly(() =>
    sql`delete from mailbox_alert where seq in (select seq from mailbox_alert
      where cleared_at is not null and cleared_at < ${now()} - ${sql.lit(days * day)}
      limit ${sql.lit(most)})`.execute(tables),
  );
}

async function repeatedly(remove: () => Promise<{ readonly numAffectedRows?: bigint }>): Promise<void> {
  while ((await remove()).numAffectedRows === BigInt(most));
}
