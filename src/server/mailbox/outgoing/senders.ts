import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { query } from '../../../api/dialect.ts';
import { lookup, text } from '../../../api/row.ts';
import { foldAddress } from '../../../model/message.ts';
import { isGuid } from '../../../model/uuid.ts';
import { areDue, masks, status, type Sender } from './crm-mail.ts';

/** A mailbox through which mail is sent. Ids in lower case. */
export interface OutgoingMailbox {
  readonly address: string;
  /** Directory id of its owner. */
  readonly owner: string;
  /** Of a queue's mailbox; null: the owner's own. */
  readonly queueId: string | null;
}

/** Who has mail to be sent, or mail of which the end is not known. */
export interface WaitingSender {
  /** Directory id of a user, or else the id of a queue. */
  readonly owner: string | null;
  readonly queueId: string | null;
  /** The address that the mail is to come from, folded; null: any of the sender's. */
  readonly address: string | null;
}

/** @returns nothing when the CRM does not know the mailbox's owner */
export async function findSender(crm: Dataverse, mailbox: OutgoingMailbox): Promise<Sender | null> {
  const { address, owner, queueId } = mailbox;
  if (queueId !== null) return isGuid(queueId) ? { id: queueId, address } : null;
  if (!isGuid(owner)) return null;
  const filter = `azureactivedirectoryobjectid eq ${owner}`;
  const [row] = await crm.list(query('systemusers', { select: ['systemuserid'], filter, top: 1 }));
  const id = row === undefined ? null : text(row, 'systemuserid');
  return id === null ? null : { id, address };
}

const mostMails = 200;

/**
 * Whose mail waits: one request for all mailboxes together, to be asked every half minute or so. Newest first, so that mail
 * which nobody's mailbox can send does not stand before the rest.
 */
export async function listWaitingSenders(crm: Dataverse, now: Date): Promise<readonly WaitingSender[]> {
  const moment = now.toISOString();
  const isDue = `statuscode eq ${status.pendingSend} and ${areDue(moment)}`;
  const rows = await crm.list(
    query('emails', {
      select: ['activityid'],
      filter: `directioncode eq true and (statuscode eq ${status.sending} or (${isDue}))`,
      orderby: 'createdon desc',
      top: mostMails,
      expand: `email_activity_parties($select=addressused,_partyid_value;$filter=participationtypemask eq ${masks.from})`,
    }),
  );
  const parties = rows.flatMap((row) => (row['email_activity_parties'] as readonly Row[] | undefined) ?? []);
  return withDirectoryIds(crm, parties);
}

async function withDirectoryIds(crm: Dataverse, parties: readonly Row[]): Promise<readonly WaitingSender[]> {
  const known = parties.flatMap((party) => {
    const row = lookup(party, 'partyid');
    const address = text(party, 'addressused');
    return row === null ? [] : [{ ...row, address: address === null ? null : foldAddress(address) }];
  });
  const users = [...new Set(known.filter(({ table }) => table === 'systemuser').map(({ id }) => id))];
  const directory = await readDirectoryIds(crm, users);
  const senders = known.flatMap(({ id, table, address }): WaitingSender[] => {
    const owner = directory.get(id) ?? null;
    if (table === 'queue') return [{ owner: null, queueId: id, address }];
    return owner === null ? [] : [{ owner, queueId: null, address }];
  });
  return [...new Map(senders.map((sender) => [Object.values(sender).join(' '), sender])).values()];
}

async function readDirectoryIds(crm: Dataverse, users: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < users.length; at += 50) {
    const some = users.slice(at, at + 50);
    const filter = some.map((id) => `systemuserid eq ${id}`).join(' or ');
    const select = ['systemuserid', 'azureactivedirectoryobjectid'];
    for (const row of await crm.list(query('systemusers', { select, filter, top: some.length }))) {
      const [user, owner] = [text(row, 'systemuserid'), text(row, 'azureactivedirectoryobjectid')];
      if (user !== null && owner !== null) found.set(user.toLowerCase(), owner.toLowerCase());
    }
  }
  return found;
}
