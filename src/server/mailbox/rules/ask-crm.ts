import { createDataverse, type Row } from '../../../api/dataverse.ts';
import { anyEquals, literal, query } from '../../../api/dialect.ts';
import type { Http } from '../../../api/http.ts';
import { isObject } from '../../../model/is-object.ts';
import { retrieveEach } from '../../../api/retrieve-each.ts';
import { text } from '../../../api/row.ts';
import { CrmError, mayPassByItself } from '../../../model/errors.ts';
import { canonicalMessageId } from '../../../model/item-key.ts';
import type { MailAddress } from '../../../model/message.ts';
import { filters, type Acceptor, type Filter, type Match, type Question } from '../../../model/tracking-why.ts';
import type { CrmAnswer } from '../decide.ts';
import type { SourceItem } from '../source.ts';
import type { AskingMailbox } from './asking-mailbox.ts';
import { createSentCheck } from './ask-sent.ts';
import { wellFormed } from './well-formed.ts';

export interface AskedMail {
  readonly question: Question;
  readonly facts: SourceItem;
}

/** Null: the CRM does not answer now. An answer that is undefined is asked for again later. */
export type AskCrm = (
  mailbox: AskingMailbox,
  mails: readonly AskedMail[],
) => Promise<readonly (CrmAnswer | undefined)[] | null>;

export interface AskCrmServices {
  readonly http: Http;
  readonly now: () => number;
  /** What somebody has to look at: a server that may not ask, for example. */
  readonly report: (error: CrmError) => void;
}

/**
 * Asks the CRM, with the server's own rights, whether anybody wants these mails: about received ones with CheckIncomingEmail, about
 * sent ones, of which the original's messages say nothing, with queries (ask-sent.ts). Only headers travel. Mail whose headers are
 * not in the listing is read for them only where somebody takes nothing but answers.
 */
export function createAskCrm({ http, now, report }: AskCrmServices): AskCrm {
  const crm = createDataverse(http);
  const checkSent = createSentCheck({ crm, now });
  const checkIncoming = async (mailbox: AskingMailbox, mails: readonly SourceItem[]) => {
    const first = await checkAll(http, mailbox.address, mails);
    const again = mails.filter((mail, index) => mail.headers === undefined && mayBeAnswer(first[index]));
    if (again.length === 0) return first;
    const read = await Promise.all(
      again.map(async (mail) => ({ ...mail, headers: (await mailbox.headersOf(mail)) ?? '' })),
    );
    const second = await checkAll(http, mailbox.address, read);
    return first.map((answer, index) => {
      const at = again.findIndex((mail) => mail === mails[index]);
      return at < 0 ? answer : second[at];
    });
  };
  return async (mailbox, mails) => {
    const of = (question: Question) => mails.filter((mail) => mail.question === question).map(({ facts }) => facts);
    const [incoming, sent] = [of('incoming'), of('sent')];
    try {
      const received = await lookUp(crm, incoming, await checkIncoming(mailbox, incoming));
      const posted = await checkSent(mailbox, sent);
      const answers = new Map([
        ...incoming.map((mail, index) => [mail, received[index]] as const),
        ...sent.map((mail, index) => [mail, posted[index]] as const),
      ]);
      return mails.map(({ facts }) => answers.get(facts));
    } catch (error) {
      if (!(error instanceof CrmError)) throw error;
      if (!mayPassByItself(error.code)) report(error);
      return null;
    }
  };
}

/** Mails of one request. */
const together = 50;

async function checkAll(
  http: Http,
  address: string,
  mails: readonly SourceItem[],
): Promise<readonly (CrmAnswer | undefined)[]> {
  const answers: (CrmAnswer | undefined)[] = [];
  for (let at = 0; at < mails.length; at += together) {
    const paths = mails.slice(at, at + together).map((mail) => checkPath(address, mail));
    answers.push(...(await retrieveEach(http, paths)).map(readAnswer));
  }
  return answers;
}

/** Characters of the longest list of recipients that is asked about: a part of a batch takes 64 kB. */
const longestList = 5_000;
const longestHeaders = 8_000;

function checkPath(address: string, mail: SourceItem): string {
  const extra = {
    '@odata.type': 'Microsoft.Dynamics.CRM.email',
    submittedby: address,
    ...(mail.headers === undefined || mail.headers === ''
      ? {}
      : { internetmessageheaders: mail.headers.slice(0, longestHeaders) }),
  };
  const given = {
    MessageId: literal(canonicalMessageId(mail.internetMessageId) ?? '<none@alongside.invalid>'),
    Subject: literal(mail.subject.slice(0, 800)),
    From: literal(mail.from?.address ?? ''),
    To: literal(listOf(mail.to, address)),
    Cc: literal(listOf(mail.cc, address)),
    Bcc: literal(listOf(mail.bcc, address)),
    ExtraProperties: JSON.stringify(extra),
  };
  const names = Object.keys(given);
  const values = Object.entries(given).map(([name, value]) => `@${name}=${encodeURIComponent(wellFormed(value))}`);
  return `CheckIncomingEmail(${names.map((name) => `${name}=@${name}`).join(',')})?${values.join('&')}`;
}

