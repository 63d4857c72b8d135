import { sql } from 'kysely';
import { fold } from '../../db/fold.ts';
import { HttpError } from '../../http/errors.ts';
import { canonicalMessageId, normalizeSubject, sameMail } from '../../../model/item-key.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Call, Operation } from '../../odata/operations.ts';
import { readPayload } from '../../odata/write/payload.ts';
import { readPage } from '../../odata/read/read.ts';
import type { Row, Session, WriteSession } from '../../odata/session.ts';
import { isGuid, storedTime, type Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import { cut, readMailParameters, type PromotedMail } from './mail-parameters.ts';
import { chooseRecipients, chooseSender, findCandidates, isOutgoing, type Candidate } from './candidates.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const SENDER = 1;
const masks = { to: 2, cc: 3, bcc: 4 } as const;

/**
 * Tracks a mail: one e-mail per Message-ID and direction, however often and from however many mailboxes it is asked for.
 * Who comes second gets the first one's row. The id in the address is the new row's, all zeros let the server choose.
 * Another mail under the same Message-ID (other sender, subject or day) is refused with 409 0x80040333; it is to be
 * promoted under an id of its own.
 */
export const deliverPromoteEmail: Operation = {
  name: 'DeliverPromoteEmail',
  kind: 'action',
  boundTo: 'email',
  async run(call) {
    const mail = readMailParameters(call.parameters);
    const id = await call.transaction((session) => promote(session, mail, call.id));
    return { status: 200, headers: {}, body: await readEmail(call.session, id) };
  },
};

/** The row without its body, which the caller has just sent. */
async function readEmail(session: Session, id: string): Promise<Row> {
  const table = tableOf(session.model, 'email');
  const page = await readPage({
    session,
    table,
    query: {
      select: [...table.columns.values()].filter(({ kind }) => kind !== 'memo').map(({ name }) => name),
      filter: undefined,
      order: [],
      top: undefined,
      expand: [],
      count: false,
    },
    parameters: new Map(),
    annotations: () => true,
    among: ({ alias }) => sql<boolean>`${sql.ref(`${alias}.activityid`)} = ${id}`,
    pageSize: 1,
  });
  return { '@odata.context': `${session.root}$metadata#emails/$entity`, ...page.rows[0] };
}

async function promote(session: WriteSession, mail: PromotedMail, wantedId: string): Promise<string> {
  const everybody = [mail.sender, ...mail.to, ...mail.cc, ...mail.bcc].filter((address) => address !== '');
  const candidates = await findCandidates(session, everybody);
  const senders = candidates.get(fold(mail.sender)) ?? [];
  const outgoing = isOutgoing(senders);
  const existing = await findPromoted(session, mail.messageId, outgoing);
  if (existing !== undefined) return sameOrRefuse(existing, mail);
  const sender = chooseSender(senders, session.caller.userId);
  const values = await emailValues(session, mail, { outgoing, sender, severalSenders: senders.length > 1, candidates });
  if (isGuid(wantedId) && wantedId !== NOBODY) values.set('activityid', wantedId);
  const limits = await attachmentLimits(session);
  const kept = mail.attachments.filter(
    ({ bytes, filename }) => bytes.length <= limits.bytes && !limits.blocked.has(ending(filename)),
  );
  values.set('attachmentcount', kept.length);
  values.set('notifications', kept.length < mail.attachments.length ? 1 : 0);
  const id = await insertRow(session, tableOf(session.model, 'email'), values, true);
  if (id === undefined) return afterClash(session, mail, outgoing, wantedId);
  await storeParties(session, id, mail, sender, candidates);
  for (const [index, attachment] of kept.entries()) await storeAttachment(session, id, attachment, index + 1);
  return id;
}

interface Promoted {
  activityid: string;
  sender: string | null;
  subject: string | null;
  senton: string | null;
}

/** Across all rows, whoever may see them: deduplication must not depend on who asks. */
async function findPromoted({ queries }: Session, messageId: string, outgoing: boolean): Promise<Promoted | undefined> {
  const { rows } = await sql<Promoted>`select activityid, sender, subject, senton from email
    where messageid = ${messageId} and directioncode = ${Number(outgoing)}`.execute(queries);
  return rows[0];
}

function sameOrRefuse(existing: Promoted, mail: PromotedMail): string {
  const stored = {
    from: fold(existing.sender ?? ''),
    sentAt: existing.senton,
    subject: normalizeSubject(existing.subject ?? ''),
  };
  const sentAt = mail.receivedOn === undefined ? null : storedTime(mail.receivedOn);
  const given = { from: fold(cut(mail.sender, 250)), sentAt, subject: normalizeSubject(mail.subject) };
  if (sameMail(stored, given)) return existing.activityid;
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
  const winner = await findPromoted(session, mail.messageId, outgoing);
  if (winner !== undefined) return sameOrRefuse(winner, mail);
  throw new HttpError(412, `The id ${wantedId} already belongs to another e-mail.`, '0x80040237');
}

interface Resolved {
  outgoing: boolean;
  sender: Candidate | undefined;
  severalSenders: boolean;
  candidates: ReadonlyMap<string, readonly Candidate[]>;
}

async function emailValues(
  session: WriteSession,
  mail: PromotedMail,
  resolved: Resolved,
): Promise<Map<string, Stored>> {
  const table = tableOf(session.model, 'email');
  const { values } = await readPayload(session, table, withoutHeaders(mail.extra));
  const correlated = await correlate(session, mail);
  if (values.get('regardingobjectid') == null && correlated?.regardingobjectid != null) {
    values.set('regardingobjectid', correlated.regardingobjectid);
    values.set('regardingobjectid_type', correlated.regardingobjectid_type);
  }
  const moment = storedTime(mail.receivedOn ?? session.now());
  const { sender } = resolved;
  const known: [string, Stored][] = [
    ['messageid', mail.messageId],
    ['inreplyto', replyOf(mail) ?? null],
    ['conversationindex', textOf(mail.extra['conversationindex'], 2048)],
    ['internetmessageheaders', textOf(mail.extra['internetmessageheaders'], 500)],
    ['subject', mail.subject],
    ['description', mail.body.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd')],
    ['directioncode', Number(resolved.outgoing)],
    ['sender', cut(mail.sender, 250)],
    ['torecipients', addressLine(mail.to)],
    ['submittedby', mail.submittedBy],
    ['prioritycode', mail.importance],
    ['senton', moment],
    ['actualend', moment],
    ['statecode', 1],
    ['statuscode', resolved.outgoing ? 3 : 4],
    ['isduplicatesenderunresolved', Number(resolved.severalSenders && sender === undefined)],
    ['emailsender', sender?.id ?? null],
    ['emailsender_type', sender?.table ?? null],
    ['sendersaccount', sender?.table === 'account' ? sender.id : null],
    ['correlatedactivityid', correlated?.activityid ?? null],
    ['parentactivityid', correlated?.activityid ?? null],
    ['correlationmethod', correlated === undefined ? 0 : 3],
  ];
  for (const [name, value] of known) values.set(name, value);
  if (!values.has('ownerid')) {
    values.set('ownerid', ownerOf(session, mail, resolved.candidates));
    values.set('ownerid_type', 'systemuser');
  }
  return values;
}

const headers = new Set(['inreplyto', 'conversationindex', 'internetmessageheaders']);

/** Columns that the server alone sets on an ordinary row, but that travel here from the mail's own headers. */
function withoutHeaders(extra: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extra).filter(([name]) => !headers.has(name)));
}

