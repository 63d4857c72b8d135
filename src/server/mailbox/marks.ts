import { sql } from 'kysely';
import { isOneOf } from '../db/engine.ts';
import { recordsAs } from '../queue/records.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import { SourceError, type MailSource } from './source.ts';
import type { MailboxStore } from './store.ts';

/** Marks of one run. */
const mostMarks = 50;
/** Mails that may refuse before the run leaves it: then it is the mailbox that refuses. */
const mostFailures = 3;

/**
 * Sets our category on what was tracked, for its owner to see in every mail program. It is a courtesy: a mail that is gone, or a
 * mailbox that takes no categories, is no failure, and what fails is tried again by the next run without any harm to this one.
 * What we set is no wish of its owner: it is noted with the copy, as if it had been seen there.
 * @throws {LostClaim}
 */
export async function setMarks(store: MailboxStore, claim: MailboxClaim, source: MailSource): Promise<void> {
  const items = await store.tables
    .selectFrom('mailbox_item')
    .select(['seq', 'source_id'])
    .where('mailbox_id', '=', claim.id)
    .where('mark_wanted', '=', 1)
    // By turns from both ends: those that are never taken do not keep all others waiting.
    .orderBy('seq', claim.generation % 2 === 0 ? 'desc' : 'asc')
    .limit(mostMarks)
    .execute();
  const done: Done[] = [];
  let failures = 0;
  try {
    for (const { seq, source_id: id } of items) {
      if (failures === mostFailures) break;
      try {
        done.push({ of_seq: seq, of_source: id, is_set: await source.mark(id, true) });
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        if (error.code === 'throttled' || error.code === 'unavailable') break;
        failures += 1;
      }
    }
  } finally {
    await writeDone(store, claim, done);
  }
}

interface Done {
  readonly of_seq: number;
  readonly of_source: string;
  readonly is_set: boolean;
}

const columns = { of_seq: 'bigint' } as const;

async function writeDone(store: MailboxStore, claim: MailboxClaim, done: readonly Done[]): Promise<void> {
  if (done.length === 0) return;
  const records = done.map(({ of_seq }) => ({ of_seq }));
  await asHolder(store, claim, async ({ tables, engine }) => {
    await sql`update mailbox_item set mark_wanted = 0
      from ${recordsAs(engine, columns, records)} where seq = of_seq`.execute(tables);
    const set = done.filter((one) => one.is_set).map((one) => one.of_source);
    if (set.length === 0) return;
    await sql`update mailbox_copy set marked = 1
      where mailbox_id = ${claim.id} and ${isOneOf(engine, sql`source_id`, set)}`.execute(tables);
  });
}
