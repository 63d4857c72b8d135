import type { Dataverse } from '../../../api/dataverse.ts';
import { query } from '../../../api/dialect.ts';
import { number, text } from '../../../api/row.ts';
import { CrmError } from '../../../model/errors.ts';
import { status, updateUnlessMoved } from './crm-mail.ts';
import { valuesOf, type Told } from './ends.ts';

/** After so long without a word from who claimed a mail, others may judge it; nobody writes a late end over their judgement. */
export const verdictAfter = 15 * 60_000;

export interface Claim {
  readonly id: string;
  readonly messageId: string;
  /** deliveryattempts as the claim wrote it. */
  readonly attempt: number;
  /** Milliseconds, from before the claim was asked for. */
  readonly at: number;
}

const columns = ['statuscode', 'messageid', 'deliveryattempts'];
const mostLooks = 5;

/**
 * Writes what became of a mail. That it was sent is said whatever others made of it meanwhile: a mail that was given up, or even
 * made ready again, must not go out twice. Everything else is said only while the claim still stands.
 * Rejects with CrmError when the CRM does not answer; it may be asked again.
 */
export async function settle(crm: Dataverse, claim: Claim, end: Told, reasons: boolean, now: number): Promise<void> {
  for (let look = 1; look <= mostLooks; look += 1) {
    const row = await crm.retrieve(query(`emails(${claim.id})`, { select: columns }));
    if (row === null || text(row, 'messageid') !== claim.messageId) return;
    const where = number(row, 'statuscode');
    const isOurs = where === status.sending && number(row, 'deliveryattempts') === claim.attempt;
    const mayWrite =
      end.kind === 'sent'
        ? where === status.sending || where === status.pendingSend || where === status.failed
        : isOurs && now - claim.at < verdictAfter;
    if (!mayWrite) return;
    const etag = text(row, '@odata.etag');
    if (etag !== null && (await updateUnlessMoved(crm, claim.id, valuesOf(end, reasons), etag))) return;
  }
  throw new CrmError('unavailable', 'Others change the e-mail all the time.');
}
