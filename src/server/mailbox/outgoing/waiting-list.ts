import type { Dataverse } from '../../../api/dataverse.ts';
import { foldAddress } from '../../../model/message.ts';
import { listWaitingSenders, type OutgoingMailbox, type WaitingSender } from './senders.ts';

export interface WaitingList {
  /** Asks the CRM who has mail to be sent, one request for all mailboxes; rejects with CrmError. To be called every half minute. */
  look(): Promise<readonly WaitingSender[]>;
  /** Whether the last look found mail that this mailbox sends: all others need not ask the CRM on every run. */
  has(mailbox: OutgoingMailbox): boolean;
}

export function createWaitingList(crm: Dataverse, now: () => number): WaitingList {
  let waiting: readonly WaitingSender[] = [];
  return {
    async look() {
      waiting = await listWaitingSenders(crm, new Date(now()));
      return waiting;
    },
    has: (mailbox) => waiting.some((sender) => sends(mailbox, sender)),
  };
}

function sends({ address, owner, queueId }: OutgoingMailbox, sender: WaitingSender): boolean {
  const isOwn = queueId === null ? sender.owner === owner : sender.queueId === queueId;
  return isOwn && (sender.address === null || sender.address === foldAddress(address));
}
