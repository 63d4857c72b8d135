import { fold } from '../../db/fold.ts';
import { resolutionRules, resolveRecipient, type Candidate, type Resolution } from '../../../model/resolve.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { insertRows } from '../../odata/write/write.ts';
import type { PromotedMail } from './mail-parameters.ts';
import type { MailSettings } from './settings.ts';

/** participationtypemask */
export const masks = { from: 1, to: 2, cc: 3, bcc: 4 } as const;

/**
 * The party lists of a mail. The sender is one row at most, a recipient is every row that has the address; whoever is nobody
 * is kept by address alone. Each party says by which rule it was found.
 */
export async function storeParties(
  session: WriteSession,
  id: string,
  mail: PromotedMail,
  sender: Resolution,
  candidates: ReadonlyMap<string, readonly Candidate[]>,
  settings: MailSettings,
): Promise<void> {
  const rows = mail.sender === '' ? [] : partiesOf(id, mail.sender, masks.from, sender);
  for (const list of ['to', 'cc', 'bcc'] as const) {
    for (const address of mail[list]) {
      const found = resolveRecipient(candidates.get(fold(address)) ?? [], settings.recipient);
      rows.push(...partiesOf(id, address, masks[list], found));
    }
  }
  await insertRows(session, tableOf(session.model, 'activityparty'), rows);
}

function partiesOf(id: string, address: string, mask: number, { chosen, rule }: Resolution): Map<string, Stored>[] {
  return (chosen.length === 0 ? [undefined] : chosen).map(
    (party) =>
      new Map<string, Stored>([
        ['activityid', id],
        ['activityid_type', 'email'],
        ['participationtypemask', mask],
        ['addressused', address],
        ['addressusedemailcolumnnumber', party?.columnNumber ?? null],
        ['partyid', party?.id ?? null],
        ['partyid_type', party?.table ?? null],
        ['alongside_resolutionrule', resolutionRules.indexOf(rule)],
      ]),
  );
}
