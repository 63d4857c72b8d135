import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { anyEquals, literal, query } from '../../../api/dialect.ts';
import { createPeople } from '../../../api/people.ts';
import { number, text } from '../../../api/row.ts';
import { canonicalMessageId } from '../../../model/item-key.ts';
import { namedMails, readHeaders } from '../../../model/mail-headers.ts';
import { foldAddress } from '../../../model/message.ts';
import { filters, type Acceptor, type Match } from '../../../model/tracking-why.ts';
import type { CrmAnswer } from '../decide.ts';
import type { SourceItem } from '../source.ts';
import type { AskingMailbox } from './asking-mailbox.ts';
import { keptFor } from './kept-for.ts';
import { wellFormed } from './well-formed.ts';

/**
 * Whether sent mail is tracked by itself. CheckIncomingEmail knows only who received a mail, and no message of the original answers
 * this, so it is put together from what the Web API shows anyway: the organisation's AutoTrackSentFolderItems, the sender's own
 * filter, and what the mail answers or who its recipients are. The same against every CRM.
 */
export function createSentCheck({ crm, now }: { readonly crm: Dataverse; readonly now: () => number }) {
  const isTracked = keptFor(now, async () =>
    readSetting(await crm.list('organizations?$select=orgdborgsettings&$top=1')),
  );
  const sender = keptFor(now, async (address) => (await readSender(crm, address)) ?? null);
  return async (mailbox: AskingMailbox, mails: readonly SourceItem[]): Promise<readonly CrmAnswer[]> => {
    if (mails.length === 0) return [];
    if (!(await isTracked(''))) return mails.map(() => ({ kind: 'sent-not-tracked' }));
    const by = await sender(foldAddress(mailbox.address));
    if (by === null) return mails.map(() => ({ kind: 'no-recipient-match' }));
    const there = await readMessageIds(crm, mails.flatMap(idOf));
    const matches = await matchAll(crm, mailbox, by, mails);
    return mails.map((mail, index) => {
      if (idOf(mail).some((id) => there.has(id))) return { kind: 'already-there' };
      const match = matches[index];
      return match === undefined ? { kind: 'not-accepted', asked: [by] } : { kind: 'accepted', by, match };
    });
  };
}

/** What makes the filter of the sender take each mail; null: it takes all, undefined: it does not. */
async function matchAll(
  crm: Dataverse,
  mailbox: AskingMailbox,
  { filter }: Acceptor,
  mails: readonly SourceItem[],
): Promise<readonly (Match | null | undefined)[]> {
  switch (filter) {
    case 'all':
      return mails.map(() => null);
    case 'none':
      return mails.map(() => undefined);
    case 'replies':
      return matchReplies(crm, mailbox, mails);
    case 'from-customers':
      return matchPeople(crm, mails, ['contact', 'lead', 'account']);
    case 'from-anybody-known':
      return matchPeople(crm, mails, ['contact', 'lead', 'account', 'systemuser']);
  }
}

async function matchReplies(
  crm: Dataverse,
  mailbox: AskingMailbox,
  mails: readonly SourceItem[],
): Promise<readonly (Match | undefined)[]> {
  const named = await Promise.all(
    mails.map(async (mail) => {
      const headers = readHeaders(wellFormed(mail.headers ?? (await mailbox.headersOf(mail)) ?? ''));
      return namedMails(idOf(mail)[0] ?? '', headers.get('in-reply-to'), headers.get('references'));
    }),
  );
  const tracked = await readMessageIds(crm, [...new Set(named.flatMap(({ ids }) => ids))]);
  return named.map(({ ids, replies }): Match | undefined => {
    const at = ids.findIndex((id) => tracked.has(id));
    const found = tracked.get(ids[at] ?? '');
    if (found === undefined) return undefined;
    return { by: at < replies ? 'in-reply-to' : 'references', table: 'email', id: found };
  });
}

async function matchPeople(
  crm: Dataverse,
  mails: readonly SourceItem[],
  tables: readonly string[],
): Promise<readonly (Match | undefined)[]> {
  const recipients = mails.map(({ to, cc, bcc }) =>
    [...to, ...cc, ...bcc].slice(0, mostRecipients).map(({ address }) => foldAddress(wellFormed(address))),
  );
  const people = await createPeople(crm).find([...new Set(recipients.flat())]);
  return recipients.map((addresses): Match | undefined => {
    const all = addresses.flatMap((address) => people.get(address) ?? []);
    const person = all.find(({ table, active }) => active && tables.includes(table));
    return person === undefined ? undefined : { by: 'recipient', table: person.table, id: person.id };
  });
}

/** Recipients of one mail that are looked up: who writes to more wrote a circular. */
const mostRecipients = 100;
/** Ids of one query; an address stays well below the 16 kB that servers take. */
const together = 50;

function idOf({ internetMessageId }: SourceItem): string[] {
  const id = canonicalMessageId(wellFormed(internetMessageId ?? ''));
  return id === null ? [] : [id];
}

/** Of these mails those that the CRM has, with their row. */
async function readMessageIds(crm: Dataverse, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const paths = Array.from({ length: Math.ceil(ids.length / together) }, (_, at) => {
    const filter = anyEquals(['messageid'], ids.slice(at * together, (at + 1) * together));
    return query('emails', { select: ['activityid', 'messageid'], filter, top: together * 4 });
  });
  const rows = (await crm.listAll(paths)).flat();
  return new Map(rows.map((row) => [text(row, 'messageid') ?? '', text(row, 'activityid') ?? '']));
}

function readSetting([organisation]: readonly Row[]): boolean {
  const xml = organisation === undefined ? null : text(organisation, 'orgdborgsettings');
  return /<AutoTrackSentFolderItems>\s*true\s*</i.test(xml ?? '');
}

/** Whose mailbox it is, and what they take: a user without settings takes answers, a queue without any takes all. */
async function readSender(crm: Dataverse, address: string): Promise<Acceptor | undefined> {
  const [users = [], queues = []] = await crm.listAll([
    query('systemusers', {
      select: ['systemuserid'],
      filter: `internalemailaddress eq ${literal(address)} and isdisabled eq false`,
      top: 1,
    }),
    query('queues', {
      select: ['queueid', 'incomingemailfilteringmethod'],
      filter: `emailaddress eq ${literal(address)} and statecode eq 0`,
      top: 1,
    }),
  ]);
  const [queue] = queues;
  const queueId = queue === undefined ? null : text(queue, 'queueid');
  if (queue !== undefined && queueId !== null)
    return { table: 'queue', id: queueId, address, filter: filterOf(queue, 0) };
  const userId = users[0] === undefined ? null : text(users[0], 'systemuserid');
  if (userId === null) return undefined;
  const settings = await crm.retrieve(
    query(`usersettingscollection(${userId})`, { select: ['incomingemailfilteringmethod'] }),
  );
  return { table: 'systemuser', id: userId, address, filter: filterOf(settings ?? {}, 1) };
}

function filterOf(row: Row, usual: number): Acceptor['filter'] {
  return filters[number(row, 'incomingemailfilteringmethod') ?? usual] ?? 'none';
}
