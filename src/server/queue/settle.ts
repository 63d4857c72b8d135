import { sql } from 'kysely';
import type { Change, ChangeReason, ChangeResult } from '../../model/change.ts';
import { removalOf } from './attachments.ts';
import { writeEvents } from './events.ts';
import { nameHeads } from './lanes.ts';
import { recordsAs } from './records.ts';
import type { Writer } from './scope.ts';
import { statusColumns, type StatusRow } from './status.ts';

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

const columns = {
  at_seq: 'bigint',
  at_generation: 'bigint',
  to_state: 'text',
  delay: 'bigint',
  is_outage: 'bigint',
  code: 'text',
  message: 'text',
  new_result: 'text',
} as const;

/**
 * Ends claims whose generation still stands, the one place where it is compared: state, next head of the lane, event, marks,
 * and the bytes nobody needs any more. The mail's text has then arrived where it belongs; the result is kept for repetitions,
 * the text is not.
 */
export async function settle(writer: Writer, steps: readonly SettleStep[]): Promise<void> {
  if (steps.length === 0) return;
  const { run, ahead, engine, now } = writer;
  const rows = await run(sql<StatusRow>`update ledger_change set
      state = to_state, head = case when to_state = 'queued' then 1 else 0 end,
      due_at = case when delay is null then due_at else ${now()} + delay end,
      outage = is_outage, attempts = attempts - is_outage, deaths = 0, lease_until = null,
      reason_code = code, reason_message = message, result = new_result,
      body = case when to_state = 'done' then '' else body end, changed_at = ${now()}
    from ${recordsAs(engine, columns, steps.map(recordOf))}
    where seq = at_seq and generation = at_generation and state = 'queued'
    returning ${statusColumns}`);
  const stood = new Map(rows.map((row) => [row.seq, row]));
  for (const step of steps) step.owner = stood.get(step.seq)?.owner ?? null;
  const done = steps.filter(({ owner, outcome }) => owner !== null && outcome.state === 'done');
  nameHeads(
    writer,
    rows.filter(({ state }) => state !== 'queued').map(({ lane }) => lane),
  );
  writeEvents(writer, rows);
  ahead(
    ...removalOf(
      engine,
      done.flatMap(({ change }) => (change?.kind === 'track' ? [change.id] : [])),
    ),
  );
  mark(writer, done);
}

function recordOf({ seq, generation, outcome }: SettleStep) {
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
  };
}

/** "Untracked, record kept" is a person's mark that no CRM column holds; tracking the mail again takes it away. */
function mark({ ahead, engine, now }: Writer, done: readonly SettleStep[]): void {
  const columns = { mail: 'text', whose: 'text' } as const;
  const kept: { mail: string; whose: string }[] = [];
  const gone: { mail: string; whose: string }[] = [];
  for (const { change, owner: whose } of done) {
    if (change === null || whose === null || (change.kind !== 'track' && change.kind !== 'untrack')) continue;
    const list = change.kind === 'untrack' && change.keepRecord ? kept : gone;
    list.push({ mail: change.mail.itemKey, whose });
  }
  if (kept.length > 0)
    ahead(sql`insert into ledger_kept (item_key, owner, at)
      select mail, whose, ${now()} from ${recordsAs(engine, columns, kept)} where true
      on conflict do nothing`);
  if (gone.length > 0)
    ahead(sql`delete from ledger_kept where (item_key, owner) in
      (select mail, whose from ${recordsAs(engine, columns, gone)})`);
}
