import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import type { Candidate } from '../../../model/resolve.ts';
import { namedMails, readHeaders } from '../../../model/mail-headers.ts';
import type { Session } from '../../odata/session.ts';
import { isGuid } from '../../odata/values.ts';
import { findCandidates } from './candidates.ts';
import { findMailsBy, mailsNamed } from './known-mail.ts';
import type { PromotedMail } from './mail-parameters.ts';
import { readMailSettings, type MailSettings } from './settings.ts';
import { findToken } from './tracking-token.ts';

/** incomingemailfilteringmethod of a user or a queue, by its number. */
const filters = ['all', 'replies', 'from-customers', 'from-anybody-known', 'none'] as const;

/** A user or queue that a mail may be for, with its own filter. */
export interface Acceptor {
  table: 'systemuser' | 'queue';
  id: string;
  address: string;
  filter: (typeof filters)[number];
}

/** What a filter found: the e-mail that is answered, or the row that the sender is. */
export interface Match {
  by: 'in-reply-to' | 'references' | 'token' | 'sender';
  table: string;
  id: string;
}

export type Acceptance =
  /** `queues`: all that take it, for each has to work it off. */
  | { reason: 'accepted'; by: Acceptor; match: Match | null; queues: readonly string[]; asked: readonly Acceptor[] }
  | { reason: 'already-there' | 'no-recipient-match' | 'no-correlation-match'; asked: readonly Acceptor[] };

/**
 * Whether the automatic tracking takes a mail: any user or queue among its recipients may accept it, each by its own filter.
 * A user without settings takes replies to tracked mail, a queue without any takes all. Who got it unseen, as a blind copy or
 * through a list, accepts it only if they take all.
 */
export async function acceptance(session: Session, mail: PromotedMail): Promise<Acceptance> {
  const { rows: there } = await sql`select 1 from email where messageid = ${mail.messageId} limit 1`.execute(
    session.queries,
  );
  if (there.length > 0) return { reason: 'already-there', asked: [] };
  return judge(session, mail);
}

/** The same, of a mail that may be there already. */
export async function judge(session: Session, mail: PromotedMail): Promise<Acceptance> {
  const settings = await readMailSettings(session);
  const asked = await findAcceptors(session, mail, settings);
  if (asked.length === 0) return { reason: 'no-recipient-match', asked };
  const sender = (await findCandidates(session, [mail.sender])).get(fold(mail.sender)) ?? [];
  const replied = asked.some(({ filter }) => filter === 'replies') ? await findReplied(session, mail, settings) : null;
  const taking = asked.flatMap((acceptor) => {
    const match = matchOf(acceptor, sender, replied);
    return match === undefined ? [] : [{ acceptor, match }];
  });
  const [first] = taking;
  if (first === undefined) return { reason: 'no-correlation-match', asked };
  const queues = taking.flatMap(({ acceptor: { table, id } }) => (table === 'queue' ? [id] : []));
  return { reason: 'accepted', by: first.acceptor, match: first.match, queues, asked };
}

/** What makes somebody take it; null: they take all; undefined: they do not. */
function matchOf({ filter }: Acceptor, sender: readonly Candidate[], replied: Match | null): Match | null | undefined {
  const from = (fits: (candidate: Candidate) => boolean): Match | undefined => {
    const row = sender.find(fits);
    return row === undefined ? undefined : { by: 'sender', table: row.table, id: row.id };
  };
  switch (filter) {
    case 'all':
      return null;
    case 'replies':
      return replied ?? undefined;
    case 'from-customers':
      return from(({ table, active }) => active && ['lead', 'contact', 'account'].includes(table));
    case 'from-anybody-known':
      return from(() => true);
    case 'none':
      return undefined;
  }
}

/** Queues come before people. */
async function findAcceptors(session: Session, mail: PromotedMail, settings: MailSettings): Promise<Acceptor[]> {
  const synchronising = await synchronisingAddress(session, mail);
  const hidden = [...mail.bcc, ...(synchronising === undefined ? [] : [synchronising])];
  const open = new Set([...mail.to, ...mail.cc].map(fold));
  const known = await findFilters(session, [...open, ...hidden]);
  const asked = known.filter(({ address, filter }) => open.has(address) || filter === 'all');
  if (!settings.onlySynchronising || synchronising === undefined) return asked;
  return asked.filter(({ address }) => address === fold(synchronising));
}

/** In whose mailbox the mail was found: the receiving mailbox's row, or the address that a synchronising server submits for. */
async function synchronisingAddress({ queries }: Session, { extra, submittedBy }: PromotedMail) {
  const named = extra['receivingmailboxid@odata.bind'];
  const mailbox = typeof named === 'string' ? /\(([^()]+)\)$/.exec(named)?.[1]?.toLowerCase() : undefined;
  if (mailbox !== undefined && isGuid(mailbox)) {
    const { rows } = await sql<{ emailaddress: string | null }>`
      select emailaddress from mailbox where mailboxid = ${mailbox}`.execute(queries);
    const address = rows[0]?.emailaddress;
    if (typeof address === 'string' && address !== '') return address;
  }
  const given = typeof extra['submittedby'] === 'string' ? extra['submittedby'] : submittedBy;
  return given === '' ? undefined : given;
}

/** Without the caller's rights: who accepts a mail is a matter of the organisation. */
async function findFilters({ queries, engine }: Session, addresses: readonly string[]): Promise<Acceptor[]> {
  const wanted = [...new Set(addresses.map(fold))].filter((address) => address !== '');
  if (wanted.length === 0) return [];
  const { rows } = await sql<Omit<Acceptor, 'filter'> & { filter: number }>`
    select 'queue' as "table", queueid as id, emailaddress_folded as address,
        coalesce(incomingemailfilteringmethod, 0) as filter from queue
      where statecode = 0 and ${isOneOf(engine, sql.ref('emailaddress_folded'), wanted)}
    union all select 'systemuser', u.systemuserid, u.internalemailaddress_folded,
        coalesce(s.incomingemailfilteringmethod, 1) from systemuser as u
      left join usersettings as s on s.systemuserid = u.systemuserid
      where coalesce(u.isdisabled, 0) = 0 and ${isOneOf(engine, sql.ref('u.internalemailaddress_folded'), wanted)}
    order by 1, 2`.execute(queries);
  return rows.map((row) => ({ ...row, filter: filters[Number(row.filter)] ?? 'none' }));
}

async function findReplied(session: Session, mail: PromotedMail, settings: MailSettings): Promise<Match | null> {
  const headers = readHeaders(mail.extra['internetmessageheaders']);
  const given = mail.extra['inreplyto'];
  const replied = typeof given === 'string' ? given : headers.get('in-reply-to');
  const { ids, replies } = namedMails(mail.messageId, replied, headers.get('references'));
  const found = ids.length === 0 ? [] : await mailsNamed(session, ids);
  for (const [index, id] of ids.entries()) {
    const row = found.find(({ messageid }) => messageid === id);
    if (row !== undefined)
      return { by: index < replies ? 'in-reply-to' : 'references', table: 'email', id: row.activityid };
  }
  const token = await findToken(session, mail.subject, settings.token);
  const [issued] = token === undefined ? [] : await mailsOfToken(session, token);
  return issued === undefined ? null : { by: 'token', table: 'email', id: issued.activityid };
}

const mailsOfToken = findMailsBy(({ value }) => sql`e.trackingtoken = ${value(0)}`);
