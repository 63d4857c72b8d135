import { sql } from 'kysely';
import type { MailboxState } from '../../model/mailbox-report.ts';
import { recordsAs } from '../queue/records.ts';
import type { MailboxClaim } from './claim.ts';
import type { Pace } from './interval.ts';
import type { MailboxScope } from './store.ts';

/** What one run came to. */
export interface Completion {
  readonly claim: MailboxClaim;
  readonly pace: Pace;
  /** Milliseconds from the start of this run to the next; null: not again by itself. */
  readonly wait: number | null;
  /** There is more to do than one run may: due again at once, behind all others that are due. */
  readonly again: boolean;
  readonly state: MailboxState;
  /** Null: it went well. */
  readonly trouble: { readonly code: string; readonly message: string } | null;
  readonly failures: number;
  /** Of folders where nothing was new; the others' were stored with what was found. */
  readonly cursors: readonly { readonly folderId: string; readonly cursor: string }[];
}

const columns = {
  at_id: 'text',
  at_generation: 'bigint',
  new_rate: 'text',
  new_period: 'bigint',
  wait: 'bigint',
  again: 'bigint',
  new_state: 'text',
  new_code: 'text',
  new_message: 'text',
  new_failures: 'bigint',
} as const;

const cursorColumns = { of_id: 'text', of_generation: 'bigint', of_folder: 'text', new_cursor: 'text' } as const;

/**
 * Gives mailboxes back, many with one commit: health, next run, and the cursors of folders without news. The next run counts
 * from the start of this one; a wish to be read that came meanwhile wins if it is sooner. A claim that was lost writes nothing.
 */
export async function complete(scope: MailboxScope, completions: readonly Completion[]): Promise<void> {
  const { tables, engine, now } = scope;
  await storeCursors(scope, completions);
  const planned = sql`case when again = 1 then ${now()} else started_at + wait end`;
  const ok = sql`new_code is null`;
  await sql`update mailbox_account set
      rate = cast(new_rate as ${sql.raw(engine === 'postgres' ? 'double precision' : 'real')}), period = new_period,
      state = new_state, code = new_code, message = new_message, failures = new_failures, lease_until = null,
      last_ok_at = case when ${ok} then started_at else last_ok_at end,
      next_at = case when hint_at is not null and (hint_at < ${planned} or ${planned} is null) then hint_at
        else ${planned} end
    from ${recordsAs(engine, columns, completions.map(recordOf))}
    where id = at_id and generation = at_generation`.execute(tables);
}

function recordOf({ claim, pace, wait, again, state, trouble, failures }: Completion) {
  return {
    at_id: claim.id,
    at_generation: claim.generation,
    new_rate: String(pace.rate),
    new_period: Math.round(pace.period),
    wait: wait === null ? null : Math.round(wait),
    again: again ? 1 : 0,
    new_state: state,
    new_code: trouble?.code ?? null,
    new_message: trouble?.message ?? null,
    new_failures: failures,
  };
}

async function storeCursors({ tables, engine, now }: MailboxScope, completions: readonly Completion[]): Promise<void> {
  const records = completions.flatMap(({ claim, cursors }) =>
    cursors.map(({ folderId, cursor }) => ({
      ...{ of_id: claim.id, of_generation: claim.generation, of_folder: folderId, new_cursor: cursor },
    })),
  );
  if (records.length === 0) return;
  await sql`update mailbox_folder set cursor = new_cursor, polled_at = ${now()},
      listed_at = coalesce(listed_at, ${now()})
    from ${recordsAs(engine, cursorColumns, records)}
    where mailbox_id = of_id and folder_id = of_folder
      and exists (select 1 from mailbox_account as a where a.id = of_id and a.generation = of_generation)`.execute(
    tables,
  );
}
