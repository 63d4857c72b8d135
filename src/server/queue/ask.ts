import { sql } from 'kysely';
import type { ChangeStatus } from '../../model/change.ts';
import { MalformedChange, parseChange } from '../../model/parse-change.ts';
import { isOneOf } from '../db/engine.ts';
import type { Claim } from './claim.ts';
import type { Scope } from './scope.ts';
import { statusColumns, statusOf, type StatusRow } from './status.ts';

/** Unfinished Changes of lanes, whoever's they are, oldest first; no more than anybody reads. */
export async function listPending(
  { tables, engine }: Scope,
  lanes: readonly string[],
): Promise<readonly ChangeStatus[]> {
  const { rows } = await sql<StatusRow>`select ${statusColumns} from ledger_change
    where state = 'queued' and ${isOneOf(engine, sql`lane`, lanes)} order by seq limit 1000`.execute(tables);
  return rows.map((row) => statusOf(row));
}

export async function listKept(
  { tables, engine }: Scope,
  owner: string,
  itemKeys: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ item_key: string }>`select item_key from ledger_kept
    where owner = ${owner} and removed = 0 and ${isOneOf(engine, sql`item_key`, itemKeys)}`.execute(tables);
  return new Set(rows.map((row) => row.item_key));
}

export async function listUntracked(
  { tables, engine }: Scope,
  owner: string,
  itemKeys: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ item_key: string }>`select item_key from ledger_kept
    where owner = ${owner} and ${isOneOf(engine, sql`item_key`, itemKeys)}`.execute(tables);
  return new Set(rows.map((row) => row.item_key));
}

export async function noteRemoved({ tables, now }: Scope, owner: string, itemKey: string): Promise<void> {
  await sql`insert into ledger_kept (item_key, owner, at, removed)
    values (${itemKey}, ${owner}, ${now()}, 1) on conflict (item_key, owner) do update set removed = 1`.execute(tables);
}

/** Only what was tried can have met the outage, and only heads are tried. */
export async function releaseOutage({ tables, now }: Scope): Promise<void> {
  await sql`update ledger_change set due_at = ${now()}, outage = 0 where head = 1 and outage = 1`.execute(tables);
}

/** Links of `after` that are followed: nobody clicks more often at one mail before the first click is through. */
const longestChain = 16;

/**
 * Follows `after` to a track of the same mail that was refused or dropped: where the CRM does not know the mail, that is why.
 */
export async function blockedBy({ tables }: Scope, { change, owner }: Claim): Promise<ChangeStatus | null> {
  let before = change.after;
  for (let link = 0; before !== null && link < longestChain; link += 1) {
    const { rows } = await sql<StatusRow & { body: string }>`select ${statusColumns}, body from ledger_change
      where id = ${before} and owner = ${owner} and lane = ${change.lane}`.execute(tables);
    const [row] = rows;
    if (row === undefined) return null;
    if (row.kind === 'track') return row.state === 'done' || row.state === 'queued' ? null : statusOf(row);
    before = afterOf(row.body);
  }
  return null;
}

/** The body of what is done is gone, and with it the question. */
function afterOf(body: string): string | null {
  try {
    return body === '' ? null : parseChange(JSON.parse(body)).after;
  } catch (error) {
    if (error instanceof MalformedChange || error instanceof SyntaxError) return null;
    throw error;
  }
}
