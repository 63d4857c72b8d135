import { sql } from 'kysely';
import { fold } from '../../db/fold.ts';
import { keepStatement } from '../../db/kept-statement.ts';
import { HttpError } from '../../http/errors.ts';
import { normalizeSubject, sameMail, stampHeader, stampMessageId } from '../../../model/item-key.ts';
import { readHeaders } from '../../../model/mail-headers.ts';
import { resolveSender, type Candidate, type Resolution } from '../../../model/resolve.ts';
import { tableOf } from '../../odata/metadata.ts';
import { readPayload } from '../../odata/write/payload.ts';
import type { Session, WriteSession } from '../../odata/session.ts';
import { isGuid, storedTime, type Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import type { Acceptor } from './accept.ts';
import { keptAttachments, storeAttachments } from './attachments.ts';
import { findCandidates, findOurs } from './candidates.ts';
import { joinedValues, joinMail, storeJoins, type Joined } from './correlation.ts';
import { cut, type PromotedMail } from './mail-parameters.ts';
import { ownerOf } from './owner.ts';
import { storeParties } from './parties.ts';
import { readMailSettings, type MailSettings } from './settings.ts';
import { createUnknownSender } from './unknown-sender.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';

interface People {
  outgoing: boolean;
  ours: ReadonlySet<string>;
  candidates: ReadonlyMap<string, readonly Candidate[]>;
  sender: Resolution;
}

/**
 * Stores a mail, or finds it stored: one e-mail per Message-ID and direction.
 * @param acceptedBy whose rule let a synchronising server deliver it; nobody where a person tracks
 * @returns its id, and whether it was not there before
 */
export async function promote(
  session: WriteSession,
  mail: PromotedMail,
  wantedId: string,
  acceptedBy?: Acceptor,
): Promise<{ id: string; isNew: boolean }> {
  const settings = await readMailSettings(session);
  let people = await findPeople(session, mail, settings);
  const { there, isGone } = await findPromoted(session, mail.messageId, people.outgoing, wantedId);
  const existing = there ?? (await findStamped(session, mail, people.outgoing));
  if (existing !== undefined) return { id: sameOrRefuse(existing, mail), isNew: false };
  if (isGone) throw new HttpError(410, `The e-mail ${wantedId} was here and was deleted.`, '0x80040217');
  if (people.sender.rule === 'nobody' && (await createUnknownSender(session, mail, acceptedBy, settings)))
    people = await findPeople(session, mail, settings);
  const senderRows = (people.candidates.get(fold(mail.sender)) ?? []).map(({ id }) => id);
  const joined = await joinMail(session, mail, settings, { ...people, senderRows });
  const kept = keptAttachments(mail, settings);
  const values = await emailValues(session, mail, people, joined);
  values.set('attachmentcount', kept.length);
  values.set('notifications', kept.length < mail.attachments.length ? 1 : 0);
  values.set('acceptingentityid', acceptedBy?.id ?? null);
  values.set('acceptingentityid_type', acceptedBy?.table ?? null);
  if (isGuid(wantedId) && wantedId !== NOBODY) values.set('activityid', wantedId);
  const id = await insertRow(session, tableOf(session.model, 'email'), values, true);
  if (id === undefined) return { id: await afterClash(session, mail, people.outgoing, wantedId), isNew: false };
  await storeParties(session, id, mail, people.sender, people.candidates, settings);
  await storeAttachments(session, id, kept);
  // Last, because other mails of the thread wait from here on.
  await storeJoins(session, id, mail.messageId, joined);
  return { id, isNew: true };
}

async function findPeople(session: Session, mail: PromotedMail, settings: MailSettings): Promise<People> {
  const everybody = [mail.sender, ...mail.to, ...mail.cc, ...mail.bcc].filter((address) => address !== '');
  const candidates = await findCandidates(session, everybody);
  const ours = await findOurs(session, everybody);
  const sender = resolveSender(candidates.get(fold(mail.sender)) ?? [], session.caller.userId, settings.sender);
  return { candidates, ours, sender, outgoing: ours.has(fold(mail.sender)) };
}

interface Promoted {
  activityid: string;
  sender: string | null;
  subject: string | null;
  senton: string | null;
}

interface Found {
  readonly there: Promoted | undefined;
  /** The row that is asked for was made before, and deleted. */
  readonly isGone: boolean;
}

/** Across all rows, whoever may see them: deduplication must not depend on who asks. */
async function findPromoted(
  { queries, engine }: Session,
  messageId: string,
  outgoing: boolean,
  wantedId: string,
): Promise<Found> {
  const rows = await promoted.run(queries, engine, messageId, Number(outgoing), wantedId);
  const there = rows.find((row): row is Promoted => row.activityid !== null);
  return { there, isGone: rows.some(({ activityid }) => activityid === null) };
}

const promoted = keepStatement<Omit<Promoted, 'activityid'> & { activityid: string | null }>(
  ({ value }) => sql`select activityid, sender, subject, senton from email
      where messageid = ${value(0)} and directioncode = ${value(1)}
    union all select null, null, null, null from deleted_row where tablename = 'email' and id = ${value(2)}`,
);

/**
 * The row of a mail by the stamp in its headers: one that was tracked before it had a Message-ID, or that left from here and got
 * another id on its way. Anybody who got the mail knows the stamp, and anybody may choose the id of a row: it counts only where the
 * row was made by whoever is said to have sent this one, and says the same.
 */
async function findStamped({ queries }: Session, mail: PromotedMail, outgoing: boolean): Promise<Promoted | undefined> {
  const stamp = readHeaders(mail.extra['internetmessageheaders']).get(stampHeader)?.toLowerCase();
  if (stamp === undefined || !isGuid(stamp) || !outgoing) return undefined;
  const { rows } = await sql<Promoted & { maker: string | null }>`select e.activityid, e.sender, e.subject, e.senton,
      u.internalemailaddress as maker
    from email as e join systemuser as u on u.systemuserid = e.createdby
    where (e.messageid = ${stampMessageId(stamp)} or e.activityid = ${stamp}) and e.directioncode = 1`.execute(queries);
  return rows.find((row) => fold(row.maker ?? '') === fold(mail.sender) && isSame(row, mail));
}

function isSame(existing: Promoted, mail: PromotedMail): boolean {
  const stored = {
    from: fold(existing.sender ?? ''),
    sentAt: existing.senton,
    subject: normalizeSubject(existing.subject ?? ''),
  };
  const sentAt = mail.receivedOn === undefined ? null : storedTime(mail.receivedOn);
  const given = { from: fold(cut(mail.sender, 250)), sentAt, subject: normalizeSubject(mail.subject) };
  return sameMail(stored, given);
}

function sameOrRefuse(existing: Promoted, mail: PromotedMail): string {
  if (isSame(existing, mail)) return existing.activityid;
  throw new HttpError(
    409,
    'Another e-mail with this Message-ID, but of another sender, date or subject, is already tracked.',
    '0x80040333',
  );
}

/** Somebody else was a moment faster, or the id in the address belongs to another row. */
async function afterClash(
  session: WriteSession,
  mail: PromotedMail,
  outgoing: boolean,
  wantedId: string,
): Promise<string> {
  const { there } = await findPromoted(session, mail.messageId, outgoing, wantedId);
  if (there !== undefined) return sameOrRefuse(there, mail);
  throw new HttpError(412, `The id ${wantedId} already belongs to another e-mail.`, '0x80040237');
}

async function emailValues(
  session: WriteSession,
  mail: PromotedMail,
  { outgoing, sender, candidates }: People,
  joined: Joined,
): Promise<Map<string, Stored>> {
  const { values } = await readPayload(session, tableOf(session.model, 'email'), withoutHeaders(mail.extra));
  const { correlation } = joined;
  if (!values.has('regardingobjectid') && correlation.regarding !== null) {
    values.set('regardingobjectid', correlation.regarding.id);
    values.set('regardingobjectid_type', correlation.regarding.table);
  }
  const [party] = sender.chosen;
  for (const [name, value] of [...ownValues(mail, session.now()), ...joinedValues(joined)]) values.set(name, value);
  values.set('directioncode', Number(outgoing));
  values.set('statuscode', outgoing ? 3 : 4);
  values.set('isduplicatesenderunresolved', Number(/^(?:several|too-many)-matches$/.test(sender.rule)));
  values.set('emailsender', party?.id ?? null);
  values.set('emailsender_type', party?.table ?? null);
  values.set('sendersaccount', party?.table === 'account' ? party.id : null);
  if (!values.has('ownerid')) {
    const facts = { sender: party, correlatedId: correlation.mail?.id };
    values.set('ownerid', await ownerOf(session, mail, candidates, facts));
    values.set('ownerid_type', 'systemuser');
  }
  return values;
}

/** What the mail itself says. */
function ownValues(mail: PromotedMail, now: Date): [string, Stored][] {
  const moment = storedTime(mail.receivedOn ?? now);
  return [
    ['messageid', mail.messageId],
    ['conversationindex', textOf(mail.extra['conversationindex'], 2048)],
    ['internetmessageheaders', textOf(mail.extra['internetmessageheaders'], 500)],
    ['subject', mail.subject],
    ['description', mail.body.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd')],
    ['sender', cut(mail.sender, 250)],
    ['torecipients', addressLine(mail.to)],
    ['submittedby', mail.submittedBy],
    ['prioritycode', mail.importance],
    ['senton', moment],
    ['actualend', moment],
    ['statecode', 1],
  ];
}

const headers = new Set(['inreplyto', 'conversationindex', 'internetmessageheaders']);

/** Columns that the server alone sets on an ordinary row, but that travel here from the mail's own headers. */
function withoutHeaders(extra: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extra).filter(([name]) => !headers.has(name)));
}

function textOf(value: unknown, length: number): string | null {
  return typeof value === 'string' && value !== '' ? cut(value.replaceAll('\0', ''), length) : null;
}

/** As many whole addresses as the column holds. */
function addressLine(addresses: readonly string[]): string {
  let line = '';
  for (const address of addresses) {
    if (line.length + address.length + 1 > 500) break;
    line += `${address};`;
  }
  return line;
}
