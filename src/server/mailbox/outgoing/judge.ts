import type { Dataverse } from '../../../api/dataverse.ts';
import { SourceError, type MailSource } from '../source.ts';
import { isOwnMessageId } from './compose.ts';
import { listSending, updateUnlessMoved, type ClaimedMail, type Sender } from './crm-mail.ts';
import { valuesOf, type Told } from './ends.ts';
import { findInSentItems } from './sent-items.ts';
import { verdictAfter } from './settle.ts';

export interface JudgeServices {
  readonly crm: Dataverse;
  readonly source: MailSource;
  readonly now: () => number;
  readonly reasons: boolean;
}

/** While the mailbox itself cannot be asked, its Sent Items may still prove that a mail went out. */
const verdictUnseenAfter = 6 * 60 * 60_000;
/** Clocks differ, and a row is changed after its claim too. */
const margin = 24 * 60 * 60_000;

const interrupted: Told = {
  kind: 'failed',
  code: 'outcome-unknown',
  reason:
    'It was handed over, but nothing says whether it was taken, and it is not in Sent Items. It may have been sent, so it is not sent again by itself.',
};

/**
 * Mails that were claimed and of whose end nobody has said a word: the process stopped, or the mailbox never answered. One that
 * lies in Sent Items was sent. Of any other nobody can know, so after a while it fails, and a person decides.
 * Only claims of ours are judged; who else sends for this CRM judges their own.
 * @returns the mails of which the end is known now
 */
export async function judgeInterrupted(
  services: JudgeServices,
  sender: Sender,
): Promise<readonly { id: string; end: Told }[]> {
  const claimed = (await listSending(services.crm, sender)).filter(
    ({ id, messageId, at }) => isOwnMessageId(messageId, id) && !Number.isNaN(at),
  );
  const [oldest] = claimed;
  if (oldest === undefined) return [];
  const seen = await look(services.source, claimed, new Date(oldest.at - margin));
  const now = services.now();
  const judged: { id: string; end: Told }[] = [];
  for (const mail of claimed) {
    const end = verdict(mail, seen, now);
    if (end === null || mail.etag === null) continue;
    // When somebody was faster they know more, or it is looked at again.
    const isWritten = await updateUnlessMoved(services.crm, mail.id, valuesOf(end, services.reasons), mail.etag);
    if (!isWritten) continue;
    judged.push({ id: mail.id, end });
    // Its author would find a draft of it else, and think that it is still to be sent.
    await services.source.large?.forget(mail.messageId).catch(ignoreSource);
  }
  return judged;
}

type Seen = ReadonlyMap<string, string> | 'away';

async function look(source: MailSource, claimed: readonly ClaimedMail[], since: Date): Promise<Seen> {
  try {
    return await findInSentItems(source, new Map(claimed.map(({ id, messageId }) => [id, messageId])), since);
  } catch (error) {
    if (error instanceof SourceError) return 'away';
    throw error;
  }
}

function verdict({ id, at }: ClaimedMail, seen: Seen, now: number): Told | null {
  const sentAt = seen === 'away' ? undefined : seen.get(id);
  if (sentAt !== undefined) return { kind: 'sent', at: Date.parse(sentAt) };
  return now - at >= (seen === 'away' ? verdictUnseenAfter : verdictAfter) ? interrupted : null;
}

function ignoreSource(error: unknown): void {
  if (!(error instanceof SourceError)) throw error;
}
