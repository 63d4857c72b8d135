import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { fold } from '../../db/fold.ts';
import { keepStatement } from '../../db/kept-statement.ts';
import {
  commonAnswers,
  correlate,
  correlationRules,
  readConversationIndex,
  subjectWords,
  suggestionRules,
  type Correlation,
  type Findings,
  type KnownMail,
} from '../../../model/correlate.ts';
import { namedMails, readHeaders } from '../../../model/mail-headers.ts';
import type { Session, WriteSession } from '../../odata/session.ts';
import { storedTime, type Stored } from '../../odata/values.ts';
import { findMailsBy, mailsNamed, withPeople, type StoredMail } from './known-mail.ts';
import type { PromotedMail } from './mail-parameters.ts';
import type { MailSettings } from './settings.ts';
import { findToken } from './tracking-token.ts';

/** What a mail says about where it belongs. */
export interface Traces {
  /** Nearest first. */
  named: { ids: string[]; replies: number };
  token: string | undefined;
  conversation: { conversation: string; whole: string } | null;
  /** Of the words in its subject; null when there are none. */
  subjectHash: string | null;
}

export interface Joined extends Traces {
  correlation: Correlation;
}

/** Similar mail is looked for among that of the last 90 days. */
const SIMILAR_DAYS = 90;
const DAY = 24 * 60 * 60 * 1000;

/**
 * Finds what an arriving mail belongs to (model/correlate.ts decides). Until the transaction ends, no other mail that names one
 * of the same mails can be joined: of two that arrive at once, one sees the other.
 */
export async function joinMail(
  session: WriteSession,
  mail: PromotedMail,
  settings: MailSettings,
  people: { outgoing: boolean; senderRows: readonly string[]; ours: ReadonlySet<string> },
): Promise<Joined> {
  const traces = await readTraces(session, mail, settings);
  await lockThread(session, [mail.messageId, ...traces.named.ids]);
  const everybody = [mail.sender, ...mail.to, ...mail.cc, ...mail.bcc].map(fold).filter((address) => address !== '');
  const arriving = {
    outgoing: people.outgoing,
    sender: [fold(mail.sender), ...people.senderRows].filter((name) => name !== ''),
    outside: everybody.filter((address) => !people.ours.has(address)),
  };
  const found = settings.correlation ? await findMails(session, mail, traces, settings, new Set(everybody)) : nothing;
  return { ...traces, correlation: correlate(arriving, found) };
}

const nothing: Findings = { replied: [], referenced: [], token: [], conversation: [], answers: [], similar: [] };

async function readTraces(session: Session, mail: PromotedMail, settings: MailSettings): Promise<Traces> {
  const { extra } = mail;
  const headers = readHeaders(extra['internetmessageheaders']);
  const replied = typeof extra['inreplyto'] === 'string' ? extra['inreplyto'] : headers.get('in-reply-to');
  const given = extra['conversationindex'];
  return {
    named: namedMails(mail.messageId, replied, headers.get('references')),
    token: await findToken(session, mail.subject, settings.token),
    conversation: readConversationIndex(typeof given === 'string' ? given : (headers.get('thread-index') ?? null)),
    subjectHash: hashSubject(mail.subject),
  };
}

/** By which similar mail is found; null for a subject without words. */
export function hashSubject(subject: string): string | null {
  const words = subjectWords(subject);
  return words.length === 0 ? null : createHash('sha256').update(words.join(' ')).digest('base64url');
}

/** SQLite has one writer anyway. */
async function lockThread({ queries, engine }: Session, ids: readonly string[]): Promise<void> {
  if (engine !== 'postgres') return;
  await sql`select pg_advisory_xact_lock(712, number) from
    (select distinct hashtext(id) as number from unnest(${[...ids]}::text[]) as id order by 1) as ordered`.execute(
    queries,
  );
}

async function findMails(
  session: Session,
  mail: PromotedMail,
  { named, token, conversation, subjectHash }: Traces,
  settings: MailSettings,
  everybody: ReadonlySet<string>,
): Promise<Findings> {
  const byHeader = settings.tokenOnly || named.ids.length === 0 ? [] : await mailsNamed(session, named.ids);
  const byToken = token === undefined ? [] : await mailsOfToken(session, token);
  const ofConversation =
    conversation === null || settings.tokenOnly ? [] : await mailsOfConversation(session, conversation.conversation);
  const answers = await answersTo(session, mail.messageId);
  const since = storedTime(new Date(session.now().getTime() - SIMILAR_DAYS * DAY));
  const alike =
    subjectHash === null || byHeader.length + byToken.length + ofConversation.length > 0
      ? []
      : await similarMails(session, subjectHash, since);
  const known = await withPeople(session, [...byHeader, ...byToken, ...ofConversation, ...answers, ...alike]);
  const of = (mails: readonly StoredMail[]): KnownMail[] =>
    mails.flatMap(({ activityid }) => known.get(activityid) ?? []);
  const at = (ids: readonly string[]) => ids.flatMap((id) => of(byHeader.filter(({ messageid }) => messageid === id)));
  const shared = ({ people }: KnownMail) => [...everybody].filter((address) => people.has(address)).length;
  return {
    replied: at(named.ids.slice(0, named.replies)),
    referenced: at(named.ids.slice(named.replies)),
    token: of(byToken),
    conversation: of(nearestFirst(ofConversation, conversation?.whole ?? '')),
    answers: of(answers),
    similar: of(alike).filter((each) => shared(each) >= settings.sharedAddresses),
  };
}

