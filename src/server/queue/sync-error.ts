import type { Dataverse } from '../../api/dataverse.ts';
import { CrmError } from '../../model/errors.ts';
import type { Claim } from './claim.ts';

/** `syncerror.errortype`: Others. */
const others = 3;

/**
 * A row in the CRM's own list of what could not be synchronised, beside the ledger's record and never instead of it: whoever
 * looks there finds it; a CRM that does not take it goes without. Its id is the Change's, so a repetition makes no second one.
 */
export async function recordSyncError(crm: Dataverse, { change, age }: Claim): Promise<void> {
  try {
    await crm.create(`syncerrors(${change.id})`, {
      name: 'email',
      action: change.kind,
      description: `Given up after ${Math.floor(age / (24 * 60 * 60 * 1000))} days: ${change.kind} of an e-mail.`,
      errorcode: 'expired',
      errormessage: 'It could not be carried out for five days.',
      errortime: change.at,
      errortype: others,
    });
  } catch (error) {
    if (!(error instanceof CrmError)) throw error;
  }
}
