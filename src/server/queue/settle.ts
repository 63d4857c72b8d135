import { sql, type RawBuilder } from 'kysely';
import type { Change, ChangeReason, ChangeResult } from '../../model/change.ts';
import { removeBytes } from './attachments.ts';
import { eventsOf } from './events.ts';
import { nameHeads } from './lanes.ts';
import { isFoundBy, recordsAs } from './records.ts';
import type { Scope } from './scope.ts';
import { statusColumns, statusShape, type StatusRow } from './status.ts';
import type { Effect, Write } from './write.ts';

export type End =
  | { readonly state: 'done'; readonly result: ChangeResult }
  | { readonly state: 'conflict' | 'refused'; readonly reason: ChangeReason };

/** `delay` in milliseconds; `outage`: the CRM as a whole is away, which is not this Change's failure. */
export interface PutOff {
  readonly state: 'queued';
  readonly delay: number;
  readonly reason: ChangeReason;
  readonly outage: boolean;
}

/** The end of one claim; `owner` is set once the transaction is through, if the claim still stood. */
export interface SettleStep {
  readonly kind: 'settle';
  readonly seq: number;
  /** The fencing number: where the row has another one by now, the claim was lost and nothing is written. */
  readonly generation: number;
  /** Null for a row that nobody can read. */
  readonly change: Change | null;
  readonly outcome: End | PutOff;
  owner: string | null;
}

/** Not the condition of a partial index, word for word: that one holds the whole queue. */
const isQueued = sql<boolean>`state between 'queued' and 'queued'`;

const columns = {
  at_seq: 'bigint',
  at_generation: 'bigint',
  to_state: 'text',
  delay: 'bigint',
  is_outage: 'bigint',
  code: 'text',
  message: 'text',
  new_result: 'text',
  mail: 'text',
  keeps: 'bigint',
} as const;

/**
 * Ends claims whose generation still stands, the one place where it is compared: state, next head of the lane, event, marks,
 * and the bytes nobody needs any more. The mail's text has then arrived where it belongs; the result is kept for repetitions,
 * the text is not.
 */
export function settling(scope: Pick<Scope, 'engine' | 'now'>, steps: readonly SettleStep[]): Write {
  const { engine, now } = scope;
  const records = steps.map(recordOf);
  return {
    given: recordsAs(engine, columns, records),
    change: (given) => sql`update ledger_change set
        state = to_state, head = case when to_state = 'queued' then 1 else 0 end,
        due_at = case when delay is null then due_at else ${now()} + delay end,
        outage = is_outage, attempts = attempts - is_outage, deaths = 0, lease_until = null,
        reason_code = code, reason_message = message, result = new_result,
        body = case when to_state = 'done' then '' else body end, changed_at = ${now()}
      from ${given}
      where ${isFoundBy(engine, sql`seq`, sql`at_seq`)} and generation = at_generation and ${isQueued}
      returning ${statusColumns}`,
    returned: statusShape,
    effects: [
      nameHeads(engine),
      eventsOf(scope),
      ...(steps.some(({ change, outcome }) => change?.kind === 'track' && outcome.state === 'done') ? removeBytes : []),
      ...(records.some(({ keeps }) => keeps === 1 || keeps === 2) ? [keepMarks(now())] : []),
      ...(records.some(({ keeps }) => keeps === 0) ? [removeMarks] : []),
    ],
    heard(rows: readonly StatusRow[]) {
      const owners = new Map(rows.map(({ seq, owner }) => [seq, owner]));
      for (const step of steps) step.owner = owners.get(step.seq) ?? null;
    },
  };
}

function recordOf({ seq, generation, change, outcome }: SettleStep) {
  const reason = outcome.state === 'done' ? null : outcome.reason;
  return {
    at_seq: seq,
    at_generation: generation,
    to_state: outcome.state,
    delay: outcome.state === 'queued' ? outcome.delay : null,
    is_outage: outcome.state === 'queued' && outcome.outage ? 1 : 0,
    code: reason?.code ?? null,
    message: reason?.message ?? null,
    new_result: outcome.state === 'done' ? JSON.stringify(outcome.result) : null,
    ...markOf(change, outcome),
  };
}

/**
 * "Untracked, record kept" is a person's mark that no CRM column holds; tracking the mail again takes it away. Where the record was
 * removed, another mark keeps rules from bringing it back.
 * @returns of which mail; 1 kept, 2 removed, 0 no mark, null where it is left as it is
 */
function markOf(change: Change | null, { state }: End | PutOff): { mail: string | null; keeps: 0 | 1 | 2 | null } {
  if (state !== 'done' || (change?.kind !== 'track' && change?.kind !== 'untrack')) return { mail: null, keeps: null };
  return { mail: change.mail.itemKey, keeps: change.kind === 'track' ? 0 : change.keepRecord ? 1 : 2 };
}

function keepMarks(now: RawBuilder<number>): Effect {
  return (changed, given) => sql`insert into ledger_kept (item_key, owner, at, removed)
    select mail, changed.owner, ${now}, max(keeps) - 1 from ${changed} join ${given} on at_seq = changed.seq where keeps > 0
    group by mail, changed.owner on conflict (item_key, owner) do update set removed = excluded.removed`;
}

const removeMarks: Effect = (changed, given) => sql`delete from ledger_kept where (item_key, owner) in
  (select mail, changed.owner from ${changed} join ${given} on at_seq = changed.seq where keeps = 0)`;
