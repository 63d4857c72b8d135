import { asHolder, type MailboxClaim } from './claim.ts';
import type { MailSource } from './source.ts';
import type { MailboxStore } from './store.ts';

/** Marks of one run. */
const mostMarks = 50;

/**
 * Sets our category on what was tracked, for its owner to see in every mail program. It is a courtesy: a mail that is gone, or a
 * mailbox that takes no categories, is no failure.
 * @throws {SourceError | LostClaim}
 */
export async function setMarks(store: MailboxStore, claim: MailboxClaim, source: MailSource): Promise<void> {
  const items = await store.tables
    .selectFrom('mailbox_item')
    .select(['seq', 'source_id'])
    .where('mailbox_id', '=', claim.id)
    .where('mark_wanted', '=', 1)
    .orderBy('seq')
    .limit(mostMarks)
    .execute();
  for (const { seq, source_id: id } of items) {
    await source.mark(id, true);
    await asHolder(store, claim, async ({ tables }) => {
      await tables.updateTable('mailbox_item').set({ mark_wanted: 0 }).where('seq', '=', seq).execute();
    });
  }
}