function textOf(value: unknown, length: number): string | null {
  return typeof value === 'string' && value !== '' ? cut(value.replaceAll('\0', ''), length) : null;
}

function replyOf({ extra }: PromotedMail): string | undefined {
  const header = textOf(extra['inreplyto'], 2_000);
  return header === null ? undefined : (canonicalMessageId(header) ?? undefined);
}

interface Correlated {
  activityid: string;
  regardingobjectid: string | null;
  regardingobjectid_type: string | null;
}

/** An answer belongs to what the mail it answers is regarding. */
async function correlate({ queries }: Session, mail: PromotedMail): Promise<Correlated | undefined> {
  const reply = replyOf(mail);
  if (reply === undefined) return undefined;
  const { rows } = await sql<Correlated>`select activityid, regardingobjectid, regardingobjectid_type from email
    where messageid = ${reply} order by createdon limit 1`.execute(queries);
  return rows[0];
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

/** A person who tracks owns the e-mail; for the server it is the first colleague among the recipients, or who wrote it. */
function ownerOf({ caller }: Session, mail: PromotedMail, candidates: Resolved['candidates']): string {
  if (caller.kind === 'user') return caller.userId;
  for (const address of [...mail.to, ...mail.cc, ...mail.bcc, mail.sender]) {
    const user = candidates.get(fold(address))?.find(({ table, active }) => table === 'systemuser' && active);
    if (user !== undefined) return user.id;
  }
  return caller.userId;
}

async function storeParties(
  session: WriteSession,
  id: string,
  mail: PromotedMail,
  sender: Candidate | undefined,
  candidates: Resolved['candidates'],
): Promise<void> {
  const store = (address: string, mask: number, party: Candidate | undefined) =>
    insertRow(session, tableOf(session.model, 'activityparty'), partyValues(id, address, mask, party));
  if (mail.sender !== '') await store(mail.sender, SENDER, sender);
  for (const list of ['to', 'cc', 'bcc'] as const) {
    for (const address of mail[list]) {
      const parties = chooseRecipients(candidates.get(fold(address)) ?? []);
      if (parties.length === 0) await store(address, masks[list], undefined);
      for (const party of parties) await store(address, masks[list], party);
    }
  }
}

function partyValues(
  activityId: string,
  address: string,
  mask: number,
  party: Candidate | undefined,
): Map<string, Stored> {
  return new Map<string, Stored>([
    ['activityid', activityId],
    ['activityid_type', 'email'],
    ['participationtypemask', mask],
    ['addressused', address],
    ['addressusedemailcolumnnumber', party?.columnNumber ?? null],
    ['partyid', party?.id ?? null],
    ['partyid_type', party?.table ?? null],
  ]);
}

async function storeAttachment(
  session: WriteSession,
  id: string,
  attachment: PromotedMail['attachments'][number],
  number: number,
): Promise<void> {
  const values = new Map<string, Stored>([
    ['objectid', id],
    ['objectid_type', 'email'],
    ['filename', attachment.filename],
    ['mimetype', attachment.mimetype],
    ['attachmentcontentid', attachment.contentId ?? null],
    ['attachmentnumber', number],
    ['filesize', attachment.bytes.length],
    ['body', attachment.bytes],
  ]);
  await insertRow(session, tableOf(session.model, 'activitymimeattachment'), values);
}

async function attachmentLimits({ queries }: Session): Promise<{ bytes: number; blocked: ReadonlySet<string> }> {
  const { rows } = await sql<{
    maxuploadfilesize: number;
    blockedattachments: string | null;
  }>`select maxuploadfilesize, blockedattachments from organization`.execute(queries);
  const blocked = rows[0]?.blockedattachments?.toLowerCase().split(/[;,\s]+/) ?? [];
  return { bytes: Number(rows[0]?.maxuploadfilesize ?? 0), blocked: new Set(blocked.filter((name) => name !== '')) };
}

function ending(filename: string): string {
  return filename.slice(filename.lastIndexOf('.') + 1).toLowerCase();
}

/** Whether somebody still has to promote the mail. Reason 1: it is there already. */
export const checkPromoteEmail: Operation = {
  name: 'CheckPromoteEmail',
  kind: 'function',
  async run({ parameters, session }: Call) {
    const messageId = parameters.get('MessageId');
    const direction = parameters.get('DirectionCode');
    if (typeof messageId !== 'string')
      throw new HttpError(400, 'CheckPromoteEmail needs the parameter MessageId.', '0x80048d19');
    session.access.demand(session.caller, 'read', tableOf(session.model, 'email'));
    const ofDirection =
      direction === undefined ? sql`` : sql` and directioncode = ${Number(direction === true || direction === 1)}`;
    const { rows } = await sql`select 1 from email where messageid = ${messageId}${ofDirection}`.execute(
      session.queries,
    );
    return {
      status: 200,
      headers: {},
      body: {
        '@odata.context': `${session.root}$metadata#Microsoft.Dynamics.CRM.CheckPromoteEmailResponse`,
        ShouldPromote: rows.length === 0,
        ReasonCode: rows.length === 0 ? 0 : 1,
      },
    };
  },
};
