import { sql, type Selectable } from 'kysely';
import type { MailboxAlert, MailboxItem, MailboxItemState, MailboxReport } from '../../model/mailbox-report.ts';
import type { Why } from '../../model/tracking-why.ts';
import { isOneOf } from '../db/engine.ts';
import { parseSource, type SourceConfig } from './source-config.ts';
import { readStoredSettings } from './settings.ts';
import type { MailboxScope } from './store.ts';
import type { MailboxTables } from './tables.ts';

export type AccountRow = MailboxTables['mailbox_account'];
type AlertRow = Selectable<MailboxTables['mailbox_alert']>;
type ItemRow = Selectable<MailboxTables['mailbox_item']>;

/** What people are told of these mailboxes, in the order given. @param asker object id of whoever asks */
export async function describeMailboxes(
  scope: MailboxScope,
  rows: readonly AccountRow[],
  asker: string,
): Promise<MailboxReport[]> {
  const ids = rows.map(({ id }) => id);
  const [counts, alerts, now] = [await countItems(scope, ids), await standingAlerts(scope, ids), await timeOf(scope)];
  return rows.map((row) => {
    const own = row.owner === asker;
    return {
      ...{ id: row.id, address: row.address, own, kind: row.kind },
      ...describeSource(parseSource(JSON.parse(row.source))),
      ...{ approved: row.approved === 1, enabled: row.enabled === 1, state: row.state, period: row.period },
      reason: row.code === null ? null : { code: row.code, message: row.message ?? '' },
      nextAt: momentOf(row.next_at),
      running: row.lease_until !== null && row.lease_until >= now,
      startedAt: momentOf(row.started_at),
      lastOkAt: momentOf(row.last_ok_at),
      lastSeenAt: momentOf(row.last_seen_at),
      lastWrittenAt: momentOf(row.last_written_at),
      counts: counts.get(row.id) ?? noItems,
      settings: own ? { ...readStoredSettings(JSON.parse(row.settings), row.kind) } : null,
      alerts: alerts.filter((alert) => alert.mailbox_id === row.id).map(describeAlert),
    };
  });
}

function describeSource(config: SourceConfig): Pick<MailboxReport, 'source' | 'connection'> {
  if (config.kind !== 'imap') return { source: config.kind, connection: null };
  const { kind, host, port, secure, user, oauth = null } = config;
  return { source: kind, connection: { host, port, secure, user, oauth } };
}

async function timeOf({ tables, now }: MailboxScope): Promise<number> {
  const { rows } = await sql<{ moment: number }>`select ${now()} as moment`.execute(tables);
  return Number(rows[0]?.moment ?? 0);
}

const noItems: MailboxReport['counts'] = { new: 0, 'not-tracked': 0, handed: 0, tracked: 0, failed: 0 };

async function countItems(
  { tables, engine }: MailboxScope,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MailboxReport['counts']>> {
  const { rows } = await sql<{ id: string; state: MailboxItemState; items: number }>`select mailbox_id as id, state,
      count(*) as items from mailbox_item
    where ${isOneOf(engine, sql`mailbox_id`, ids)} group by mailbox_id, state`.execute(tables);
  const counts = new Map<string, MailboxReport['counts']>();
  for (const { id, state, items } of rows) counts.set(id, { ...(counts.get(id) ?? noItems), [state]: Number(items) });
  return counts;
}

/** Alerts told at once. */
const mostAlerts = 200;
const worst = sql`case level when 'error' then 0 when 'warning' then 1 else 2 end`;

async function standingAlerts({ tables, engine }: MailboxScope, ids: readonly string[]): Promise<AlertRow[]> {
  const { rows } = await sql<AlertRow>`select * from mailbox_alert
    where cleared_at is null and ${isOneOf(engine, sql`mailbox_id`, ids)}
    order by ${worst}, seq desc limit ${sql.lit(mostAlerts)}`.execute(tables);
  return rows;
}

/** Standing and past ones of one mailbox, or with null those of the server that stand. */
export async function listAlerts({ tables }: MailboxScope, mailboxId: string | null): Promise<MailboxAlert[]> {
  const which = mailboxId === null ? sql`about = '' and cleared_at is null` : sql`mailbox_id = ${mailboxId}`;
  const { rows } = await sql<AlertRow>`select * from mailbox_alert where ${which}
    order by case when cleared_at is null then 0 else 1 end, ${worst}, seq desc limit ${sql.lit(mostAlerts)}`.execute(
    tables,
  );
  return rows.map(describeAlert);
}

function describeAlert({ seq, level, scope, code, message, at, cleared_at: cleared }: AlertRow): MailboxAlert {
  return { seq, level, scope, code, message, at: new Date(at).toISOString(), clearedAt: momentOf(cleared) };
}

/** @param own whether it is the asker's mailbox: nobody else reads subjects, or whose address is on a list */
export function describeItem(row: ItemRow & { readonly folder: string | null }, own: boolean): MailboxItem {
  const why = row.why === null ? null : (JSON.parse(row.why) as Why);
  return {
    ...{ seq: row.seq, subject: own ? row.subject : null, folder: row.folder, state: row.state },
    ...{ attempts: row.attempts, recordId: row.row_id },
    receivedAt: new Date(row.received_at).toISOString(),
    why: own || why === null ? why : ({ code: why.code } as Why),
    reason: row.reason_code === null ? null : { code: row.reason_code, message: row.reason_message ?? '' },
    nextTryAt: momentOf(row.due_at),
    changedAt: new Date(row.changed_at).toISOString(),
  };
}

function momentOf(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
