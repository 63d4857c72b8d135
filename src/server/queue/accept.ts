import { sql } from 'kysely';
import type { Change, ChangeStatus } from '../../model/change.ts';
import { isOneOf } from '../db/engine.ts';
import { writeEvents } from './events.ts';
import { recordsAs } from './records.ts';
import type { Writer } from './scope.ts';
import { statusColumns, statusOf, type StatusRow } from './status.ts';

/** One Change on its way into the ledger; the answer stands in it once the transaction is through. */
export interface AcceptStep {
  readonly kind: 'accept';
  readonly owner: string;
  readonly change: Change;
  readonly body: string;
  answer: { readonly owner: string; readonly status: ChangeStatus } | null;
}

export function acceptStep(owner: string, change: Change): AcceptStep {
  return { kind: 'accept', owner, change, body: JSON.stringify(change), answer: null };
}

/** A hold is the seconds in which somebody may change their mind; a longer one is a device with a wrong clock. */
const longestHold = 60_000;

/** Positions are counted up to here. */
const longestCount = 100;

/** Inserts what is new, logs it, and answers every step with what became of its Change. */
export async function accept(writer: Writer, steps: readonly AcceptStep[]): Promise<void> {
  if (steps.length === 0) return;
  const first = new Map<string, AcceptStep>();
  for (const step of steps) if (!first.has(step.change.id)) first.set(step.change.id, step);
  const inserted = await insert(writer, [...first.values()]);
  writeEvents(writer, inserted);
  const rows = new Map(inserted.map((row) => [row.id, row]));
  const repeated = steps.filter(({ change }) => !rows.has(change.id));
  for (const row of await find(writer, repeated)) rows.set(row.id, row);
  for (const step of steps) {
    const row = rows.get(step.change.id);
    if (row === undefined) throw new Error('An accepted change was not found again.');
    step.answer = { owner: row.owner, status: statusOf(row, await positionOf(writer, row)) };
  }
}

async function find({ run, engine }: Writer, steps: readonly AcceptStep[]): Promise<readonly StatusRow[]> {
  if (steps.length === 0) return [];
  const ids = steps.map(({ change }) => change.id);
  return run(sql<StatusRow>`select ${statusColumns} from ledger_change where ${isOneOf(engine, sql`id`, ids)}`);
}

const columns = {
  place: 'bigint',
  new_id: 'text',
  whose: 'text',
  new_lane: 'text',
  new_kind: 'text',
  new_body: 'text',
  hold: 'bigint',
} as const;

/** What is there already is left alone, and not among the answers. */
async function insert({ run, engine, now }: Writer, steps: readonly AcceptStep[]): Promise<StatusRow[]> {
  const records = steps.map(({ owner, change, body }, place) => {
    const hold = change.holdUntil === null ? 0 : Date.parse(change.holdUntil);
    const { id, lane, kind } = change;
    return { place, new_id: id, whose: owner, new_lane: lane, new_kind: kind, new_body: body, hold };
  });
  const held = sql`hold > ${now()} and hold <= ${now()} + ${sql.lit(longestHold)}`;
  const rows =
    await run(sql<StatusRow>`insert into ledger_change (id, owner, lane, kind, body, state, head, attempts, deaths,
      outage, due_at, generation, accepted_at, changed_at)
    select new_id, whose, new_lane, new_kind, new_body, 'queued',
      case when rank = 1 and not exists (select 1 from ledger_change as h where h.head = 1 and h.lane = new_lane)
        then 1 else 0 end,
      0, 0, 0, case when ${held} then hold else ${now()} end, 0, ${now()}, ${now()}
    from (select place, new_id, whose, new_lane, new_kind, new_body, hold,
        row_number() over (partition by new_lane order by place) as rank
      from ${recordsAs(engine, columns, records)}
      where not exists (select 1 from ledger_change as known where known.id = new_id)) as fresh
    order by place
    returning ${statusColumns}`);
  return [...rows].sort((a, b) => a.seq - b.seq);
}

/** How many of its lane are before it; null when that is more than anybody counts. */
async function positionOf({ run }: Writer, row: StatusRow): Promise<number | null> {
  if (row.state !== 'queued') return null;
  if (row.head === 1) return 0;
  const [count] = await run(sql<{ before: number }>`select count(*) as before from (select 1 from ledger_change
    where state = 'queued' and lane = ${row.lane} and seq < ${row.seq} limit ${longestCount + 1}) as older`);
  const before = count?.before ?? 0;
  return before > longestCount ? null : before;
}
