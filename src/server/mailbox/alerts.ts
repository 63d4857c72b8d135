import { sql } from 'kysely';
import { isOneOf } from '../db/engine.ts';
import type { MailboxScope } from './store.ts';
import type { MailboxTables } from './tables.ts';

export type AlertLevel = MailboxTables['mailbox_alert']['level'];

/** What an alert is about: one item, one mailbox, or this server. */
export type AlertSubject =
  | { readonly scope: 'item'; readonly mailboxId: string; readonly itemSeq: number }
  | { readonly scope: 'mailbox'; readonly mailboxId: string }
  | { readonly scope: 'server' };

function aboutOf(subject: AlertSubject): string {
  switch (subject.scope) {
    case 'item':
      return `${subject.mailboxId}:${subject.itemSeq}`;
    case 'mailbox':
      return subject.mailboxId;
    case 'server':
      return '';
  }
}

/** Says something once: while it stands, the same again only brings its words up to date. */
export async function raiseAlert(
  { tables, now }: Pick<MailboxScope, 'tables' | 'now'>,
  subject: AlertSubject,
  level: AlertLevel,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<void> {
  const mailboxId = 'mailboxId' in subject ? subject.mailboxId : null;
  const itemSeq = 'itemSeq' in subject ? subject.itemSeq : null;
  await sql`insert into mailbox_alert (about, mailbox_id, item_seq, scope, level, code, message, at)
    values (${aboutOf(subject)}, ${mailboxId}, ${itemSeq}, ${subject.scope}, ${level}, ${code}, ${message}, ${now()})
    on conflict (about, code) where cleared_at is null
    do update set message = excluded.message, level = excluded.level`.execute(tables);
}

/** The cause is gone. @param codes only these; all that stand when left out */
export async function clearAlerts(
  { tables, now }: Pick<MailboxScope, 'tables' | 'now'>,
  subject: AlertSubject,
  codes?: readonly string[],
): Promise<void> {
  const which = codes === undefined ? sql`` : sql` and code in (${sql.join(codes.length === 0 ? [''] : codes)})`;
  await sql`update mailbox_alert set cleared_at = ${now()}
    where about = ${aboutOf(subject)} and cleared_at is null${which}`.execute(tables);
}

/** The same of many items. */
export async function clearItemAlerts(
  { tables, engine, now }: MailboxScope,
  items: readonly Extract<AlertSubject, { scope: 'item' }>[],
): Promise<void> {
  if (items.length === 0) return;
  await sql`update mailbox_alert set cleared_at = ${now()}
    where ${isOneOf(engine, sql`about`, items.map(aboutOf))} and cleared_at is null`.execute(tables);
}
