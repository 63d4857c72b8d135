import { sql } from 'kysely';
import type { Change, TrackChange } from '../../model/change.ts';
import type { Digest, MailIdentity } from '../../model/item-key.ts';
import type { NotTrackedWhy, TrackedWhy, Why } from '../../model/tracking-why.ts';
import type { Ledger } from '../queue/ledger.ts';
import { recordsAs } from '../queue/records.ts';
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

/** What goes into the ledger about one item. */
export interface Handed {
  readonly item: OpenItem;
  readonly change: Change;
  readonly attachments: readonly { readonly part: number; readonly bytes: Uint8Array }[];
  readonly why: Why;
  /** Id of the record that a folder rule links the mail to. */
  readonly linkedByRule: string | null;
}

/** Bytes of the largest mail that is fetched; Exchange Online takes none above. */
export const largestMail = 150 * 1024 * 1024;

/**
 * Reads an accepted mail, of which the bytes were fetched.
 * @returns what is to be handed over, or why it is not tracked after all
 * @throws {UnreadableMail}
 */
export async function readWanted(
  services: HandOverServices,
  at: HandOver,
  bytes: Uint8Array,
  { why, regarding }: Extract<Decision, { kind: 'track' }>,
): Promise<Handed | NotTrackedWhy> {
  const read = await services.reader.read(bytes);
  const part = decideByContent(why, read.message, at.settings);
  if (typeof part === 'object') return part;
  const mail = await recordMail(read, at.facts, { ...services, headersOnly: part === 'headers-only' });
  const change: TrackChange = {
    ...gesture(services, at, mail),
    ...{ kind: 'track', mail, regarding },
    ...acceptedOf(why),
  };
  const attachments = mail.attachments.flatMap(({ index: part }) => {
    const content = read.attachments[part]?.bytes;
    return content === undefined ? [] : [{ part, bytes: content }];
  });
  const linkedByRule = why.code === 'folder-rule' ? (regarding?.id ?? null) : null;
  return { item: at.item, change, attachments, why, linkedByRule };
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
export function relinked(
  services: HandOverServices,
  at: HandOver,
  mail: MailIdentity,
  { why, regarding, onlyIfRegarding }: Extract<Decision, { kind: 'relink' }>,
): Handed {
  const change: Change = { ...gesture(services, at, mail), kind: 'regard', mail, regarding, onlyIfRegarding };
  return { item: at.item, change, attachments: [], why, linkedByRule: regarding.id };
}

/** Its owner took our category off. A record that somebody else brought into the CRM stays there in any case. */
export function untracked(
  services: HandOverServices,
  at: HandOver,
  mail: MailIdentity,
  { why, keepRecord }: Extract<Decision, { kind: 'untrack' }>,
): Handed {
  const { row_id: recordId, already } = at.item;
  const keep = keepRecord || already === 1;
  const guard = keep || recordId === null ? {} : { onlyIfUntouched: { recordId, etag: null } };
  const change: Change = { ...gesture(services, at, mail), kind: 'untrack', mail, keepRecord: keep, ...guard };
  return { item: at.item, change, attachments: [], why, linkedByRule: null };
}

function gesture({ newId, now }: HandOverServices, { claim }: HandOver, { itemKey }: MailIdentity) {
  const at = new Date(now()).toISOString();
  return { id: newId(), at, by: claim.address, lane: itemKey, after: null, holdUntil: null };
}

const columns = {
  of_seq: 'bigint',
  new_change: 'text',
  new_item: 'text',
  new_code: 'text',
  new_why: 'text',
  new_link: 'text',
} as const;

/**
 * Puts Changes into the ledger; their items are `handed` in the same transaction.
 * @throws {LostClaim}
 */
export async function handOver(
  { ledger }: Pick<HandOverServices, 'ledger'>,
  { id, generation, owner }: MailboxClaim,
  handed: readonly Handed[],
): Promise<void> {
  if (handed.length === 0) return;
  const records = handed.map(({ item, change, why, linkedByRule }) => ({
    of_seq: item.seq,
    new_change: change.id,
    new_item: change.lane,
    new_code: why.code,
    new_why: JSON.stringify(why),
    new_link: linkedByRule,
  }));
  await ledger.acceptWith(owner, handed, async ({ run, ahead, engine, now }) => {
    const held = await run(sql`update mailbox_account set last_written_at = ${now()}
      where id = ${id} and generation = ${generation} returning id`);
    if (held.length === 0) throw new LostClaim('Somebody else reads this mailbox by now.');
    ahead(sql`update mailbox_item set state = 'handed', due_at = null, change_id = new_change, item_key = new_item,
        why_code = new_code, why = new_why, linked_by_rule = coalesce(new_link, linked_by_rule), reason_code = null,
        reason_message = null, changed_at = ${now()}
      from ${recordsAs(engine, columns, records)} where seq = of_seq`);
  });
}
