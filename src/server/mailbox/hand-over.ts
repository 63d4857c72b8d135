import { sql } from 'kysely';
import type { Change, TrackChange } from '../../model/change.ts';
import type { Digest, MailIdentity } from '../../model/item-key.ts';
import type { RegardingRef } from '../../model/records.ts';
import type { NotTrackedWhy, TrackedWhy, Why } from '../../model/tracking-why.ts';
import type { Ledger } from '../queue/ledger.ts';
import { LostClaim, type MailboxClaim } from './claim.ts';
import { decideByContent, type Decision } from './decide.ts';
import type { MailReader } from './mime/mail-reader.ts';
import { recordMail } from './record-mail.ts';
import type { OpenItem } from './settle-items.ts';
import type { MailboxSettings } from './settings.ts';
import type { MailSource, SourceItem } from './source.ts';

export interface HandOverServices {
  readonly ledger: Ledger;
  readonly reader: MailReader;
  readonly tenantId: string;
  readonly digest: Digest;
  /** A UUIDv7. */
  readonly newId: () => string;
  readonly now: () => number;
}

export interface HandOver {
  readonly claim: MailboxClaim;
  readonly source: MailSource;
  readonly settings: MailboxSettings;
  readonly item: OpenItem;
  readonly facts: SourceItem;
}

/** Bytes of the largest mail that is fetched; Exchange Online takes none above. */
export const largestMail = 150 * 1024 * 1024;

/**
 * Fetches an accepted mail, reads it, and puts it into the ledger; the item is `handed` in the same transaction.
 * @returns why it is not tracked after all; null when it is on its way
 * @throws {SourceError | UnreadableMail | LostClaim}
 */
export async function handOverMail(
  services: HandOverServices,
  at: HandOver,
  { why, regarding }: Extract<Decision, { kind: 'track' }>,
): Promise<NotTrackedWhy | null> {
  const bytes = await at.source.mime(at.facts.id, largestMail);
  if (bytes === null) return { code: 'gone' };
  const read = await services.reader.read(bytes);
  const part = decideByContent(why, read.message, at.settings);
  if (typeof part === 'object') return part;
  const headersOnly = part === 'headers-only';
  const mail = await recordMail(read, at.facts, { ...services, headersOnly });
  const change: TrackChange = {
    ...gesture(services, at, mail),
    ...{ kind: 'track', mail, regarding },
    ...acceptedOf(why),
  };
  for (const { index } of mail.attachments) {
    const content = read.attachments[index]?.bytes;
    if (content !== undefined) await services.ledger.putAttachment(at.claim.owner, change.id, index, content);
  }
  await handOver(services, at, change, { why, regarding: why.code === 'folder-rule' ? regarding : null });
  return null;
}

/**
 * Nobody asked for this very mail; see TrackChange. What delivers an accepted mail is documented for received mail only: a sent one
 * is promoted, as its author would.
 */
function acceptedOf(why: TrackedWhy): Pick<TrackChange, 'accepted'> {
  if (why.code === 'accepted') return why.question === 'incoming' ? { accepted: 'automatic' } : {};
  return why.code === 'folder-rule' ? { accepted: 'folder-rule' } : {};
}

/** The mail is in another folder now, whose rule names another record. */
export async function handOverRegarding(
  services: HandOverServices,
  at: HandOver,
  mail: MailIdentity,
  { why, regarding, onlyIfRegarding }: Extract<Decision, { kind: 'relink' }>,
): Promise<void> {
  const change: Change = { ...gesture(services, at, mail), kind: 'regard', mail, regarding, onlyIfRegarding };
  await handOver(services, at, change, { why, regarding });
}

/** Its owner took our category off. A record that somebody else brought into the CRM stays there in any case. */
export async function handOverUntrack(
  services: HandOverServices,
  at: HandOver,
  mail: MailIdentity,
  { why, keepRecord }: Extract<Decision, { kind: 'untrack' }>,
): Promise<void> {
  const { row_id: recordId, already } = at.item;
  const keep = keepRecord || already === 1;
  const guard = keep || recordId === null ? {} : { onlyIfUntouched: { recordId, etag: null } };
  const change: Change = { ...gesture(services, at, mail), kind: 'untrack', mail, keepRecord: keep, ...guard };
  await handOver(services, at, change, { why, regarding: null });
}

function gesture({ newId, now }: HandOverServices, { claim }: HandOver, { itemKey }: MailIdentity) {
  const at = new Date(now()).toISOString();
  return { id: newId(), at, by: claim.address, lane: itemKey, after: null, holdUntil: null };
}

async function handOver(
  { ledger }: HandOverServices,
  { claim, item }: HandOver,
  change: Change,
  { why, regarding }: { readonly why: Why; readonly regarding: RegardingRef | null },
): Promise<void> {
  await ledger.acceptWith(claim.owner, change, async ({ run, ahead, now }) => {
    const { id, generation } = claim;
    const held = await run(sql`update mailbox_account set last_written_at = ${now()}
      where id = ${id} and generation = ${generation} returning id`);
    if (held.length === 0) throw new LostClaim('Somebody else reads this mailbox by now.');
    ahead(sql`update mailbox_item set state = 'handed', due_at = null, change_id = ${change.id},
        item_key = ${change.lane}, why_code = ${why.code}, why = ${JSON.stringify(why)},
        linked_by_rule = coalesce(${regarding?.id ?? null}, linked_by_rule), reason_code = null, reason_message = null,
        changed_at = ${now()}
      where seq = ${item.seq}`);
  });
}
