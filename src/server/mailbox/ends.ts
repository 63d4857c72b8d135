import { sql } from 'kysely';
import type { ChangeResult } from '../../model/change.ts';
import type { Why } from '../../model/tracking-why.ts';
import { MalformedChange, parseChangeResult } from '../../model/parse-change.ts';
import { recordsAs } from '../queue/records.ts';
import { clearItemAlerts, raiseAlert } from './alerts.ts';
import { makeDue } from './claim.ts';
import { failItem } from './settle-items.ts';
import { readStoredSettings, type MailboxKind } from './settings.ts';
import type { MailboxScope, MailboxStore } from './store.ts';

interface Ended {
  readonly seq: number;
  readonly mailbox_id: string;
  readonly settings: string;
  readonly owner_kind: MailboxKind;
  readonly attempts: number;
  readonly kind: string;
  readonly state: string;
  readonly result: string | null;
  readonly reason_code: string | null;
  readonly reason_message: string | null;
}

/** Ends looked at by one statement. */
const most = 200;

/**
 * Tells items what became of their Changes. Both lie in one database, so no event can be missed: what is `handed` and settled
 * in the ledger is found, whoever carried it out and whenever that was.
 * @returns how many ends were found; at `most` there may be more
 */
export async function settleEnds(store: MailboxStore): Promise<number> {
  const { rows } = await sql<Ended>`select i.seq, i.mailbox_id, a.settings,
      a.kind as owner_kind, i.attempts, c.kind, c.state, c.result, c.reason_code,
      c.reason_message
    from mailbox_item as i join ledger_change as c on c.id = i.change_id
      join mailbox_account as a on a.id = i.mailbox_id
    where i.state = 'handed' and c.state <> 'queued' limit ${sql.lit(most)}`.execute(store.tables);
  if (rows.length === 0) return 0;
  const done = rows.filter(({ state }) => state === 'done');
  const tracked = done.filter(({ kind }) => kind === 'track');
  const marking = new Set(tracked.filter(wantsMark).map((row) => row.mailbox_id));
  await store.transaction(async (scope) => {
    await writeDone(scope, done, marking);
    await clearItemAlerts(
      scope,
      done.map(({ seq, mailbox_id: mailboxId }) => ({ scope: 'item', mailboxId, itemSeq: seq })),
    );
    for (const row of rows) if (row.state !== 'done') await writeRefused(scope, row);
  });
  for (const id of marking) await makeDue(store, { id }, 'hint');
  return rows.length;
}

function wantsMark({ settings, owner_kind: kind }: Ended): boolean {
  return readStoredSettings(JSON.parse(settings), kind).markTracked;
}

const columns = {
  of_seq: 'bigint',
  new_state: 'text',
  new_row: 'text',
  is_already: 'bigint',
  marking: 'bigint',
} as const;

async function writeDone(
  { tables, engine, now }: MailboxScope,
  ended: readonly Ended[],
  marking: ReadonlySet<string>,
): Promise<void> {
  if (ended.length === 0) return;
  const records = ended.map(({ seq, mailbox_id: mailbox, kind, result }) => {
    const read = readResult(result);
    return {
      of_seq: seq,
      new_state: kind === 'untrack' ? 'not-tracked' : 'tracked',
      new_row: kind === 'untrack' ? null : (read?.recordId ?? null),
      is_already: kind === 'track' ? Number(read?.already ?? false) : null,
      marking: kind === 'track' && marking.has(mailbox) ? 1 : 0,
    };
  });
  // A wish that came meanwhile stays due.
  await sql`update mailbox_item set state = new_state, row_id = coalesce(new_row, row_id),
      already = coalesce(is_already, already), mark_wanted = marking, attempts = 0,
      wish = case when due_at is null then null else wish end,
      facts = case when due_at is null then null else facts end, changed_at = ${now()}
    from ${recordsAs(engine, columns, records)} where seq = of_seq and state = 'handed'`.execute(tables);
}

/** What the ledger refused is tried anew with a Change of its own, unless its owner gave it up. */
async function writeRefused(scope: MailboxScope, row: Ended): Promise<void> {
  const { tables, now } = scope;
  if (row.state === 'dropped') {
    const why = { code: 'untracked-by-owner' };
    await sql`update mailbox_item set state = 'not-tracked', why_code = ${why.code}, why = ${JSON.stringify(why)},
        due_at = null, facts = null, changed_at = ${now()}
      where seq = ${row.seq} and state = 'handed'`.execute(tables);
    return;
  }
  const end = endOfRegard(row);
  if (end !== null) {
    // A wish that came meanwhile stays due, as above.
    await sql`update mailbox_item set state = ${end.state}, why_code = ${end.why.code}, why = ${JSON.stringify(end.why)},
        wish = case when due_at is null then null else wish end,
        facts = case when due_at is null then null else facts end,
        attempts = 0, reason_code = null, reason_message = null, changed_at = ${now()}
      where seq = ${row.seq} and state = 'handed'`.execute(tables);
    return clearItemAlerts(scope, [{ scope: 'item', mailboxId: row.mailbox_id, itemSeq: row.seq }]);
  }
  const reason = { code: row.reason_code ?? 'refused', message: row.reason_message ?? '' };
  const state = row.kind === 'track' ? 'failed' : 'tracked';
  const isParked = await failItem(scope, { seq: row.seq, attempts: row.attempts + 1 }, reason, state);
  if (isParked)
    await raiseAlert(scope, { scope: 'item', mailboxId: row.mailbox_id, itemSeq: row.seq }, 'error', reason);
}

/** A folder rule was to link it, and a person's hand was there first: that is an end, and no failure. */
function endOfRegard({ kind, reason_code: code }: Ended): { state: 'tracked' | 'not-tracked'; why: Why } | null {
  if (kind !== 'regard') return null;
  if (code === 'conflict') return { state: 'tracked', why: { code: 'kept-by-hand' } };
  return code === 'not-found' ? { state: 'not-tracked', why: { code: 'removed-from-crm' } } : null;
}

function readResult(text: string | null): ChangeResult | null {
  try {
    return text === null ? null : parseChangeResult(JSON.parse(text));
  } catch (error) {
    if (error instanceof MalformedChange || error instanceof SyntaxError) return null;
    throw error;
  }
}
