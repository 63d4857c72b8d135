import { sql } from 'kysely';
import type { Dataverse } from '../../api/dataverse.ts';
import { query } from '../../api/dialect.ts';
import { lookup, text } from '../../api/row.ts';
import type { RulePreview } from '../../model/mailbox-report.ts';
import { isRegardingTable, type RegardingRef } from '../../model/records.ts';
import type { MailboxScope } from './store.ts';

/** Mails looked at; a folder with more is told by these. */
const most = 1_000;
/** Rows asked for with one request: the address must stay well below what servers take. */
const together = 50;

interface Filed {
  readonly row_id: string | null;
  readonly linked_by_rule: string | null;
}

/**
 * What the mail of a folder is regarding now, before a rule says otherwise: what a person chose by hand stays as it is.
 * @param crm with the rights of whoever asks
 * @throws {CrmError}
 */
export async function previewRule(
  { tables }: MailboxScope,
  crm: Dataverse,
  mailboxId: string,
  folderId: string,
): Promise<RulePreview> {
  const { rows: filed } = await sql<Filed>`select i.row_id, i.linked_by_rule from mailbox_copy as c
    join mailbox_item as i on i.mailbox_id = c.mailbox_id and i.message_key = c.message_key
    where c.mailbox_id = ${mailboxId} and c.folder_id = ${folderId} order by i.seq desc limit ${sql.lit(most)}`.execute(
    tables,
  );
  const regarding = await readRegarding(
    crm,
    filed.flatMap(({ row_id: id }) => id ?? []),
  );
  const groups = new Map<string, { regarding: RegardingRef | null; mails: number; byHand: boolean }>();
  for (const { row_id: id, linked_by_rule: linked } of filed) {
    const now = id === null ? undefined : regarding.get(id);
    if (now === undefined) continue;
    const byHand = now !== null && now.id !== linked;
    const key = `${now?.id ?? ''} ${byHand}`;
    const group = groups.get(key) ?? { regarding: now, mails: 0, byHand };
    groups.set(key, { ...group, mails: group.mails + 1 });
  }
  return { mails: filed.length, regardingNow: [...groups.values()] };
}

/** Of those e-mails that are there and may be read. */
async function readRegarding(
  crm: Dataverse,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RegardingRef | null>> {
  const paths = Array.from({ length: Math.ceil(ids.length / together) }, (_, chunk) => {
    const some = ids.slice(chunk * together, (chunk + 1) * together);
    const filter = some.map((id) => `activityid eq ${id}`).join(' or ');
    return query('emails', { select: ['activityid', '_regardingobjectid_value'], filter, top: together });
  });
  const rows = (await crm.listAll(paths)).flat();
  return new Map(
    rows.map((row) => {
      const to = lookup(row, 'regardingobjectid');
      const isKnown = to?.table != null && isRegardingTable(to.table);
      return [
        text(row, 'activityid') ?? '',
        isKnown ? { table: to.table, id: to.id, name: to.name ?? '' } : null,
      ] as const;
    }),
  );
}
