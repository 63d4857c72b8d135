import { sql, type RawBuilder } from 'kysely';
import type { ChangeStatus } from '../../model/change.ts';
import { isOneOf } from '../db/engine.ts';
import { HttpError } from '../http/errors.ts';
import { removeBytes } from './attachments.ts';
import { eventsOf } from './events.ts';
import { nameHeads } from './lanes.ts';
import type { Scope, Writer } from './scope.ts';
import { statusColumns, statusOf, statusShape, type StatusRow } from './status.ts';
import type { Effect } from './write.ts';

/** What its owner still has to do with: waiting for the CRM, or for a decision. */
export const openStates = ['queued', 'conflict', 'refused'] as const;
export type OpenState = (typeof openStates)[number];

/** Word for word the condition of an index. */
const isOpen = sql<boolean>`state in ('queued', 'conflict', 'refused')`;

export interface OpenChanges {
  readonly changes: readonly ChangeStatus[];
  /** Where the next page begins; null after the last. */
  readonly next: number | null;
}

/** One person's Changes in these states, in the order of the ledger, after the given place in it. */
export async function listOpen(
  { tables, engine }: Scope,
  owner: string,
  states: readonly OpenState[],
  after: number,
  limit: number,
): Promise<OpenChanges> {
  const { rows } = await sql<StatusRow>`select ${statusColumns} from ledger_change
    where ${isOpen} and owner = ${owner} and seq > ${after} and ${isOneOf(engine, sql`state`, states)}
    order by seq limit ${limit + 1}`.execute(tables);
  const page = rows.slice(0, limit);
  return {
    changes: page.map((row) => statusOf(row)),
    next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null,
  };
}

/** One person's Changes of these lanes that wait for a decision. */
export async function listParked(
  { tables, engine }: Scope,
  owner: string,
  lanes: readonly string[],
): Promise<readonly ChangeStatus[]> {
  const { rows } = await sql<StatusRow>`select ${statusColumns} from ledger_change
    where ${isOpen} and owner = ${owner} and state <> 'queued' and ${isOneOf(engine, sql`lane`, lanes)}
    order by seq limit 1000`.execute(tables);
  return rows.map((row) => statusOf(row));
}

/**
 * Back into the queue, at the end of its lane: pressing the button is the newest gesture, and another Change of the lane may
 * be under way. What already waits is due at once; what is done stays so.
 */
export async function retry(writer: Writer, owner: string, id: string): Promise<ChangeStatus> {
  const { engine, now } = writer;
  const row = await findOwn(writer, owner, id);
  if (row.state === 'dropped') throw new HttpError(409, 'This change was dropped.');
  if (row.state === 'done') return statusOf(row);
  if (row.state === 'queued') return statusOf(await hurry(writer, row));
  const seq = engine === 'postgres' ? sql<number>`default` : sql<number>`(select max(seq) + 1 from ledger_change)`;
  return statusOf(
    await change(
      writer,
      row.seq,
      sql`seq = ${seq}, state = 'queued', attempts = 0, deaths = 0, outage = 0, reason_code = null, reason_message = null, tried = 'null',
      due_at = ${now()}, accepted_at = ${now()}, changed_at = ${now()},
      head = case when exists (select 1 from ledger_change as h where h.head = 1 and h.lane = ${row.lane}) then 0 else 1 end`,
      [eventsOf(writer)],
    ),
  );
}

/** A Change that failed before is tried now; one that is held or just being tried stays as it is. */
async function hurry(writer: Writer, row: OwnRow): Promise<StatusRow> {
  if (row.attempts === 0 || row.leased === 1) return row;
  return change(writer, row.seq, sql`due_at = ${writer.now()}`, []);
}

/** Gives a Change up. @throws {HttpError} 409 when it is done or being carried out, 404 when this person has none such */
export async function drop(writer: Writer, owner: string, id: string): Promise<void> {
  const row = await findOwn(writer, owner, id);
  if (row.state === 'dropped') return;
  if (row.state === 'done') throw new HttpError(409, 'This change is done.');
  if (row.leased === 1) throw new HttpError(409, 'This change is being carried out.');
  await change(
    writer,
    row.seq,
    sql`state = 'dropped', head = 0, body = '', reason_code = 'dropped', reason_message = '', changed_at = ${writer.now()}`,
    [nameHeads(writer.engine), ...removeBytes, eventsOf(writer)],
  );
}

type OwnRow = StatusRow & { readonly leased: 0 | 1 };

/** Somebody else's is answered like none. */
async function findOwn({ run, engine, now }: Writer, owner: string, id: string): Promise<OwnRow> {
  const [row] =
    await run(sql<OwnRow>`select ${statusColumns}, case when lease_until >= ${now()} then 1 else 0 end as leased
    from ledger_change where id = ${id} and owner = ${owner}
    ${engine === 'postgres' ? sql`for update` : sql``}`);
  if (row === undefined) throw new HttpError(404, 'You have no such change.');
  return row;
}

async function change(
  { write }: Writer,
  seq: number,
  set: RawBuilder<unknown>,
  effects: readonly Effect[],
): Promise<StatusRow> {
  const [changed] = (await write({
    given: null,
    change: () => sql`update ledger_change set ${set} where seq = ${seq} returning ${statusColumns}`,
    returned: statusShape,
    effects,
    heard: () => undefined,
  })) as readonly StatusRow[];
  if (changed === undefined) throw new Error('A change was lost while it was being changed.');
  return changed;
}