const latest = sql`e.senton desc, e.activityid desc`;
const mailsOfToken = findMailsBy(({ value }) => sql`e.trackingtoken = ${value(0)}`, latest);
const mailsOfConversation = findMailsBy(({ value }) => sql`e.baseconversationindexhash = ${value(0)}`, latest);
const answersTo = findMailsBy(
  ({ value }) => sql`e.activityid in (select activityid from emailreference where messageid = ${value(0)})`,
);
const similarMails = findMailsBy(({ value }) => sql`e.subjecthash = ${value(0)} and e.senton >= ${value(1)}`, latest);

function nearestFirst(mails: readonly StoredMail[], whole: string): StoredMail[] {
  const common = ({ conversationindex }: StoredMail) =>
    commonAnswers(readConversationIndex(conversationindex)?.whole ?? '', whole);
  return [...mails].sort((one, other) => common(other) - common(one));
}

/** What the e-mail keeps of it: how it was joined, what is only suggested, and by what later mail finds it. */
export function joinedValues({ named, token, conversation, subjectHash, correlation }: Joined): [string, Stored][] {
  const { rule, mail, suggestion } = correlation;
  const method = { none: 0, 'in-reply-to': 3, references: 3, token: 4, 'conversation-index': 5 }[rule];
  return [
    ['inreplyto', named.ids.slice(0, named.replies)[0] ?? null],
    ['trackingtoken', token ?? null],
    ['baseconversationindexhash', conversation?.conversation ?? null],
    ['subjecthash', subjectHash],
    ['correlationmethod', method],
    ['correlatedactivityid', mail?.id ?? null],
    ['parentactivityid', method === 3 || method === 5 ? (mail?.id ?? null) : null],
    ['alongside_correlationrule', correlationRules.indexOf(rule)],
    ['alongside_suggestedactivityid', suggestion?.mail.id ?? null],
    ['alongside_suggestionrule', suggestion === undefined ? 0 : suggestionRules.indexOf(suggestion.rule)],
  ];
}

/**
 * After the row is stored: its references, its thread, and its answers that came before it.
 * These joins are knowledge of the server about mails, no change of them by anybody: versions stay, so that an undo which is
 * guarded by the version a person saw still works. A regarding record is never rewritten by them.
 */
export async function storeJoins(session: WriteSession, id: string, messageId: string, joined: Joined): Promise<void> {
  const { ids } = joined.named;
  if (ids.length > 0) {
    const rows = ids.map((named, position) => sql`(${id}, ${position}, ${named})`);
    await sql`insert into emailreference (activityid, position, messageid) values ${sql.join(rows)}`.execute(
      session.queries,
    );
  }
  await mergeThreads(session, id, [messageId, ...ids], joined.correlation.mail?.id ?? id);
  await adoptAnswers(session, id, messageId);
}

/** All mails that name, or are, one of the same mails are one thread, under the smallest of its ids. */
async function mergeThreads(session: WriteSession, id: string, messageIds: string[], joinedTo: string): Promise<void> {
  const { queries, engine } = session;
  let threads = await threadsOf(session, id, messageIds, joinedTo);
  if (threads.length === 1) return;
  if (engine === 'postgres') {
    // Of two mails that join one thread at once, one would keep the name that the other takes away: they wait for each other.
    await sql`select pg_advisory_xact_lock(714, 0)`.execute(queries);
    threads = await threadsOf(session, id, messageIds, joinedTo);
  }
  const [thread, ...others] = threads;
  await renameThread.run(queries, engine, thread ?? id, id, others);
}

const renameThread = keepStatement(
  ({ isOneOf, value }) => sql`update email set conversationtrackingid = ${value(0)} where activityid = ${value(1)}
    or ${isOneOf(sql.ref('conversationtrackingid'), 2)}`,
);

async function threadsOf(
  { queries, engine }: WriteSession,
  id: string,
  messageIds: string[],
  joinedTo: string,
): Promise<string[]> {
  const rows = await threads.run(queries, engine, messageIds, id, joinedTo);
  return [...new Set([id, ...rows.flatMap(({ thread }) => thread ?? [])])].sort();
}

const threads = keepStatement<{ thread: string | null }>(
  ({ isOneOf, value }) => sql`
    select e.conversationtrackingid as thread from email as e where ${isOneOf(sql.ref('e.messageid'), 0)}
    union select e.conversationtrackingid from email as e where e.activityid in (${value(1)}, ${value(2)})
    union select e.conversationtrackingid from emailreference as r join email as e on e.activityid = r.activityid
      where ${isOneOf(sql.ref('r.messageid'), 0)}`,
);

/** Answers that name no nearer mail of the CRM are joined to the one that arrived after them. */
async function adoptAnswers({ queries, engine }: WriteSession, id: string, messageId: string): Promise<void> {
  await adopt.run(queries, engine, id, messageId);
}

const adopt = keepStatement(
  ({ value }) => sql`update email set correlatedactivityid = ${value(0)}, parentactivityid = ${value(0)},
      correlationmethod = 3, alongside_correlationrule = case when inreplyto = ${value(1)} then 1 else 2 end
    where activityid in (select r.activityid from emailreference as r where r.messageid = ${value(1)} and not exists
      (select 1 from emailreference as nearer join email as e on e.messageid = nearer.messageid
        where nearer.activityid = r.activityid and nearer.position <= r.position and e.activityid <> ${value(0)}))`,
);

/** A mail that was deleted names nobody any more. */
export async function forgetReferences(id: string, { queries }: WriteSession): Promise<void> {
  await sql`delete from emailreference where activityid = ${id}`.execute(queries);
}
