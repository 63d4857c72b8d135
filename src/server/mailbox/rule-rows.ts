import { isRegardingTable } from '../../model/records.ts';
import type { FolderRule } from './rules.ts';
import type { createTrackingFolders } from './rules/tracking-folders.ts';
import type { MailboxScope } from './store.ts';
import type { MailboxTables } from './tables.ts';

/** The folder rules of a mailbox: its owner's, and those that clients written for the original put into the CRM. */
export async function readRules(
  scope: MailboxScope,
  { id, address }: { readonly id: string; readonly address: string },
  fromCrm: ReturnType<typeof createTrackingFolders>,
): Promise<readonly FolderRule[]> {
  const theirs = await fromCrm(address);
  return [
    ...(await readOwnRules(scope, id)),
    ...theirs.map(({ rule, trouble }) => (trouble === null ? rule : { ...rule, trouble })),
  ];
}

export async function readOwnRules({ tables }: MailboxScope, mailboxId: string): Promise<readonly FolderRule[]> {
  const rows = await tables
    .selectFrom('mailbox_rule')
    .selectAll()
    .where('mailbox_id', '=', mailboxId)
    .where('enabled', '=', 1)
    .execute();
  return rows.map(ruleOf);
}

function ruleOf(row: MailboxTables['mailbox_rule']): FolderRule {
  const { regarding_table: table, regarding_id: id, regarding_name: name } = row;
  return {
    id: row.id,
    folderId: row.folder_id,
    includeSubfolders: row.subfolders === 1,
    regarding: table !== null && id !== null && isRegardingTable(table) ? { table, id, name: name ?? '' } : null,
    appliesTo: row.apply_to,
    since: new Date(row.created_at).toISOString(),
    origin: 'own',
    ...(table !== null && !isRegardingTable(table) ? { trouble: 'unknown-regarding' } : {}),
  };
}
