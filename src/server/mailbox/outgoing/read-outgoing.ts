import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { query } from '../../../api/dialect.ts';
import { lookup, number, text } from '../../../api/row.ts';
import { readHeaders } from '../../../model/mail-headers.ts';
import type { MailAddress } from '../../../model/message.ts';
import { withToken } from '../../../model/subject-token.ts';
import { masks, status } from './crm-mail.ts';
import { readAttachments, type AttachmentLimits, type ReadAttachments } from './read-attachments.ts';
import { Unsendable, type OutgoingMail } from './outgoing-mail.ts';

const select = [
  ...['activityid', 'statuscode', 'directioncode', 'subject', 'description', 'trackingtoken', 'inreplyto'],
  ...[
    'prioritycode',
    'readreceiptrequested',
    'deliveryattempts',
    '_parentactivityid_value',
    '_correlatedactivityid_value',
  ],
];
const parties = 'email_activity_parties($select=participationtypemask,addressused,_partyid_value)';

/** A mail as it was read, and what guards its claim. */
export interface ReadOutgoing {
  readonly etag: string;
  readonly attempts: number;
  /** The subject as the CRM has it; another one is written back, so that the copy in Sent Items is known as this row. */
  readonly storedSubject: string;
  /** Rejects with Unsendable. */
  readonly mail: () => Promise<ReadMail>;
}

export type ReadMail = OutgoingMail & ReadAttachments;

/** @returns nothing when the mail is not there or not Pending Send any more */
export async function readOutgoing(crm: Dataverse, id: string, limits: AttachmentLimits): Promise<ReadOutgoing | null> {
  const row = await crm.retrieve(query(`emails(${id})`, { select, expand: parties }));
  const etag = row === null ? null : text(row, '@odata.etag');
  if (row === null || etag === null || number(row, 'statuscode') !== status.pendingSend) return null;
  return {
    etag,
    attempts: number(row, 'deliveryattempts') ?? 0,
    storedSubject: text(row, 'subject') ?? '',
    mail: () => readMail(crm, id, row, limits),
  };
}

async function readMail(crm: Dataverse, id: string, row: Row, limits: AttachmentLimits): Promise<ReadMail> {
  const lists = await readParties(crm, row);
  const [from, ...others] = lists.get(masks.from) ?? [];
  if (from === undefined || others.length > 0)
    throw new Unsendable('no-sender', 'The e-mail needs exactly one sender.');
  const html = text(row, 'description') ?? '';
  return {
    id,
    from,
    to: lists.get(masks.to) ?? [],
    cc: lists.get(masks.cc) ?? [],
    bcc: lists.get(masks.bcc) ?? [],
    subject: withToken(text(row, 'subject') ?? '', text(row, 'trackingtoken') ?? ''),
    html,
    importance: importanceOf(number(row, 'prioritycode')),
    readReceipt: row['readreceiptrequested'] === true,
    ...(await readThread(crm, row)),
    ...(await readAttachments(crm, id, Buffer.byteLength(html), limits)),
  };
}

function importanceOf(priority: number | null): OutgoingMail['importance'] {
  return priority === 2 ? 'high' : priority === 0 ? 'low' : 'normal';
}

async function readParties(crm: Dataverse, row: Row): Promise<Map<number, MailAddress[]>> {
  const rows = row['email_activity_parties'];
  const lists = new Map<number, MailAddress[]>();
  for (const party of Array.isArray(rows) ? (rows as Row[]) : []) {
    const mask = number(party, 'participationtypemask') ?? 0;
    if (mask < masks.from || mask > masks.bcc) continue;
    const person = lookup(party, 'partyid');
    const address = text(party, 'addressused') ?? (person === null ? null : await findAddress(crm, person));
    lists.set(mask, [...(lists.get(mask) ?? []), { name: person?.name ?? '', address: address ?? '' }]);
  }
  return lists;
}

/** Where a row that is a party keeps the address it is written to. */
const addresses = new Map([
  ['systemuser', ['systemusers', 'internalemailaddress']],
  ['contact', ['contacts', 'emailaddress1']],
  ['account', ['accounts', 'emailaddress1']],
  ['lead', ['leads', 'emailaddress1']],
  ['queue', ['queues', 'emailaddress']],
] as const);

async function findAddress(
  crm: Dataverse,
  { id, table }: { id: string; table: string | null },
): Promise<string | null> {
  const [set, column] = addresses.get(table as 'contact') ?? [];
  if (set === undefined || column === undefined) return null;
  const row = await crm.retrieve(query(`${set}(${id})`, { select: [column] }));
  return row === null ? null : text(row, column);
}

/** Mails before this one that are asked for, one by one. */
const mostAncestors = 10;

/** What is answered, and what that answered, as far as the CRM knows; an ancestor that still has its own line tells the rest. */
async function readThread(crm: Dataverse, row: Row): Promise<Pick<OutgoingMail, 'inReplyTo' | 'references'>> {
  const chain: string[] = [];
  const seen = new Set<string>();
  let parent = parentOf(row);
  while (parent !== null && !seen.has(parent) && seen.size < mostAncestors) {
    seen.add(parent);
    const mail = await crm.retrieve(query(`emails(${parent})`, { select: ancestorColumns }));
    if (mail === null) break;
    const known =
      readHeaders(text(mail, 'internetmessageheaders'))
        .get('references')
        ?.match(/<[^<>]+>/g) ?? [];
    chain.unshift(...known, text(mail, 'inreplyto') ?? '', text(mail, 'messageid') ?? '');
    parent = known.length > 0 ? null : parentOf(mail);
  }
  const ids = chain.filter((id) => id !== '');
  return { inReplyTo: text(row, 'inreplyto') ?? ids.at(-1) ?? null, references: ids };
}

const ancestorColumns = [
  'messageid',
  'inreplyto',
  'internetmessageheaders',
  '_parentactivityid_value',
  '_correlatedactivityid_value',
];

function parentOf(row: Row): string | null {
  return (lookup(row, 'parentactivityid') ?? lookup(row, 'correlatedactivityid'))?.id ?? null;
}
