import { sameMail, type MailIdentity } from '../model/item-key.ts';
import { normalizeSubject } from '../model/item-key.ts';
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
  /** True when another mail already carries the same Message-ID: this one needs an id of ours. */
  readonly idTaken: boolean;
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

/** Looks a mail up by Message-ID, guarded by its fingerprint (sync-and-reliability 3.3). */
export async function findMail(crm: Dataverse, mail: MailIdentity, signal?: AbortSignal): Promise<MailLookup> {
  return judge(await crm.list(mailQuery([mail.messageId]), signal), mail);
}

/** The same for several mails with one request; answers are in the order asked. */
export async function findMails(
  crm: Dataverse,
  mails: readonly MailIdentity[],
  signal?: AbortSignal,
): Promise<readonly MailLookup[]> {
  if (mails.length === 0) return [];
  const rows = await crm.list(mailQuery(mails.map(({ messageId }) => messageId)), signal);
  return mails.map((mail) =>
    judge(
      rows.filter((row) => text(row, 'messageid') === mail.messageId),
      mail,
    ),
  );
}

function judge(rows: readonly Row[], mail: MailIdentity): MailLookup {
  const same = rows.filter((row) => text(row, 'messageid') === mail.messageId);
  const own = same.find((row) => sameMail(mail.fingerprint, fingerprintOfRow(row)));
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
