// Changes for bench/ledger.ts: some as a click makes them, a million by one statement.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { RecordedAttachment, TrackChange } from '../src/model/change.ts';
import type { Database } from '../src/server/db/open.ts';

export const owner = 'd0000000-0000-4000-8000-000000000001';

/** A mail of two pages. */
export const bodyHtml = `<p>${'What was agreed on Tuesday, once more in writing. '.repeat(80)}</p>`;

/** A track in a lane of its own. */
export function trackOf(attachments: readonly RecordedAttachment[] = []): TrackChange {
  const id = randomUUID();
  const fingerprint = { from: 'kim@fabrikam.example', sentAt: '2026-11-20T09:15:00Z', subject: 'order 17' };
  return {
    id,
    kind: 'track',
    at: new Date().toISOString(),
    by: 'dana@bench.example',
    lane: `m1.${id}`,
    after: null,
    holdUntil: null,
    regarding: null,
    mail: {
      itemKey: `m1.${id}`,
      messageId: `<${id}@fabrikam.example>`,
      fingerprint,
      subject: 'Order 17',
      from: { name: 'Kim', address: 'kim@fabrikam.example' },
      to: [{ name: 'Dana', address: 'dana@bench.example' }],
      cc: [],
      bcc: [],
      sentAt: '2026-11-20T09:15:00.000Z',
      receivedAt: '2026-11-20T09:15:04.000Z',
      importance: 'normal',
      bodyHtml,
      attachments: [...attachments],
    },
  };
}

/** What a backlog looks like: how many lanes, how many Changes in each, and in how many milliseconds they are due. */
export interface Backlog {
  readonly lanes: number;
  readonly depth: number;
  readonly dueIn: number;
}

/** Adds a backlog behind the product's back, with every lane's oldest row as its head. */
export async function addBacklog(database: Database, name: string, { lanes, depth, dueIn }: Backlog): Promise<void> {
  const count = lanes * depth;
  const now = Date.now();
  const body = JSON.stringify(trackOf());
  const numbers =
    database.engine === 'postgres'
      ? sql`generate_series(0, ${count - 1}::int) as numbers(n)`
      : sql`(with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n < ${count - 1}) select n from numbers)`;
  const text = database.engine === 'postgres' ? sql`::text` : sql``;
  await database.transaction(async (trx) => {
    if (database.engine === 'postgres') await sql`set local statement_timeout = 0`.execute(trx);
    await sql`insert into ledger_change (id, owner, lane, kind, body, state, head, attempts, deaths, outage, due_at, generation,
        accepted_at, changed_at)
      select ${name}${text} || n, ${owner}${text}, ${name}${text} || (n % cast(${lanes} as integer)), 'track', ${body}${text},
        'queued', case when n < cast(${lanes} as integer) then 1 else 0 end, 0, 0, 0, cast(${now + dueIn} as bigint), 0,
        cast(${now} as bigint), cast(${now} as bigint) from ${numbers}`.execute(trx);
  });
}
