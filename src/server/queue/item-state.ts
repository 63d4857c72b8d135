import { findMails, type MailLookup, type MailLookupServices } from '../../api/tracked-mail.ts';
import type { Dataverse } from '../../api/dataverse.ts';
import { CrmError } from '../../model/errors.ts';
import type { MailIdentity } from '../../model/item-key.ts';
import type { ItemState, TrackedMail } from '../../model/item-state.ts';
import type { Ledger } from './ledger.ts';

export interface ItemStateServices extends MailLookupServices {
  readonly ledger: Ledger;
  /** The CRM with the rights of one person; `crm` has the server's own. */
  readonly crmFor: (owner: string) => Dataverse;
}

/**
 * Joins what the CRM says by Message-ID, with the rights of the one who asks, with what the ledger still has to do. Who may
 * not read the row learns that a colleague tracked the mail, and nothing else. A CRM that cannot answer makes `unknown`.
 */
export async function readItemStates(
  services: ItemStateServices,
  owner: string,
  mails: readonly MailIdentity[],
  askCrm: boolean,
): Promise<readonly ItemState[]> {
  const keys = mails.map(({ itemKey }) => itemKey);
  const [pending, parked, kept, tracked] = await Promise.all([
    services.ledger.pending(keys),
    services.ledger.parked(owner, keys),
    services.ledger.kept(owner, keys),
    askCrm ? readTracked(services, owner, mails) : mails.map(() => 'unknown' as const),
  ]);
  return mails.map(({ itemKey }, index) => ({
    itemKey,
    tracked: tracked[index] ?? null,
    kept: kept.has(itemKey),
    pending: pending.filter(({ lane }) => lane === itemKey),
    parked: parked.filter(({ lane }) => lane === itemKey),
  }));
}

async function readTracked(
  { crmFor, ...lookup }: ItemStateServices,
  owner: string,
  mails: readonly MailIdentity[],
): Promise<readonly ItemState['tracked'][]> {
  try {
    const [visible, all] = await Promise.all([
      findMails({ ...lookup, crm: crmFor(owner) }, mails),
      findMails(lookup, mails),
    ]);
    return mails.map(
      (_, index) => describe(visible[index]) ?? (all[index]?.found == null ? null : { visibility: 'colleague' }),
    );
  } catch (error) {
    if (error instanceof CrmError) return mails.map(() => 'unknown');
    throw error;
  }
}

function describe(lookup: MailLookup | undefined): TrackedMail | null {
  if (lookup?.found == null) return null;
  const { activityId, regarding, createdBy: trackedBy, createdOn: trackedAt } = lookup.found;
  return { visibility: 'full', activityId, regarding, trackedBy, trackedAt };
}
