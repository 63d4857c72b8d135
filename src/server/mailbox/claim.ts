import { sql } from 'kysely';
import type { MailboxState } from '../../model/mailbox-report.ts';
import { isOneOf } from '../db/engine.ts';
import { recordsAs } from '../queue/records.ts';
import type { Pace } from './interval.ts';
import type { MailboxScope, MailboxStore } from './store.ts';
import type { MailboxTables } from './tables.ts';

/** A mailbox that this process reads, until it says that it is done or is silent for `leaseTime`. */
export interface MailboxClaim {
  readonly id: string;
  readonly address: string;
  readonly owner: string;
  readonly kind: MailboxTables['mailbox_account']['kind'];
  /** Of a queue's mailbox. */
  readonly queueId: string | null;
  readonly source: string;
  readonly secret: string | null;
  readonly settings: string;
  readonly state: MailboxState;
  /** The fencing number: every write about the mailbox compares it. */
  readonly generation: number;
  readonly pace: Pace;
  readonly failures: number;
  /** By the clock of the store, as all times. */
  readonly startedAt: number;
  /** Milliseconds since the run before began; 0 for the first. */
  readonly gap: number;
  readonly lastOkAt: number | null;
  readonly processFrom: number;
  readonly foldersAt: number | null;
}

/** Somebody else reads the mailbox by now, or its settings were changed: what this run found is found again by the next. */
export class LostClaim extends Error {
  override readonly name = 'LostClaim';
}

/** Renewed every third of it. */
export const leaseTime = 60_000;
/** Mailboxes taken by one statement. */
export const mostClaims = 50;

type Row = Omit<MailboxTables['mailbox_account'], 'started_at' | 'next_at'> & { started_at: number; next_at: number };

/** Due mailboxes, those first that are due longest: what others hold is passed over, what a dead process held is taken. */
export async function claimMailboxes({ tables, engine, now }: MailboxScope, most: number): Promise<MailboxClaim[]> {
  const { rows } = await sql<Row>`with picked as materialized (
      select id as picked_id from mailbox_account
      where next_at is not null and next_at <= ${now()} and (lease_until is null or lease_until < ${now()})
      order by next_at, id limit ${sql.lit(Math.min(most, mostClaims))}
      ${engine === 'postgres' ? sql`for update skip locked` : sql``})
    update mailbox_account set lease_until = ${now()} + ${sql.lit(leaseTime)}, generation = generation + 1,
      previous_at = started_at, started_at = ${now()}, hint_at = null
    from picked where id = picked_id returning *`.execute(tables);
  return rows.sort((a, b) => a.next_at - b.next_at || (a.id < b.id ? -1 : 1)).map(claimOf);
}

function claimOf(row: Row): MailboxClaim {
  const { id, address, owner, kind, source, secret, settings, state, generation, failures } = row;
  return {
    ...{ id, address, owner, kind, source, secret, settings, state, generation, failures },
    pace: { rate: row.rate, period: row.period },
    queueId: row.queue_id,
    startedAt: row.started_at,
    gap: row.previous_at === null ? 0 : row.started_at - row.previous_at,
    lastOkAt: row.last_ok_at,
    processFrom: row.process_from,
    foldersAt: row.folders_at,
  };
}

const held = { held_id: 'text', held_generation: 'bigint' } as const;

/** Prolongs what this process still reads. @returns the ids of those that are still its own */
export async function renewClaims(
  { tables, engine, now }: MailboxScope,
  claims: readonly MailboxClaim[],
): Promise<ReadonlySet<string>> {
  if (claims.length === 0) return new Set();
  const records = claims.map(({ id, generation }) => ({ held_id: id, held_generation: generation }));
  const { rows } = await sql<{ id: string }>`update mailbox_account set lease_until = ${now()} + ${sql.lit(leaseTime)}
    from ${recordsAs(engine, held, records)} where id = held_id and generation = held_generation
    returning id`.execute(tables);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Runs `work` in one transaction with the mailbox's row held by this claim.
 * @throws {LostClaim} and writes nothing when somebody else has claimed it since
 */
export function asHolder<Answer>(
  store: MailboxStore,
  claim: MailboxClaim,
  work: (scope: MailboxScope) => Promise<Answer>,
): Promise<Answer> {
  return store.transaction(async (scope) => {
    await hold(scope, claim);
    return work(scope);
  });
}

/** @throws {LostClaim} */
async function hold({ tables }: Pick<MailboxScope, 'tables'>, { id, generation }: MailboxClaim): Promise<void> {
  const { numUpdatedRows } = await tables
    .updateTable('mailbox_account')
    .set({ generation })
    .where('id', '=', id)
    .where('generation', '=', generation)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new LostClaim('Somebody else reads this mailbox by now.');
}

/**
 * What a run under way goes by has changed: it loses its claim and writes nothing more, and the next, which is due at once,
 * finds again what it found.
 */
export async function interruptRun({ tables, now }: MailboxScope, id: string): Promise<void> {
  await sql`update mailbox_account set generation = generation + 1, lease_until = null,
      next_at = case when next_at is null then null else ${now()} end
    where id = ${id}`.execute(tables);
}

/** Milliseconds until a mailbox that nobody holds becomes due, 0 when one is; null when none is planned. */
export async function untilDue({ tables, now }: MailboxScope): Promise<number | null> {
  const { rows } = await sql<{ wait: number }>`select next_at - ${now()} as wait from mailbox_account
    where next_at is not null and (lease_until is null or lease_until < ${now()})
    order by next_at, id limit 1`.execute(tables);
  const [next] = rows;
  return next === undefined ? null : Math.max(0, next.wait);
}

/** What kept these from being decided about is over: those that are not being read are due now, wherever they are read. */
export async function makeAllDue({ tables, engine, now }: MailboxScope, addresses: readonly string[]): Promise<void> {
  if (addresses.length === 0) return;
  await sql`update mailbox_account set next_at = ${now()}
    where next_at > ${now()} and ${isOneOf(engine, sql`address_folded`, addresses)}`.execute(tables);
}

/** Hints come in flocks, a wish of a person alone. */
const hintGap = 20_000;

/**
 * Makes a mailbox due at once: for a hint of the mail server at least 20 s after the run before began. A person who asks may have
 * just made a folder: they are read anew.
 */
export async function makeDue(
  { tables, now }: MailboxScope,
  mailbox: { readonly id: string } | { readonly addressFolded: string },
  reason: 'hint' | 'person',
): Promise<void> {
  const spaced = sql<number>`coalesce(started_at, 0) + ${sql.lit(hintGap)}`;
  const at = reason === 'person' ? now() : sql<number>`case when ${spaced} > ${now()} then ${spaced} else ${now()} end`;
  const which = 'id' in mailbox ? sql`id = ${mailbox.id}` : sql`address_folded = ${mailbox.addressFolded}`;
  await sql`update mailbox_account set hint_at = case when hint_at < ${at} then hint_at else ${at} end,
      next_at = case when next_at < ${at} then next_at else ${at} end,
      folders_at = ${reason === 'person' ? sql`null` : sql.ref('folders_at')}
    where next_at is not null and ${which}`.execute(tables);
}
