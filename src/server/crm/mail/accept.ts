import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import type { Ref } from '../../../model/correlate.ts';
import { namedMails, readHeaders } from '../../../model/mail-headers.ts';
import type { Session } from '../../odata/session.ts';
import { findCandidates } from './candidates.ts';
import { selectMails } from './known-mail.ts';
import type { PromotedMail } from './mail-parameters.ts';
import { readMailSettings } from './settings.ts';
import { findToken } from './tracking-token.ts';

export type Acceptance =
  | { reason: 'accepted'; acceptedBy: Ref }
  | { reason: 'already-there' | 'no-recipient-match' | 'no-correlation-match'; acceptedBy?: undefined };

/** incomingemailfilteringmethod of a user or a queue. */
const filters = new Map([
  [0, 'all'],
  [1, 'replies'],
  [2, 'from-customers'],
  [3, 'from-anybody-known'],
  [4, 'none'],
] as const);

/**
 * Whether the automatic tracking takes a mail: any user or queue among its recipients may accept it, each by its own filter.
 * A user without settings takes replies to tracked mail, a queue without any takes all.
 */
export async function acceptance(session: Session, mail: PromotedMail): Promise<Acceptance> {
  const { rows: there } = await sql`select 1 from email where messageid = ${mail.messageId} limit 1`.execute(
    session.queries,
  );
  if (there.length > 0) return { reason: 'already-there' };
  const recipients = await findFilters(session, [...mail.to, ...mail.cc, ...mail.bcc]);
  if (recipients.length === 0) return { reason: 'no-recipient-match' };
  const sender = (await findCandidates(session, [mail.sender])).get(fold(mail.sender)) ?? [];
  const isFrom = (tables: readonly string[]) => sender.some(({ table, active }) => active && tables.includes(table));
  const reply = recipients.some(({ filter }) => filter === 1) && (await isReply(session, mail));
  const takes = ({ filter }: Recipient): boolean => {
    switch (filters.get(filter as 0) ?? 'none') {
      case 'all':
        return true;
      case 'replies':
        return reply;
      case 'from-customers':
        return isFrom(['lead', 'contact', 'account']);
      case 'from-anybody-known':
        return sender.length > 0;
      case 'none':
        return false;
    }
  };
  const accepting = recipients.find(takes);
  if (accepting === undefined) return { reason: 'no-correlation-match' };
  return { reason: 'accepted', acceptedBy: { table: accepting.table, id: accepting.id } };
}

interface Recipient {
  table: 'systemuser' | 'queue';
  id: string;
  filter: number;
}

/** Without the caller's rights: who accepts a mail is a matter of the organisation. Queues come before people. */
async function findFilters({ queries, engine }: Session, addresses: readonly string[]): Promise<Recipient[]> {
  const wanted = [...new Set(addresses.map(fold))];
  if (wanted.length === 0) return [];
  const { rows } = await sql<Recipient>`
    select 'queue' as "table", queueid as id, coalesce(incomingemailfilteringmethod, 0) as filter from queue
      where statecode = 0 and ${isOneOf(engine, sql.ref('emailaddress_folded'), wanted)}
    union all select 'systemuser', u.systemuserid, coalesce(s.incomingemailfilteringmethod, 1) from systemuser as u
      left join usersettings as s on s.systemuserid = u.systemuserid
      where coalesce(u.isdisabled, 0) = 0 and ${isOneOf(engine, sql.ref('u.internalemailaddress_folded'), wanted)}
    order by 1, 2`.execute(queries);
  return rows.map((row) => ({ ...row, filter: Number(row.filter) }));
}

async function isReply(session: Session, mail: PromotedMail): Promise<boolean> {
  const headers = readHeaders(mail.extra['internetmessageheaders']);
  const given = mail.extra['inreplyto'];
  const replied = typeof given === 'string' ? given : headers.get('in-reply-to');
  const { ids } = namedMails(mail.messageId, replied, headers.get('references'));
  if (ids.length > 0 && (await selectMails(session, isOneOf(session.engine, sql.ref('e.messageid'), ids))).length > 0)
    return true;
  const token = await findToken(session, mail.subject, (await readMailSettings(session)).token);
  return token !== undefined && (await selectMails(session, sql`e.trackingtoken = ${token}`)).length > 0;
}
