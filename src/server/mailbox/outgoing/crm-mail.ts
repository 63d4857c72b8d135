import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { literal, query } from '../../../api/dialect.ts';
import { number, text } from '../../../api/row.ts';
import { CrmError } from '../../../model/errors.ts';

/** Status reasons of an e-mail on its way out (Dataverse: email, statuscode). */
export const status = { sent: 3, pendingSend: 6, sending: 7, failed: 8 } as const;

/** participationtypemask */
export const masks = { from: 1, to: 2, cc: 3, bcc: 4 } as const;

/** Who sends, as the CRM knows them: systemuserid or queueid. */
export interface Sender {
  readonly id: string;
  readonly address: string;
}

/** Rows looked at for one mailbox at once. */
const most = 25;

/**
 * What a sender has that is due, oldest first. A mail whose sender is written with another address than this mailbox's is
 * another mailbox's to send.
 */
export async function listPending(crm: Dataverse, sender: Sender, now: Date): Promise<readonly string[]> {
  const moment = now.toISOString();
  const filter = `statuscode eq ${status.pendingSend} and ${sentBy(sender)} and ${areDue(moment)}`;
  const rows = await crm.list(query('emails', { select: ['activityid'], filter, orderby: 'createdon asc', top: most }));
  return rows.flatMap((row) => text(row, 'activityid')?.toLowerCase() ?? []);
}

/** A mail that some process has claimed, and not yet said what became of it. */
export interface ClaimedMail {
  readonly id: string;
  readonly etag: string | null;
  readonly messageId: string;
  readonly attempts: number;
  /** When it was claimed, or changed since; milliseconds. */
  readonly at: number;
}

export async function listSending(crm: Dataverse, sender: Sender): Promise<readonly ClaimedMail[]> {
  const select = ['activityid', 'messageid', 'modifiedon', 'deliveryattempts'];
  const filter = `statuscode eq ${status.sending} and ${sentBy(sender)}`;
  const rows = await crm.list(query('emails', { select, filter, orderby: 'modifiedon asc', top: most }));
  return rows.map((row) => ({
    id: (text(row, 'activityid') ?? '').toLowerCase(),
    etag: text(row, '@odata.etag'),
    messageId: text(row, 'messageid') ?? '',
    attempts: number(row, 'deliveryattempts') ?? 0,
    at: Date.parse(text(row, 'modifiedon') ?? ''),
  }));
}

function sentBy({ id, address }: Sender): string {
  const isSender = `p/participationtypemask eq ${masks.from} and p/_partyid_value eq ${id}`;
  const isHere = `(p/addressused eq null or p/addressused eq ${literal(address)})`;
  return `directioncode eq true and email_activity_parties/any(p:${isSender} and ${isHere})`;
}

/** Neither delayed by its author or after a try, nor postponed by the CRM's own sending. */
export function areDue(moment: string): string {
  const columns = ['delayedemailsendtime', 'postponeemailprocessinguntil'];
  return columns.map((column) => `(${column} eq null or ${column} le ${moment})`).join(' and ');
}

/** @returns false when the row was changed since, or is not there any more */
export async function updateUnlessMoved(crm: Dataverse, id: string, values: Row, etag: string): Promise<boolean> {
  try {
    await crm.update(`emails(${id})`, values, etag);
    return true;
  } catch (error) {
    if (error instanceof CrmError && (error.code === 'conflict' || error.code === 'not-found')) return false;
    throw error;
  }
}

/** Whether this CRM has our column for why a mail was not sent; the original has none, there the alert alone says it. */
export async function hasReasons(crm: Dataverse): Promise<boolean> {
  try {
    await crm.list(query('emails', { select: ['alongside_senderror'], top: 1 }));
    return true;
  } catch (error) {
    if (error instanceof CrmError && error.code === 'refused') return false;
    throw error;
  }
}
