import { sql, type Kysely, type Selectable } from 'kysely';
import { isSettled, type Change, type ChangeReason, type ChangeResult, type ChangeStatus } from '../../model/change.ts';
import { parseChange, parseChangeResult, parseReason } from '../../model/parse-change.ts';
import type { Database } from '../db/open.ts';
import { HttpError } from '../http/errors.ts';
import { withLedger, type LedgerTables } from './tables.ts';

/**
 * The ledger: one row per Change the server has promised to carry out.
 *
 *   accept     nothing, or a repetition                         -> queued (committed before anybody is told)
 *   claim      queued, due, no older queued row in its lane     -> queued with a lease; attempts and generation + 1
 *   finish     the lease's generation still stands              -> done | conflict | refused, its event in the same transaction
 *   put off    the same                                         -> queued with a later due_at and a reason, and the event
 *   lease over the worker froze or died                         -> anybody may claim it; the late worker's generation is old,
 *                                                                  so its writes change nothing
 *
 * A row put off because the whole CRM was away (`outage`) becomes due at once when the CRM is back; a row that failed while the
 * CRM was well keeps its own schedule, so that one poisonous Change does not stand in front of all others.
 */
export interface Ledger {
  accept(owner: string, change: Change): Promise<ChangeStatus>;
  putAttachment(owner: string, changeId: string, part: number, bytes: Uint8Array): Promise<void>;
  attachment(changeId: string, part: number): Promise<Uint8Array | null>;
  claim(): Promise<Claim | null>;
  renew(claim: Claim): Promise<boolean>;
  finish(claim: Claim, end: End): Promise<boolean>;
  putOff(claim: Claim, delay: number, reason: ChangeReason, outage: boolean): Promise<boolean>;
  /** Everything that waited for the CRM alone becomes due. */
  releaseOutage(): Promise<void>;
  /** When the next row becomes due, milliseconds since 1970; null when nothing is queued. */
  nextDue(): Promise<number | null>;
  /** Unfinished Changes of these lanes, oldest first. */
  pending(lanes: readonly string[]): Promise<readonly ChangeStatus[]>;
  /** Item keys whose mail this person untracked while keeping the record. */
  kept(owner: string, itemKeys: readonly string[]): Promise<ReadonlySet<string>>;
  events(owner: string, after: number, limit: number): Promise<readonly LedgerEvent[]>;
  lastCursor(): Promise<number>;
  /** Called after a commit that wrote an event, in this process. */
  subscribe(listener: () => void): () => void;
  /** Results older than 90 days, events older than 30, attachments nobody claimed for a day. */
  purge(): Promise<void>;
}

export interface Claim {
  readonly change: Change;
  readonly owner: string;
  readonly seq: number;
  readonly generation: number;
  readonly attempts: number;
  readonly acceptedAt: number;
}

export type End =
  | { readonly state: 'done'; readonly result: ChangeResult }
  | { readonly state: 'conflict' | 'refused'; readonly reason: ChangeReason };

export interface LedgerEvent {
  readonly cursor: number;
  /** ChangeStatus as JSON, ready to be sent. */
  readonly status: string;
}

/** Renewed every third of it; a worker that is silent for longer has lost its claim. */
export const leaseTime = 60_000;

const day = 24 * 60 * 60 * 1000;

type Row = Selectable<LedgerTables['ledger_change']>;
type Tables = Kysely<LedgerTables>;