/** Addresses only. Of a list that is too long the mailbox's own comes first: it is the likeliest to accept the mail. */
function listOf(people: readonly MailAddress[], own: string): string {
  const isOwn = ({ address }: MailAddress) => address.toLowerCase() === own.toLowerCase();
  let line = '';
  for (const { address } of [...people.filter(isOwn), ...people.filter((each) => !isOwn(each))]) {
    if (/[<>";,\s]/.test(address) || address === '') continue;
    if (line.length + address.length > longestList) break;
    line += `${address};`;
  }
  return line;
}

/**
 * What CheckIncomingEmail answers. The documents do not say what a ReasonCode means: the built-in CRM tells us in an annotation of its
 * own, of another we know its yes and its no.
 */
function readAnswer(answer: Row | CrmError): CrmAnswer | undefined {
  if (answer instanceof CrmError) {
    const isOurFault = !mayPassByItself(answer.code) && answer.code !== 'unauthorized' && answer.code !== 'forbidden';
    return isOurFault ? { kind: 'refused', reason: null } : undefined;
  }
  const reason = typeof answer['ReasonCode'] === 'number' ? answer['ReasonCode'] : null;
  const told = answer['@Alongside.Acceptance'];
  const facts = isObject(told) ? told : undefined;
  if (answer['ShouldDeliver'] === true)
    return { kind: 'accepted', by: readAcceptor(facts?.['AcceptedBy']), match: readMatch(facts?.['Match']) };
  if (facts === undefined) return { kind: 'refused', reason };
  if (reason === 1) return { kind: 'already-there' };
  if (reason === 2) return { kind: 'no-recipient-match' };
  const asked = Array.isArray(facts['Asked']) ? facts['Asked'] : [];
  return { kind: 'not-accepted', asked: asked.flatMap((each: unknown) => readAcceptor(each) ?? []) };
}

function readAcceptor(value: unknown): Acceptor | null {
  if (!isObject(value)) return null;
  const { LogicalName: table, Filter: said } = value;
  const id = text(value, 'Id');
  const filter = filters.find((each) => each === said);
  if (id === null || filter === undefined || (table !== 'systemuser' && table !== 'queue')) return null;
  return { table, id, filter, address: text(value, 'Address') };
}

const matches: readonly Match['by'][] = ['in-reply-to', 'references', 'token', 'sender', 'recipient'];

function readMatch(value: unknown): Match | null {
  if (!isObject(value)) return null;
  const by = matches.find((each) => each === value['By']);
  const [table, id] = [text(value, 'LogicalName'), text(value, 'Id')];
  return by === undefined || table === null || id === null ? null : { by, table, id };
}

/** It was not accepted, and what it answers might change that. */
function mayBeAnswer(answer: CrmAnswer | undefined): boolean {
  if (answer?.kind === 'refused') return true;
  const takesAnswers = ({ filter }: { filter: Filter }) => filter === 'replies';
  return answer?.kind === 'not-accepted' && answer.asked.some(takesAnswers);
}

/** A CRM that says no without a reason may mean that it has the mail already: then it is tracked, and not refused. */
async function lookUp(
  crm: ReturnType<typeof createDataverse>,
  mails: readonly SourceItem[],
  answers: readonly (CrmAnswer | undefined)[],
): Promise<readonly (CrmAnswer | undefined)[]> {
  const idOf = (index: number) => canonicalMessageId(wellFormed(mails[index]?.internetMessageId ?? ''));
  const unclear = answers.flatMap((answer, index) => (answer?.kind === 'refused' ? (idOf(index) ?? []) : []));
  if (unclear.length === 0) return answers;
  const paths = Array.from({ length: Math.ceil(unclear.length / together) }, (_, at) => {
    const filter = anyEquals(['messageid'], unclear.slice(at * together, (at + 1) * together));
    return query('emails', { select: ['messageid'], filter, top: together * 4 });
  });
  const there = new Set((await crm.listAll(paths)).flat().map((row) => text(row, 'messageid')));
  return answers.map((answer, index) =>
    answer?.kind === 'refused' && there.has(idOf(index)) ? { kind: 'already-there' } : answer,
  );
}
