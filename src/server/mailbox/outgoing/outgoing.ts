import { CrmError } from '../../../model/errors.ts';
import type { Dataverse } from '../../../api/dataverse.ts';
import { clearAlerts, raiseAlert } from '../alerts.ts';
import { asHolder, makeDue, type MailboxClaim } from '../claim.ts';
import { readStoredSettings } from '../settings.ts';
import type { MailSource } from '../source.ts';
import type { MailboxStore } from '../store.ts';
import { createMailSender, type SendProblem } from './mail-sender.ts';
import type { OutgoingMailbox } from './senders.ts';
import { createWaitingList } from './waiting-list.ts';

/** What people send from the CRM, as the daemon sees it: who has mail waiting, and its turn within a run of their mailbox. */
export interface Outgoing {
  /** Makes the mailboxes due whose people have mail to be sent. Rejects with CrmError while the CRM is away. */
  readonly look: () => Promise<void>;
  /** @throws {SourceError | LostClaim} what concerns the mailbox as a whole */
  readonly send: (claim: MailboxClaim, source: MailSource) => Promise<void>;
}

const notSent = 'mail-not-sent';

/** @param crm with the application user's own rights */
export function createOutgoing(options: {
  store: MailboxStore;
  crm: Dataverse;
  now: () => number;
  report: (error: unknown) => void;
}): Outgoing {
  const { store, crm, now, report } = options;
  const waiting = createWaitingList(crm, now);
  const sender = createMailSender({ crm, now, report });

  return {
    async look() {
      const senders = await waiting.look();
      if (senders.length === 0) return;
      for (const mailbox of await readSending(store)) if (waiting.has(mailbox)) await makeDue(store, mailbox, 'hint');
    },

    async send(claim, source) {
      const mailbox = { address: claim.address, owner: claim.owner, queueId: claim.queueId };
      if (!sends(claim) || !waiting.has(mailbox)) return;
      const check = () => asHolder(store, claim, async () => undefined);
      try {
        const { sent, problems, stopped } = await sender.sendPending({ mailbox, source, check });
        await tell(store, claim, sent, problems);
        if (stopped !== null) throw stopped;
      } catch (error) {
        // The CRM is away: the mail waits, and nothing is lost or sent twice.
        if (!(error instanceof CrmError)) throw error;
      }
    },
  };
}

function sends({ settings, kind }: Pick<MailboxClaim, 'settings' | 'kind'>): boolean {
  return readStoredSettings(JSON.parse(settings), kind).outgoing;
}

/** Mailboxes that are read and through which mail is sent. */
async function readSending({ tables }: MailboxStore): Promise<(OutgoingMailbox & { id: string })[]> {
  const rows = await tables
    .selectFrom('mailbox_account')
    .select(['id', 'address', 'owner', 'queue_id', 'kind', 'settings'])
    .where('next_at', 'is not', null)
    .where('settings', 'like', '%"outgoing":true%')
    .execute();
  return rows.filter(sends).map(({ id, address, owner, queue_id: queueId }) => ({ id, address, owner, queueId }));
}

/** The e-mail itself says in the CRM why it failed; the alert says that one did, until mail goes out again. */
async function tell(
  store: MailboxStore,
  { id }: MailboxClaim,
  sent: number,
  problems: readonly SendProblem[],
): Promise<void> {
  const subject = { scope: 'mailbox', mailboxId: id } as const;
  const worst = problems.find(({ level }) => level === 'error') ?? problems[0];
  if (worst !== undefined) await raiseAlert(store, subject, worst.level, { code: notSent, message: worst.message });
  else if (sent > 0) await clearAlerts(store, subject, [notSent]);
}