export function createLedger(database: Database, now: () => number): Ledger {
  const db = withLedger(database.db);
  const listeners = new Set<() => void>();
  const transaction = <Answer>(work: (tables: Tables) => Promise<Answer>): Promise<Answer> =>
    database.transaction((trx) => work(withLedger(trx)));
  const tell = (): void => {
    for (const listener of listeners) listener();
  };

  /** Writes the row's status to the event log. Cursors must become visible in their order, so PostgreSQL's writers queue up. */
  const log = async (tables: Tables, row: Row): Promise<void> => {
    if (database.engine === 'postgres') await sql`select pg_advisory_xact_lock(${eventLock})`.execute(tables);
    const status = JSON.stringify(statusOf(row));
    await tables.insertInto('ledger_event').values({ owner: row.owner, status, at: now() }).execute();
  };

  /** Changes the claimed row if the claim still stands; the one place where the fencing number is compared. */
  const close = (claim: Claim, change: Partial<Row>, also?: (tables: Tables) => Promise<void>): Promise<boolean> =>
    transaction(async (tables) => {
      const row = await tables
        .updateTable('ledger_change')
        .set({ ...change, lease_until: null, changed_at: now() })
        .where('seq', '=', claim.seq)
        .where('generation', '=', claim.generation)
        .where('state', '=', 'queued')
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return false;
      await also?.(tables);
      await log(tables, row);
      return true;
    }).then((stood) => {
      if (stood) tell();
      return stood;
    });

  return {
    async accept(owner, change) {
      const row = await transaction((tables) => insertOnce(tables, owner, change, now(), log));
      if (row.owner !== owner) throw new HttpError(403, 'This change belongs to somebody else.');
      tell();
      return statusOf(row, await positionOf(db, row));
    },

    async putAttachment(owner, changeId, part, bytes) {
      const values = { change_id: changeId, part, owner, bytes, stored_at: now() };
      const stored = await db
        .insertInto('ledger_attachment')
        .values(values)
        .onConflict((clash) => clash.doNothing())
        .executeTakeFirst();
      if (stored.numInsertedOrUpdatedRows === 1n) return;
      const there = await db
        .selectFrom('ledger_attachment')
        .select('owner')
        .where('change_id', '=', changeId)
        .where('part', '=', part)
        .executeTakeFirst();
      if (there !== undefined && there.owner !== owner)
        throw new HttpError(403, 'This change belongs to somebody else.');
    },

    async attachment(changeId, part) {
      const row = await db
        .selectFrom('ledger_attachment')
        .select('bytes')
        .where('change_id', '=', changeId)
        .where('part', '=', part)
        .executeTakeFirst();
      return row?.bytes ?? null;
    },

    claim: () => transaction((tables) => claimNext(tables, database.engine === 'postgres', now())),

    async renew(claim) {
      const renewed = await db
        .updateTable('ledger_change')
        .set({ lease_until: now() + leaseTime })
        .where('seq', '=', claim.seq)
        .where('generation', '=', claim.generation)
        .executeTakeFirst();
      return renewed.numUpdatedRows === 1n;
    },

    async finish(claim, end) {
      if (end.state !== 'done') {
        const reason = { reason_code: end.reason.code, reason_message: end.reason.message };
        return close(claim, { state: end.state, ...reason });
      }
      // The mail's text has arrived where it belongs; the result is kept for repetitions, the text is not.
      const done = {
        state: 'done' as const,
        result: JSON.stringify(end.result),
        body: '',
        reason_code: null,
        reason_message: null,
      };
      return close(claim, done, async (tables) => {
        await tables.deleteFrom('ledger_attachment').where('change_id', '=', claim.change.id).execute();
        await mark(tables, claim, now());
      });
    },

    putOff: (claim, delay, reason, outage) =>
      close(claim, {
        due_at: now() + delay,
        outage: outage ? 1 : 0,
        reason_code: reason.code,
        reason_message: reason.message,
        // A CRM that was away is not this Change's failure.
        ...(outage ? { attempts: Math.max(0, claim.attempts - 1) } : {}),
      }),

    async releaseOutage() {
      await db
        .updateTable('ledger_change')
        .set({ due_at: now(), outage: 0 })
        .where('state', '=', 'queued')
        .where('outage', '=', 1)
        .execute();
    },

    async nextDue() {
      const { due } = await db
        .selectFrom('ledger_change')
        .select(({ fn }) => fn.min('due_at').as('due'))
        .where('state', '=', 'queued')
        .where((row) => row.or([row('lease_until', 'is', null), row('lease_until', '<', now())]))
        .executeTakeFirstOrThrow();
      return due;
    },

    async pending(lanes) {
      if (lanes.length === 0) return [];
      const rows = await db
        .selectFrom('ledger_change')
        .selectAll()
        .where('state', '=', 'queued')
        .where('lane', 'in', [...lanes])
        .orderBy('seq')
        .limit(1000)
        .execute();
      return rows.map((row) => statusOf(row));
    },

    async kept(owner, itemKeys) {
      if (itemKeys.length === 0) return new Set();
      const rows = await db
        .selectFrom('ledger_kept')
        .select('item_key')
        .where('owner', '=', owner)
        .where('item_key', 'in', [...itemKeys])
        .execute();
      return new Set(rows.map((row) => row.item_key));
    },

    async events(owner, after, limit) {
      return db
        .selectFrom('ledger_event')
        .select(['cursor', 'status'])
        .where('owner', '=', owner)
        .where('cursor', '>', after)
        .orderBy('cursor')
        .limit(limit)
        .execute();
    },

    async lastCursor() {
      const row = await db
        .selectFrom('ledger_event')
        .select(({ fn }) => fn.max('cursor').as('last'))
        .executeTakeFirst();
      return row?.last ?? 0;
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    async purge() {
      await db
        .deleteFrom('ledger_change')
        .where('state', '<>', 'queued')
        .where('changed_at', '<', now() - 90 * day)
        .execute();
      await db
        .deleteFrom('ledger_event')
        .where('at', '<', now() - 30 * day)
        .execute();
      await db
        .deleteFrom('ledger_attachment')
        .where('stored_at', '<', now() - day)
        .where('change_id', 'not in', (sub) =>
          sub.selectFrom('ledger_change').select('id').where('state', '=', 'queued'),
        )
        .execute();
    },
  };
}

/** Any constant; it serialises the writers of the event log among all processes on one PostgreSQL. */
const eventLock = 7_204_411;

type Log = (tables: Tables, row: Row) => Promise<void>;

async function insertOnce(tables: Tables, owner: string, change: Change, now: number, log: Log): Promise<Row> {
  const inserted = await tables
    .insertInto('ledger_change')
    .values({
      id: change.id,
      owner,
      lane: change.lane,
      kind: change.kind,
      body: JSON.stringify(change),
      state: 'queued',
      attempts: 0,
      outage: 0,
      due_at: Math.max(now, change.holdUntil === null ? 0 : Date.parse(change.holdUntil)),
      lease_until: null,
      generation: 0,
      reason_code: null,
      reason_message: null,
      result: null,
      accepted_at: now,
      changed_at: now,
    })
    .onConflict((clash) => clash.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (inserted !== undefined) {
    await log(tables, inserted);
    return inserted;
  }
  return tables.selectFrom('ledger_change').selectAll().where('id', '=', change.id).executeTakeFirstOrThrow();
}

async function claimNext(tables: Tables, skipLocked: boolean, now: number): Promise<Claim | null> {
  const due = tables
    .selectFrom('ledger_change as due')
    .select('due.seq')
    .where('due.state', '=', 'queued')
    .where('due.due_at', '<=', now)
    .where((row) => row.or([row('due.lease_until', 'is', null), row('due.lease_until', '<', now)]))
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('ledger_change as older')
            .select('older.seq')
            .where('older.state', '=', 'queued')
            .whereRef('older.lane', '=', 'due.lane')
            .whereRef('older.seq', '<', 'due.seq'),
        ),
      ),
    )
    .orderBy('due.seq')
    .limit(1);
  const next = await (skipLocked ? due.forUpdate().skipLocked() : due).executeTakeFirst();
  if (next === undefined) return null;
  const row = await tables
    .updateTable('ledger_change')
    .set(({ eb }) => ({
      lease_until: now + leaseTime,
      attempts: eb('attempts', '+', 1),
      generation: eb('generation', '+', 1),
    }))
    .where('seq', '=', next.seq)
    .returningAll()
    .executeTakeFirstOrThrow();
  return {
    change: parseChange(JSON.parse(row.body)),
    owner: row.owner,
    seq: row.seq,
    generation: row.generation,
    attempts: row.attempts,
    acceptedAt: row.accepted_at,
  };
}

