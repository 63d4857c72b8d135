import { sql } from 'kysely';
import { clearAlerts, raiseAlert } from './alerts.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import { resyncWindow, type FolderRow } from './folders.ts';
import { longestPeriod } from './interval.ts';
import type { MailSource } from './source.ts';
import type { MailboxScope, MailboxStore } from './store.ts';

/** How often a folder's mails are counted. */
const countEvery = 60 * 60_000;

/**
 * Compares what the server counts in a folder with what we know to lie there: more than before means that mail was missed. Said
 * twice in a row, because a mail may arrive between listing and counting, it is said to people, and the folder is read again, once.
 * What is missing even then stays said until the numbers agree; `missing` below zero remembers that.
 * @param folders that were read to their end just now; one of them is counted
 * @returns the folder that is to be read again, whose cursor counts no more
 * @throws {SourceError | LostClaim}
 */
export async function checkCounts(
  store: MailboxStore,
  claim: MailboxClaim,
  source: MailSource,
  folders: readonly FolderRow[],
): Promise<string | null> {
  const isDue = ({ counted_at: counted, missing }: FolderRow) =>
    missing > 0 || counted === null || claim.startedAt - counted >= countEvery;
  const folder = folders.find(isDue);
  if (folder === undefined) return null;
  const counted = await source.count(folder.folder_id, new Date(claim.processFrom));
  const known = await countCopies(store, claim.id, folder.folder_id);
  const base = Math.min(folder.base ?? counted - known, counted - known);
  const missing = counted - known - base;
  const isGap = missing > 0 && folder.missing !== 0;
  const isNew = isGap && folder.missing > 0;
  await asHolder(store, claim, async (scope) => {
    await writeCount(scope, claim, folder, { base, missing: isGap ? -missing : missing });
    if (isNew) await readAgain(scope, claim, folder);
    if (isGap || folder.missing < 0) await tellGaps(scope, claim);
  });
  return isNew ? folder.folder_id : null;
}

/** One alert for all folders of the mailbox, until in none of them anything is missing. */
async function tellGaps(scope: MailboxScope, claim: MailboxClaim): Promise<void> {
  const { rows } = await sql<{ missing: number; folders: number }>`select coalesce(sum(-missing), 0) as missing,
      count(*) as folders
    from mailbox_folder where mailbox_id = ${claim.id} and missing < 0 and gone = 0`.execute(scope.tables);
  const [missing, folders] = [Number(rows[0]?.missing ?? 0), Number(rows[0]?.folders ?? 0)];
  const subject = { scope: 'mailbox', mailboxId: claim.id } as const;
  if (missing === 0) return clearAlerts(scope, subject, ['gap']);
  return raiseAlert(scope, subject, 'warning', { code: 'gap', message: gapMessage(missing, folders) });
}

function gapMessage(missing: number, folders: number): string {
  const mails = missing === 1 ? '1 mail' : `${String(missing)} mails`;
  const where = folders === 1 ? 'a folder' : `${String(folders)} folders`;
  return `The server counts ${mails} more in ${where} than it told of. Such a folder is read again, and this stays here until the numbers agree.`;
}

async function countCopies({ tables }: MailboxScope, mailboxId: string, folderId: string): Promise<number> {
  const { rows } = await sql<{ known: number }>`select count(*) as known from mailbox_copy
    where mailbox_id = ${mailboxId} and folder_id = ${folderId}`.execute(tables);
  return Number(rows[0]?.known ?? 0);
}

async function writeCount(
  { tables, now }: MailboxScope,
  claim: MailboxClaim,
  { folder_id: folderId }: FolderRow,
  { base, missing }: { readonly base: number; readonly missing: number },
): Promise<void> {
  await tables
    .updateTable('mailbox_folder')
    .set({ base, missing, counted_at: now() })
    .where('mailbox_id', '=', claim.id)
    .where('folder_id', '=', folderId)
    .execute();
}

async function readAgain({ tables }: MailboxScope, claim: MailboxClaim, folder: FolderRow): Promise<void> {
  const since = Math.max(claim.processFrom, (claim.lastOkAt ?? claim.processFrom) - resyncWindow);
  await tables
    .updateTable('mailbox_folder')
    .set({ cursor: null, since })
    .where('mailbox_id', '=', claim.id)
    .where('folder_id', '=', folder.folder_id)
    .execute();
}

/** After so long without any run of a mailbox that is due, something is wrong with this server and not with the mailbox. */
const silence = 2 * longestPeriod;

/** Whether mailboxes that are due are read at all; asked by every process that can say so, not only by those that should read. */
export async function checkSilence(scope: MailboxScope): Promise<void> {
  const { tables, now } = scope;
  const { rows } = await sql<{ late: number }>`select count(*) as late from (select 1 from mailbox_account
    where next_at is not null and next_at < ${now()} - ${sql.lit(silence)}
      and (lease_until is null or lease_until < ${now()}) limit 1000) as overdue`.execute(tables);
  const late = Number(rows[0]?.late ?? 0);
  const subject = { scope: 'server' } as const;
  if (late === 0) return clearAlerts(scope, subject, ['nothing-polled']);
  const mailboxes = late === 1 ? '1 mailbox has' : `${late} mailboxes have`;
  const message = `${mailboxes} been due for more than ${silence / 60_000} minutes: is a daemon running?`;
  await raiseAlert(scope, subject, 'error', { code: 'nothing-polled', message });
}
