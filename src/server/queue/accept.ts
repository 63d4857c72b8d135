import { sql } from 'kysely';
import type { Change, ChangeStatus } from '../../model/change.ts';
import { HttpError } from '../http/errors.ts';
import { eventsOf } from './events.ts';
import { recordsAs } from './records.ts';
import type { Scope } from './scope.ts';
import { statusColumns, statusOf, statusShape, type StatusRow } from './status.ts';
import type { Write } from './write.ts';

/** One Change on its way into the ledger; its row stands in it once the transaction is through, unless it was there before. */
export interface AcceptStep {
  readonly kind: 'accept';
  readonly owner: string;
  readonly change: Change;
  readonly body: string;
  row: StatusRow | null;
}

export function acceptStep(owner: string, change: Change): AcceptStep {
  return { kind: 'accept', owner, change, body: JSON.stringify(change), row: null };
}

/** A hold is the seconds in which somebody may change their mind; a longer one is a device with a wrong clock. */
const longestHold = 60_000;

/** Positions are counted up to here. */
const longestCount = 100;

/** What became of an accepted Change, by now. @throws {HttpError} 403 when it is somebody else's */
export async function answerOf(scope: Scope, { owner, change, row: fresh }: AcceptStep): Promise<ChangeStatus> {
  const row = fresh ?? (await find(scope, change.id));
  if (row.owner !== owner) throw new HttpError(403, 'This change belongs to somebody else.');
  return statusOf(row, await positionOf(scope, row));
}

async function find({ tables }: Scope, id: string): Promise<StatusRow> {
  const { rows } = await sql<StatusRow>`select ${statusColumns} from ledger_change where id = ${id}`.execute(tables);
  const [row] = rows;
  if (row === undefined) throw new Error('An accepted change was not found again.');
  return row;
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

/**
 * Inserts what is new, and logs it; what is there already is left alone. Whether it is, and whether the lane has a head, is not
 * asked by `exists`: PostgreSQL would read all there are to answer it for a hundred, as many as it thinks are given.
 */
export function accepting(scope: Pick<Scope, 'engine' | 'now'>, steps: readonly AcceptStep[]): Write {
  const { engine, now } = scope;
  const first = new Map<string, AcceptStep>();
  for (const step of steps) if (!first.has(step.change.id)) first.set(step.change.id, step);
  const held = sql`hold > ${now()} and hold <= ${now()} + ${sql.lit(longestHold)}`;
  return {
    given: recordsAs(engine, columns, [...first.values()].map(recordOf)),
    change: (given) => sql`insert into ledger_change (id, owner, lane, kind, body, state, head, attempts, deaths,
        outage, due_at, generation, accepted_at, changed_at)
      select new_id, whose, new_lane, new_kind, new_body, 'queued',
        case when rank = 1 and (select h.seq from ledger_change as h where h.head = 1 and h.lane = new_lane) is null
          then 1 else 0 end,
        0, 0, 0, case when ${held} then hold else ${now()} end, 0, ${now()}, ${now()}
      from (select place, new_id, whose, new_lane, new_kind, new_body, hold,
          row_number() over (partition by new_lane order by place) as rank
        from ${given}
        where (select known.seq from ledger_change as known where known.id = new_id) is null) as fresh
      order by place
      returning ${statusColumns}`,
    returned: statusShape,
    effects: [eventsOf(scope)],
    heard(rows: readonly StatusRow[]) {
      const inserted = new Map(rows.map((row) => [row.id, row]));
      for (const step of steps) step.row = inserted.get(step.change.id) ?? null;
    },
  };
}

function recordOf({ owner, change, body }: AcceptStep, place: number) {
  const { id, lane, kind, holdUntil } = change;
  const hold = holdUntil === null ? 0 : Date.parse(holdUntil);
  return { place, new_id: id, whose: owner, new_lane: lane, new_kind: kind, new_body: body, hold };
}

/** How many of its lane are before it; null when that is more than anybody counts. */
async function positionOf({ tables }: Scope, row: StatusRow): Promise<number | null> {
  if (row.state !== 'queued') return null;
  if (row.head === 1) return 0;
  const { rows } = await sql<{ before: number }>`select count(*) as before from (select 1 from ledger_change
    where state = 'queued' and lane = ${row.lane} and seq < ${row.seq} limit ${longestCount + 1}) as older`.execute(
    tables,
  );
  const before = rows[0]?.before ?? 0;
  return before > longestCount ? null : before;
}
