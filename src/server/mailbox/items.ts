import { sql } from 'kysely';
import { isOneOf } from '../db/engine.ts';
import { recordsAs } from '../queue/records.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import { meet, type Copy, type FoundMail, type KnownItem, type Met } from './meet.ts';
import type { ChangePage, SourceItem } from './source.ts';
import type { MailboxScope, MailboxStore } from './store.ts';

/**
 * Writes what one page of a folder says: items, copies and the cursor in one transaction, so that a page is either remembered
 * or read again. @returns how many mails are new
 * @throws {LostClaim}
 */
export function storePage(
  store: MailboxStore,
  claim: MailboxClaim,
  folder: { readonly folder_id: string; readonly listed_at: number | null },
  page: Pick<ChangePage, 'gone' | 'cursor' | 'more'> & { readonly mails: readonly FoundMail[] },
): Promise<number> {
  const { folder_id: folderId } = folder;
  return asHolder(store, claim, async (scope) => {
    const { copies, items } = await readKnown(scope, claim.id, page.mails);
    const met = meet(page.mails, { folderId, copies, items });
    await insertItems(scope, claim.id, met.fresh);
    await updateItems(scope, claim.id, met.changed);
    await writeCopies(scope, claim.id, folder, met.copies);
    await removeCopies(scope, claim.id, folderId, page.gone);
    await scope.tables
      .updateTable('mailbox_folder')
      .set({
        cursor: page.cursor,
        polled_at: scope.now(),
        ...(page.more ? {} : { listed_at: sql<number>`coalesce(listed_at, ${scope.now()})` }),
      })
      .where('mailbox_id', '=', claim.id)
      .where('folder_id', '=', folderId)
      .execute();
    if (met.fresh.length > 0)
      await scope.tables
        .updateTable('mailbox_account')
        .set({ last_seen_at: scope.now() })
        .where('id', '=', claim.id)
        .execute();
    return met.fresh.length;
  });
}

async function readKnown({ tables, engine }: MailboxScope, mailboxId: string, mails: readonly FoundMail[]) {
  if (mails.length === 0) return { copies: [], items: [] };
  const ids = [...new Set(mails.map(({ item }) => item.id))];
  const keys = [...new Set(mails.flatMap(({ identity, contentKey }) => [identity.itemKey, contentKey]))];
  const { rows: copies } = await sql<Copy>`select folder_id, source_id, message_key, version, marked, unmarked_version
    from mailbox_copy where mailbox_id = ${mailboxId} and ${isOneOf(engine, sql`source_id`, ids)}`.execute(tables);
  const { rows: items } = await sql<KnownItem>`select message_key, content_key, state, wish, why_code
    from mailbox_item where mailbox_id = ${mailboxId} and ${isOneOf(engine, sql`message_key`, keys)}`.execute(tables);
  return { copies, items };
}

const itemColumns = {
  new_key: 'text',
  new_content: 'text',
  new_item: 'text',
  new_source: 'text',
  new_folder: 'text',
  new_subject: 'text',
  new_received: 'bigint',
  new_facts: 'text',
  new_state: 'text',
  new_wish: 'text',
  is_due: 'bigint',
} as const;

function itemRecord({ key, mail: { item, identity, contentKey }, state, wish, due }: Met) {
  return {
    new_key: key,
    new_content: contentKey,
    new_item: identity.itemKey,
    new_source: item.id,
    new_folder: item.folderId,
    new_subject: item.subject,
    new_received: receivedAt(item),
    new_facts: JSON.stringify(item),
    new_state: state,
    new_wish: wish,
    is_due: due ? 1 : 0,
  };
}

/** A source that tells nonsense has got the mail in 1970. */
function receivedAt({ receivedAt }: SourceItem): number {
  const moment = Date.parse(receivedAt);
  return Number.isNaN(moment) ? 0 : moment;
}

async function insertItems({ tables, engine, now }: MailboxScope, id: string, fresh: readonly Met[]): Promise<void> {
  if (fresh.length === 0) return;
  await sql`insert into mailbox_item (mailbox_id, message_key, content_key, item_key, source_id, folder_id, subject,
      received_at, facts, state, attempts, due_at, already, mark_wanted, created_at, changed_at)
    select ${id}, new_key, new_content, new_item, new_source, new_folder, new_subject, new_received, new_facts, new_state,
      0, ${now()}, 0, 0, ${now()}, ${now()}
    from ${recordsAs(engine, itemColumns, fresh.map(itemRecord))} order by new_received`.execute(tables);
}

/** What is decided anew begins with three new tries. */
async function updateItems({ tables, engine, now }: MailboxScope, id: string, changed: readonly Met[]): Promise<void> {
  if (changed.length === 0) return;
  const anew = sql`new_state = 'new' and state <> 'new'`;
  await sql`update mailbox_item set source_id = new_source, folder_id = new_folder, state = new_state, wish = new_wish,
      facts = case when is_due = 1 then new_facts else facts end,
      due_at = case when is_due = 1 then ${now()} else due_at end,
      attempts = case when ${anew} then 0 else attempts end,
      changed_at = case when is_due = 1 then ${now()} else changed_at end
    from ${recordsAs(engine, itemColumns, changed.map(itemRecord))}
    where mailbox_id = ${id} and message_key = new_key`.execute(tables);
}

const copyColumns = {
  new_source: 'text',
  new_key: 'text',
  new_version: 'text',
  new_marked: 'bigint',
  new_unmarked: 'text',
} as const;

async function writeCopies(
  { tables, engine, now }: MailboxScope,
  id: string,
  { folder_id: folderId, listed_at: listed }: { readonly folder_id: string; readonly listed_at: number | null },
  copies: readonly Copy[],
): Promise<void> {
  if (copies.length === 0) return;
  const records = copies.map((copy) => ({
    new_source: copy.source_id,
    new_key: copy.message_key,
    new_version: copy.version,
    new_marked: copy.marked,
    new_unmarked: copy.unmarked_version,
  }));
  await sql`insert into mailbox_copy (mailbox_id, folder_id, source_id, message_key, version, marked, unmarked_version,
      filed_at)
    select ${id}, ${folderId}, new_source, new_key, new_version, new_marked, new_unmarked,
      ${listed === null ? sql`cast(null as bigint)` : now()}
    from ${recordsAs(engine, copyColumns, records)} where true
    on conflict (mailbox_id, folder_id, source_id) do update set message_key = excluded.message_key,
      version = excluded.version, marked = excluded.marked, unmarked_version = excluded.unmarked_version`.execute(
    tables,
  );
}

/** Moved or deleted: nothing is untracked for that, the mail may be somewhere else. */
async function removeCopies(
  { tables, engine }: MailboxScope,
  id: string,
  folderId: string,
  gone: readonly string[],
): Promise<void> {
  if (gone.length === 0) return;
  await sql`delete from mailbox_copy where mailbox_id = ${id} and folder_id = ${folderId}
    and ${isOneOf(engine, sql`source_id`, gone)}`.execute(tables);
}
