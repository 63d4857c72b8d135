import { sql, type Selectable } from 'kysely';
import type { MailboxItemState } from '../../model/mailbox-report.ts';
import type { Why } from '../../model/tracking-why.ts';
import { recordsAs } from '../queue/records.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import type { MailboxScope, MailboxStore } from './store.ts';
import type { MailboxTables } from './tables.ts';

export type OpenItem = Selectable<MailboxTables['mailbox_item']>;

/** What was decided about an item; `why` null leaves the reason as it was. */
export interface Settled {
  readonly seq: number;
  readonly state: MailboxItemState;
  readonly why: Why | null;
  /** It is there already, or was never tracked: nothing to be done about it any more. */
  readonly already?: boolean;
  /** Our category is to be set on it. */
  readonly mark?: boolean;
}

/** Tries of one mail before it is put aside. */
export const mostAttempts = 3;
const retryAfter = 60_000;

/** Items of this mailbox about which something is to be done, those that waited longest first; not before their last Change ended. */
export async function readOpenItems(
  { tables, now }: MailboxScope,
  mailboxId: string,
  most: number,
): Promise<readonly OpenItem[]> {
  const { rows } = await sql<OpenItem>`select * from mailbox_item
    where mailbox_id = ${mailboxId} and due_at is not null and due_at <= ${now()} and state <> 'handed'
    order by due_at, seq limit ${sql.lit(most)}`.execute(tables);
  return rows;
}

const columns = {
  of_seq: 'bigint',
  new_state: 'text',
  new_code: 'text',
  new_why: 'text',
  is_already: 'bigint',
  is_marking: 'bigint',
} as const;

/** @throws {LostClaim} */
export async function settleItems(
  store: MailboxStore,
  claim: MailboxClaim,
  settled: readonly Settled[],
): Promise<void> {
  if (settled.length === 0) return;
  const records = settled.map(({ seq, state, why, already, mark }) => ({
    of_seq: seq,
    new_state: state,
    new_code: why?.code ?? null,
    new_why: why === null ? null : JSON.stringify(why),
    is_already: already === true ? 1 : 0,
    is_marking: mark === true ? 1 : 0,
  }));
  await asHolder(store, claim, async ({ tables, engine, now }) => {
    await sql`update mailbox_item set state = new_state, wish = null, due_at = null, facts = null, attempts = 0,
        why_code = coalesce(new_code, why_code), why = coalesce(new_why, why), reason_code = null, reason_message = null,
        already = case when is_already = 1 then 1 else already end,
        mark_wanted = case when is_marking = 1 then 1 else mark_wanted end, changed_at = ${now()}
      from ${recordsAs(engine, columns, records)} where seq = of_seq`.execute(tables);
  });
}

const counted = { of_seq: 'bigint' } as const;

/** Counted before the mails are touched: whoever does not come back from them has tried them all the same. */
export function countAttempts(store: MailboxStore, claim: MailboxClaim, items: readonly OpenItem[]): Promise<void> {
  return addAttempts(store, claim, items, 1);
}

/** The mailbox, not the mails, was at fault. */
export function takeBackAttempts(store: MailboxStore, claim: MailboxClaim, items: readonly OpenItem[]): Promise<void> {
  return addAttempts(store, claim, items, -1);
}

async function addAttempts(
  store: MailboxStore,
  claim: MailboxClaim,
  items: readonly OpenItem[],
  number: 1 | -1,
): Promise<void> {
  if (items.length === 0) return;
  const records = items.map(({ seq }) => ({ of_seq: seq }));
  await asHolder(store, claim, async ({ tables, engine }) => {
    await sql`update mailbox_item set attempts = attempts + ${sql.lit(number)}
      from ${recordsAs(engine, counted, records)} where seq = of_seq and attempts + ${sql.lit(number)} >= 0`.execute(
      tables,
    );
  });
}

/**
 * A mail that could not be brought into the ledger waits, longer every time, and is put aside after three tries.
 * @returns whether it was put aside
 */
export async function failItem(
  { tables, now }: MailboxScope,
  { seq, attempts }: { readonly seq: number; readonly attempts: number },
  reason: { readonly code: string; readonly message: string },
  state: Extract<MailboxItemState, 'failed' | 'tracked'> = 'failed',
): Promise<boolean> {
  const isParked = attempts >= mostAttempts;
  const due = isParked ? sql`null` : sql`${now()} + ${sql.lit(retryAfter)} * ${attempts}`;
  await sql`update mailbox_item set state = ${state}, reason_code = ${reason.code}, reason_message = ${reason.message},
      attempts = ${attempts}, due_at = ${due}, changed_at = ${now()}
    where seq = ${seq}`.execute(tables);
  return isParked;
}
