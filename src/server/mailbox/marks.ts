import { sql } from 'kysely';
import { recordsAs } from '../queue/records.ts';
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
  const marked: number[] = [];
  try {
    for (const { seq, source_id: id } of items) {
      await source.mark(id, true);
      marked.push(seq);
    }
  } finally {
    await forgetWishes(store, claim, marked);
  }
}

async function forgetWishes(store: MailboxStore, claim: MailboxClaim, items: readonly number[]): Promise<void> {
  if (items.length === 0) return;
  const records = items.map((of_seq) => ({ of_seq }));
  await asHolder(store, claim, async ({ tables, engine }) => {
    await sql`update mailbox_item set mark_wanted = 0
      from ${recordsAs(engine, { of_seq: 'bigint' }, records)} where seq = of_seq`.execute(tables);
  });
}
