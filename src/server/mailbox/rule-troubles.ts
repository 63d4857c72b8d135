import { clearAlerts, raiseAlert } from './alerts.ts';
import { asHolder, type MailboxClaim } from './claim.ts';
import { readFolderNames } from './folders.ts';
import { ruleTroubles, troubleOf, type FolderRule, type FolderTree, type RuleTrouble } from './rules.ts';
import type { MailboxScope, MailboxStore } from './store.ts';

/** What is wrong with folders that are named after it, and what to do about it. */
const words: Readonly<Record<RuleTrouble, readonly [wrong: string, mend: string]>> = {
  'folder-gone': ['Tracked, but not in the mailbox any more', 'Stop tracking, or track what took the place.'],
  'in-trash': ['Tracked, but in the trash, where nothing is tracked', 'Move back, or stop tracking.'],
  'in-junk': ['Tracked, but in the junk folder, where nothing is tracked', 'Move back, or stop tracking.'],
  'in-drafts': ['Tracked, but among the drafts, where nothing is tracked', 'Move back, or stop tracking.'],
  'outside-inbox': [
    'Tracked by a rule of the CRM, which counts in the Inbox and below only',
    'Move there, or track on this page.',
  ],
  'unknown-regarding': [
    'Tracked with a record of a kind that mail cannot be regarding',
    'Choose another record, or none.',
  ],
};

const codeOf = (trouble: RuleTrouble) => `rule-${trouble}`;
/** Folders named in one alert. */
const mostNamed = 5;

/**
 * Rules that do nothing until somebody acts are told once for each trouble, and no more when it is over. Written only where there is
 * something to say, or where the folders were just read and it may be over.
 * @throws {LostClaim}
 */
export async function tellTroubles(
  store: MailboxStore,
  claim: MailboxClaim,
  { rules, tree, mayBeOver }: { rules: readonly FolderRule[]; tree: FolderTree; mayBeOver: boolean },
): Promise<void> {
  const found = new Map<RuleTrouble, string[]>();
  for (const rule of rules) {
    const trouble = troubleOf(rule, tree);
    if (trouble !== null) found.set(trouble, [...(found.get(trouble) ?? []), rule.folderId]);
  }
  if (found.size === 0 && !mayBeOver) return;
  const names = await readFolderNames(store, claim.id, [...found.values()].flat());
  await asHolder(store, claim, async (scope) => {
    const subject = { scope: 'mailbox', mailboxId: claim.id } as const;
    for (const [trouble, folders] of found) {
      const [wrong, mend] = words[trouble];
      const message = `${wrong}: ${listOf(folders.map((id) => names.get(id) ?? null))}. ${mend}`;
      await raiseAlert(scope, subject, 'warning', { code: codeOf(trouble), message });
    }
    await clearAlerts(scope, subject, ruleTroubles.filter((trouble) => !found.has(trouble)).map(codeOf));
  });
}

/** Somebody changed a rule: what is still wrong is told anew by the next run. */
export function forgetTroubles(scope: MailboxScope, mailboxId: string): Promise<void> {
  return clearAlerts(scope, { scope: 'mailbox', mailboxId }, ruleTroubles.map(codeOf));
}

function listOf(names: readonly (string | null)[]): string {
  const known = [...new Set(names.flatMap((name) => (name === null ? [] : [`“${name}”`])))].sort();
  if (known.length === 0) return 'a folder that nobody shows us';
  const more = known.length - mostNamed;
  return more > 0 ? `${known.slice(0, mostNamed).join(', ')} and ${String(more)} more` : known.join(', ');
}
