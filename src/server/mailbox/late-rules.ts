import { sql } from 'kysely';
import { isOneOf } from '../db/engine.ts';
import type { NotTrackedWhy } from '../../model/tracking-why.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import { ruleOf, type FolderRule, type FolderTree } from './rules.ts';
import type { MailboxStore } from './store.ts';

/** What a folder's rule overrules: a mail that one covers has such a reason only if the rule was not known when it was decided. */
const overruled: readonly NotTrackedWhy['code'][] = [
  'folder-not-watched',
  'before-rule',
  'automatic-off',
  'before-start',
  'no-sender',
  'never-list',
  'internal',
  'private',
  'encrypted',
  'no-recipient-match',
  'no-correlation-match',
  'filter-none',
  'sent-not-tracked',
];

/** No run, however long the CRM was away, goes by rules that are older. */
const late = 24 * 60 * 60_000;
/** Mails of one folder in one run. */
const most = 100;

/**
 * A rule that is made in the CRM is known here up to a minute later, and not to a run that had begun. What was decided about new
 * mail meanwhile is decided anew: where such a mail lies is forgotten, and its folder read again from there.
 * @returns whether there were any
 * @throws {LostClaim}
 */
export async function reopenForLateRules(
  store: MailboxStore,
  claim: MailboxClaim,
  rules: readonly FolderRule[],
  tree: FolderTree,
): Promise<boolean> {
  let found = false;
  for (const rule of rules) {
    const isLate = rule.origin === 'crm' && Date.parse(rule.since) > claim.startedAt - late;
    if (isLate && ruleOf(rules, tree, rule.folderId) === rule) found = (await reopen(store, claim, rule)) || found;
  }
  return found;
}

async function reopen(store: MailboxStore, claim: MailboxClaim, { folderId, since }: FolderRule): Promise<boolean> {
  const from = Date.parse(since);
  // What came later was decided later: `changed_at` has the index.
  const { rows } = await sql<{ source_id: string; received_at: number }>`
    select i.source_id, i.received_at from mailbox_item as i
      join mailbox_copy as c
        on c.mailbox_id = i.mailbox_id and c.folder_id = i.folder_id and c.source_id = i.source_id
      where i.mailbox_id = ${claim.id} and i.folder_id = ${folderId} and i.state = 'not-tracked' and i.changed_at >= ${from}
        and (i.received_at >= ${from} or c.filed_at >= ${from})
        and ${isOneOf(store.engine, sql`i.why_code`, overruled)}
      order by i.seq limit ${sql.lit(most)}`.execute(store.tables);
  if (rows.length === 0) return false;
  const ids = rows.map((row) => row.source_id);
  const first = Math.min(...rows.map((row) => row.received_at));
  await asHolder(store, claim, async ({ tables, engine }) => {
    await sql`delete from mailbox_copy where mailbox_id = ${claim.id} and folder_id = ${folderId}
      and ${isOneOf(engine, sql`source_id`, ids)}`.execute(tables);
    await sql`update mailbox_folder set cursor = null, since = ${first}, base = null, missing = 0
      where mailbox_id = ${claim.id} and folder_id = ${folderId}`.execute(tables);
  });
  return true;
}
