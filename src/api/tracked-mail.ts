import {
  contentKeyOf,
  normalizeSubject,
  sameMail,
  stampMessageId,
  substituteMessageId,
  type Digest,
  type MailIdentity,
} from '../model/item-key.ts';
import { CrmError, mayPassByItself } from '../model/errors.ts';
import { foldAddress } from '../model/message.ts';
import { isRegardingTable, type RegardingRef } from '../model/records.ts';
import { askTogether } from './ask-together.ts';
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
  /** The id it is to be promoted under when there is no row: its own, or one of ours when another mail already carries its own. */
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

/** Mails asked for with one request: the address must stay well below the 16 kB that servers take. */
const most = 50;

/**
 * Looks mails up by Message-ID, guarded by their fingerprints (sync-and-reliability 3.3), and under the id that takes its place
 * where another mail carries the same one: the other may be gone by now. Answers are in the order asked.
 */
export async function findMails(
  services: MailLookupServices,
  mails: readonly MailIdentity[],
  signal?: AbortSignal,
): Promise<readonly MailLookup[]> {
  const chunks = Array.from({ length: Math.ceil(mails.length / most) }, (_, index) =>
    mails.slice(index * most, (index + 1) * most),
  );
  const found = await Promise.all(chunks.map((chunk) => findChunk(services, chunk, signal)));
  return found.flat();
}

async function findChunk(
  services: MailLookupServices,
  mails: readonly MailIdentity[],
  signal?: AbortSignal,
): Promise<readonly MailLookup[]> {
  const asked = await Promise.all(
    mails.map(async (mail) => ({ mail, substitute: await substituteOf(services, mail) })),
  );
  const ids = new Set(asked.flatMap(({ mail, substitute }) => [...idsOf(mail), substitute]));
  const rows = await services.crm.list(mailQuery([...ids]), signal);
  return asked.map(({ mail, substitute }) => judge(rows, mail, substitute));
}

export async function findMail(
  services: MailLookupServices,
  mail: MailIdentity,
  signal?: AbortSignal,
): Promise<MailLookup> {
  const [lookup] = await findMails(services, [mail], signal);
  return lookup ?? { found: null, messageId: mail.messageId };
}

/** The same for many who ask in the same breath: one request for all of them. */
export function findTogether(
  services: MailLookupServices,
  breath: (go: () => void) => void,
): (mail: MailIdentity) => Promise<MailLookup> {
  const isRefused = (error: unknown) => error instanceof CrmError && !mayPassByItself(error.code);
  return askTogether((mails) => findMails(services, mails), breath, isRefused);
}

async function substituteOf({ tenantId, digest }: MailLookupServices, { fingerprint }: MailIdentity): Promise<string> {
  return substituteMessageId(await contentKeyOf(tenantId, fingerprint, digest));
}

/** The ids under which a mail may lie: one that was tracked before it had its own lies under its stamp's. */
function idsOf({ messageId, stamp }: MailIdentity): readonly string[] {
  return stamp === undefined ? [messageId] : [messageId, stampMessageId(stamp)];
}

function judge(rows: readonly Row[], mail: MailIdentity, substitute: string): MailLookup {
  const isSame = (row: Row) => sameMail(mail.fingerprint, fingerprintOfRow(row));
  const under = (id: string) => rows.filter((row) => text(row, 'messageid') === id);
  const own = [...idsOf(mail), substitute].flatMap(under).find(isSame);
  if (own !== undefined) return { found: readMail(own), messageId: mail.messageId };
  return { found: null, messageId: under(mail.messageId).length > 0 ? substitute : mail.messageId };
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