/** "Untracked, record kept" is a person's mark that no CRM column holds; tracking the mail again takes it away. */
async function mark(tables: Tables, { change, owner }: Claim, now: number): Promise<void> {
  if (change.kind === 'untrack' && change.keepRecord) {
    const values = { item_key: change.mail.itemKey, owner, at: now };
    await tables
      .insertInto('ledger_kept')
      .values(values)
      .onConflict((clash) => clash.doNothing())
      .execute();
  } else if (change.kind === 'track' || change.kind === 'untrack') {
    await tables
      .deleteFrom('ledger_kept')
      .where('item_key', '=', change.mail.itemKey)
      .where('owner', '=', owner)
      .execute();
  }
}

async function positionOf(db: Tables, row: Row): Promise<number | null> {
  if (row.state !== 'queued') return null;
  const before = await db
    .selectFrom('ledger_change')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'queued')
    .where('seq', '<', row.seq)
    .executeTakeFirstOrThrow();
  return Number(before.count);
}

function statusOf(row: Row, position: number | null = null): ChangeStatus {
  const { id, lane, kind, state, reason_code: code, reason_message: message } = row;
  return {
    id,
    lane,
    kind: kind as ChangeStatus['kind'],
    state,
    at: new Date(row.changed_at).toISOString(),
    reason: code === null ? null : parseReason({ code, message: message ?? '' }),
    nextTryAt: isSettled(state) ? null : new Date(row.due_at).toISOString(),
    position,
    result: row.result === null ? null : parseChangeResult(JSON.parse(row.result)),
  };
}
