import { sql } from 'kysely';
import { keepStatement } from '../../db/kept-statement.ts';
import type { ResolveSettings } from '../../../model/resolve.ts';
import type { Session } from '../../odata/session.ts';

/** What the organisation says about mail. */
export interface MailSettings {
  attachments: { bytes: number; blocked: ReadonlySet<string> };
  token: { prefix: string; digits: number };
  /** Whether mails are joined to earlier ones at all. */
  correlation: boolean;
  /** IgnoreConversationIndexAndInReplyToForCorrelation: only a token joins. */
  tokenOnly: boolean;
  /** UseFilteringMethodOfSyncingMailboxOnlyForCorrelation: only the mailbox in which a mail was found may accept it. */
  onlySynchronising: boolean;
  /** AutoCreateContactOnPromote: users may have unknown senders become contacts or leads. */
  createSenders: boolean;
  queueItems: {
    /** CreateQueueItemsForAcceptingQueueRecipients: for each queue that accepts a mail. */
    accepting: boolean;
    /** SSSCreateAdditionalQueueItemsForAlreadyTrackedEmail: also where the mail was tracked before. */
    alreadyTracked: boolean;
  };
  /** Addresses that two mails must share to be called similar. */
  sharedAddresses: number;
  sender: ResolveSettings;
  recipient: ResolveSettings;
}

interface Stored {
  maxuploadfilesize: number | null;
  blockedattachments: string | null;
  trackingprefix: string | null;
  trackingtokeniddigits: number | null;
  emailcorrelationenabled: number | null;
  hashminaddresscount: number | null;
  orgdborgsettings: string | null;
}

/** Fewer characters could be guessed, more do not fit the column. */
const DIGITS = { least: 6, most: 12, usual: 8 };

const stored = keepStatement<Stored>(
  () => sql`select maxuploadfilesize, blockedattachments, trackingprefix, trackingtokeniddigits,
    emailcorrelationenabled, hashminaddresscount, orgdborgsettings from organization limit 1`,
);

export async function readMailSettings({
  queries,
  engine,
}: Pick<Session, 'queries' | 'engine'>): Promise<MailSettings> {
  const [row] = await stored.run(queries, engine);
  const isOn = (name: string) => orgSetting(row?.orgdborgsettings ?? '', name) === 'true';
  const isLeftOn = (name: string) => orgSetting(row?.orgdborgsettings ?? '', name) !== 'false';
  const inactive = isOn('ResolveForInactiveEntities');
  const several = (name: string) => (isOn(name) ? ('leave' as const) : ('resolve' as const));
  const digits = Number(row?.trackingtokeniddigits ?? DIGITS.usual);
  return {
    attachments: {
      bytes: Number(row?.maxuploadfilesize ?? 0),
      blocked: new Set((row?.blockedattachments?.toLowerCase() ?? '').split(/[;,\s]+/).filter((each) => each !== '')),
    },
    token: { prefix: row?.trackingprefix ?? '', digits: Math.min(Math.max(digits, DIGITS.least), DIGITS.most) },
    correlation: row?.emailcorrelationenabled !== 0,
    tokenOnly: isOn('IgnoreConversationIndexAndInReplyToForCorrelation'),
    onlySynchronising: isOn('UseFilteringMethodOfSyncingMailboxOnlyForCorrelation'),
    createSenders: isLeftOn('AutoCreateContactOnPromote'),
    queueItems: {
      accepting: isLeftOn('CreateQueueItemsForAcceptingQueueRecipients'),
      alreadyTracked: isOn('SSSCreateAdditionalQueueItemsForAlreadyTrackedEmail'),
    },
    sharedAddresses: Math.max(Number(row?.hashminaddresscount ?? 2), 1),
    sender: { several: several('UnresolveSenderInCaseOfMultipleMatch'), inactive },
    recipient: { several: several('SetUnresolvedRecipientsInCaseOfMultipleMatch'), inactive },
  };
}

/** The original keeps rare switches as one piece of XML; only flat elements are read. */
function orgSetting(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`, 'i').exec(xml)?.[1]?.toLowerCase();
}
