import { sql } from 'kysely';
import { recordsAs } from '../queue/records.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import { createFolderTree, type FolderTree } from './rules.ts';
import type { FolderRole, MailSource, SourceFolder } from './source.ts';
import type { MailboxScope, MailboxStore } from './store.ts';
import type { MailboxTables } from './tables.ts';

export type FolderRow = Omit<MailboxTables['mailbox_folder'], 'role'> & { readonly role: FolderRole | null };

/** A folder that was renamed or moved is noticed within this time; new ones as well. */
const foldersEvery = 30 * 60_000;

const columns = { new_id: 'text', new_name: 'text', new_parent: 'text', new_role: 'text' } as const;

export function areFoldersDue({ foldersAt, startedAt }: MailboxClaim): boolean {
  return foldersAt === null || startedAt - foldersAt >= foldersEvery;
}

/** The folders of a mailbox, asked anew where that was long ago. @throws {SourceError | LostClaim} */
export async function readFolders(
  store: MailboxStore,
  claim: MailboxClaim,
  source: MailSource,
): Promise<readonly FolderRow[]> {
  if (areFoldersDue(claim)) await refresh(store, claim, await source.folders());
  return listFolders(store, claim.id);
}

export async function listFolders({ tables }: MailboxScope, mailboxId: string): Promise<readonly FolderRow[]> {
  const { rows } = await sql<FolderRow>`select * from mailbox_folder where mailbox_id = ${mailboxId} and gone = 0
    order by folder_id`.execute(tables);
  return rows;
}

async function refresh(store: MailboxStore, claim: MailboxClaim, folders: readonly SourceFolder[]): Promise<void> {
  const records = folders.map(({ id, name, parentId, role }) => ({
    ...{ new_id: id, new_name: name, new_parent: parentId, new_role: role },
  }));
  await asHolder(store, claim, async ({ tables, engine, now }) => {
    await sql`update mailbox_folder set gone = 1 where mailbox_id = ${claim.id} and gone = 0`.execute(tables);
    await sql`insert into mailbox_folder (mailbox_id, folder_id, name, parent_id, role, since, missing, gone)
      select ${claim.id}, new_id, new_name, new_parent, new_role, cast(${claim.processFrom} as bigint), 0, 0
      from ${recordsAs(engine, columns, records)} where true
      on conflict (mailbox_id, folder_id) do update set name = excluded.name, parent_id = excluded.parent_id,
        role = excluded.role, gone = 0`.execute(tables);
    await sql`update mailbox_account set folders_at = ${now()} where id = ${claim.id}`.execute(tables);
  });
}

/** The server forgot where we were: the folder is read again from before the last good run; keys remove doubles. */
export async function forgetCursor(
  store: MailboxStore,
  claim: MailboxClaim,
  { folder_id: folderId, since }: FolderRow,
): Promise<void> {
  const from = claim.lastOkAt === null ? since : Math.max(since, claim.lastOkAt - resyncWindow);
  await asHolder(store, claim, async ({ tables }) => {
    await sql`update mailbox_folder set cursor = null, since = ${from}, base = null, missing = 0
      where mailbox_id = ${claim.id} and folder_id = ${folderId}`.execute(tables);
  });
}

/** What rows say of folders, as a server lists them. */
export function treeOf(rows: readonly FolderRow[]): FolderTree {
  return createFolderTree(rows.map(folderOf));
}

export function folderOf({ folder_id: id, name, parent_id: parentId, role }: FolderRow): SourceFolder {
  return { id, name, parentId, role };
}

/** Until the folders are asked for anew, which is now due. */
export async function forgetFolder(store: MailboxStore, claim: MailboxClaim, folder: FolderRow): Promise<void> {
  await asHolder(store, claim, async ({ tables }) => {
    await sql`update mailbox_folder set gone = 1
      where mailbox_id = ${claim.id} and folder_id = ${folder.folder_id}`.execute(tables);
    await sql`update mailbox_account set folders_at = null where id = ${claim.id}`.execute(tables);
  });
}

/** How far before the last good run a folder is read again. */
export const resyncWindow = 2 * 24 * 60 * 60_000;

/** Folder id -> its name, also of folders that are gone. */
export async function readFolderNames(
  { tables }: MailboxStore,
  mailboxId: string,
  folderIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (folderIds.length === 0) return new Map();
  const rows = await tables
    .selectFrom('mailbox_folder')
    .select(['folder_id', 'name'])
    .where('mailbox_id', '=', mailboxId)
    .where('folder_id', 'in', folderIds)
    .execute();
  return new Map(rows.map(({ folder_id: id, name }) => [id, name]));
}
