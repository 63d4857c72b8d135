import {
  contentKeyOf,
  normalizeSubject,
  sameMail,
  stampMessageId,
  substituteMessageId,
  type Digest,
  type MailIdentity,
} from '../model/item-key.ts';
import { foldAddress } from '../model/message.ts';
import { isRegardingTable, type RegardingRef } from '../model/records.ts';
import type { Dataverse, Row } from './dataverse.ts';
import { anyEquals, query } from './dialect.ts';
import { lookup, text } from './row.ts';

/** An e-mail activity as the CRM has it. */
export interface PromotedMail {
  readonly activityId: string;
  readonly etag: string | null;
  readonly messageId: string;
  readonly regarding: RegardingRef | null;
  readonly createdBy: string | null;
  /** ISO 8601. */
  readonly createdOn: string;
}

export interface MailLookup {
  /** The row of this very mail, or null. */
  readonly found: PromotedMail | null;
  /** The id it has, or is to be promoted under: its own, or one of ours when another mail already carries its own. */
  readonly messageId: string;
}

/** Where mails are looked up, and what a substitute id is made of. */
export interface MailLookupServices {
  readonly crm: Dataverse;
  readonly tenantId: string;
  readonly digest: Digest;
}

const select = [
  'activityid',
  'messageid',
  'subject',
  'sender',
  'senton',
  'createdon',
  '_createdby_value',
  '_regardingobjectid_value',
];

/** Rows read per mail: both directions, and the rare forged id. */
const candidates = 10;

function mailQuery(messageIds: readonly string[]): string {
  const top = candidates * messageIds.length;
  return query('emails', { select, filter: anyEquals(['messageid'], messageIds), orderby: 'createdon asc', top });
}

/**
 * Looks mails up by Message-ID, guarded by their fingerprints (sync-and-reliability 3.3), with one request; with a second one
 * for those whose id another mail already carries. Answers are in the order asked.
 */
export async function findMails(
  services: MailLookupServices,
  mails: readonly MailIdentity[],
  signal?: AbortSignal,
): Promise<readonly MailLookup[]> {
  const first = await ask(services.crm, mails, signal);
  const taken = mails.filter((_, index) => first[index]?.idTaken === true);
  const moved = await Promise.all(taken.map((mail) => underSubstitute(services, mail)));
  const second = await ask(services.crm, moved, signal);
  return mails.map((mail, index) => {
    const other = taken.indexOf(mail);
    return other < 0
      ? { found: first[index]?.found ?? null, messageId: mail.messageId }
      : { found: second[other]?.found ?? null, messageId: moved[other]?.messageId ?? mail.messageId };
  });
}

export async function findMail(
  services: MailLookupServices,
  mail: MailIdentity,
  signal?: AbortSignal,
): Promise<MailLookup> {
  const [lookup] = await findMails(services, [mail], signal);
  return lookup ?? { found: null, messageId: mail.messageId };
}

async function underSubstitute({ tenantId, digest }: MailLookupServices, mail: MailIdentity): Promise<MailIdentity> {
  return { ...mail, messageId: substituteMessageId(await contentKeyOf(tenantId, mail.fingerprint, digest)) };
}

interface Judgement {
  readonly found: PromotedMail | null;
  readonly idTaken: boolean;
}

async function ask(
  crm: Dataverse,
  mails: readonly MailIdentity[],
  signal?: AbortSignal,
): Promise<readonly Judgement[]> {
  if (mails.length === 0) return [];
  const rows = await crm.list(mailQuery([...new Set(mails.flatMap(idsOf))]), signal);
  return mails.map((mail) => judge(rows, mail));
}

/** The ids under which a mail may lie: one that was tracked before it had its own lies under its stamp's. */
function idsOf({ messageId, stamp }: MailIdentity): readonly string[] {
  return stamp === undefined ? [messageId] : [messageId, stampMessageId(stamp)];
}

function judge(rows: readonly Row[], mail: MailIdentity): Judgement {
  const isSame = (row: Row) => sameMail(mail.fingerprint, fingerprintOfRow(row));
  const under = (id: string) => rows.filter((row) => text(row, 'messageid') === id);
  const same = under(mail.messageId);
  const own = same.find(isSame) ?? idsOf(mail).flatMap(under).find(isSame);
  return { found: own === undefined ? null : readMail(own), idTaken: own === undefined && same.length > 0 };
}

function fingerprintOfRow(row: Row): MailIdentity['fingerprint'] {
  return {
    from: foldAddress(text(row, 'sender') ?? ''),
    sentAt: text(row, 'senton'),
    subject: normalizeSubject(text(row, 'subject') ?? ''),
  };
}

export function readMail(row: Row): PromotedMail {
  return {
    activityId: (text(row, 'activityid') ?? '').toLowerCase(),
    etag: text(row, '@odata.etag'),
    messageId: text(row, 'messageid') ?? '',
    regarding: regardingOf(row),
    createdBy: lookup(row, 'createdby')?.name ?? null,
    createdOn: text(row, 'createdon') ?? '',
  };
}

function regardingOf(row: Row): RegardingRef | null {
  const regarding = lookup(row, 'regardingobjectid');
  if (regarding?.table == null || !isRegardingTable(regarding.table)) return null;
  return { table: regarding.table, id: regarding.id, name: regarding.name ?? '' };
}
