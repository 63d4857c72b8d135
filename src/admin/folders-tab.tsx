import { Button, Spinner, Text } from '@fluentui/react-components';
import { FolderRegular } from '@fluentui/react-icons/svg/folder';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { MailboxFolder, MailboxReport } from '../model/mailbox-report.ts';
import { FailureBar } from './failure-bar.tsx';
import { RuleForm } from './rule-form.tsx';
import type { AdminServices } from './services.ts';
import styles from './folders-tab.module.css';

/** The mailbox's folders, and which of them track what is filed into them. */
export function FoldersTab({ mailbox, services }: { mailbox: MailboxReport; services: AdminServices }) {
  const [editing, setEditing] = useState<string | null>(null);
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['mailbox-folders', mailbox.id],
    queryFn: ({ signal }) => services.mailboxes.folders(mailbox.id, signal),
  });
  const done = (): void => {
    setEditing(null);
    void queries.invalidateQueries({ queryKey: ['mailbox-folders', mailbox.id] });
  };
  const folders = inOrder(data ?? []);
  return (
    <div>
      {error && <FailureBar error={error} onRetry={() => void refetch()} />}
      {isPending && <Spinner delay={500} size="small" label="Looking…" />}
      <ul className={styles.list}>
        {folders.map(({ folder, depth }) => (
          <li key={folder.id} className={styles.row} style={{ marginInlineStart: depth * 20 }}>
            <div className={styles.head}>
              <span aria-hidden className={styles.icon}>
                <FolderRegular />
              </span>
              <div className={styles.words}>
                <Text>{folder.name}</Text>
                <Text size={200} className={folder.trouble === null ? styles.quiet : styles.bad}>
                  {folder.trouble === null ? ruleWords(folder) : troubleWords(folder.trouble)}
                </Text>
              </div>
              {editing !== folder.id && (
                <Button size="small" onClick={() => setEditing(folder.id)}>
                  {folder.rule === null ? 'Track this folder' : 'Change'}
                </Button>
              )}
            </div>
            {editing === folder.id && (
              <RuleForm mailboxId={mailbox.id} folder={folder} services={services} onDone={done} />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What is filed there is nobody's mail yet, or nobody's any more. */
const leftOut = new Set<string | null>(['drafts', 'trash', 'junk']);
/** A circle, which no server should tell, ends here. */
const deepest = 20;

/** The Inbox first, then by name; each folder after the one it lies in. */
function inOrder(all: readonly MailboxFolder[]): { folder: MailboxFolder; depth: number }[] {
  const known = new Set(all.map(({ id }) => id));
  const first = ({ role }: MailboxFolder) => Number(role !== 'inbox');
  const below = (parent: string | null, depth: number): { folder: MailboxFolder; depth: number }[] =>
    all
      .filter(({ parentId }) => (parentId !== null && known.has(parentId) ? parentId : null) === parent)
      .filter(({ role, rule }) => !leftOut.has(role) || rule !== null)
      .sort((a, b) => first(a) - first(b) || a.name.localeCompare(b.name))
      .flatMap((folder) => [{ folder, depth }, ...(depth < deepest ? below(folder.id, depth + 1) : [])]);
  return below(null, 0);
}

const troubles: ReadonlyMap<string, string> = new Map([
  ['folder-gone', 'It is not in the mailbox any more: nothing is tracked.'],
  ['in-trash', 'It lies in the trash: nothing is tracked.'],
  ['in-junk', 'It lies in the junk folder: nothing is tracked.'],
  ['in-drafts', 'It lies among the drafts: nothing is tracked.'],
  ['outside-inbox', 'A rule of the CRM counts in the Inbox and below only: nothing is tracked.'],
  ['unknown-regarding', 'Its mail cannot be linked to such a record: nothing is tracked.'],
]);

const troubleWords = (trouble: string): string => troubles.get(trouble) ?? 'Its mail is not tracked now.';

function ruleWords({ rule }: MailboxFolder): string {
  if (rule === null) return '';
  const regarding = rule.regarding === null ? '' : `, regarding ${rule.regarding.name}`;
  const below = rule.includeSubfolders ? ', with the folders in it' : '';
  return `${rule.appliesTo === 'all' ? 'All mail is tracked' : 'New mail is tracked'}${regarding}${below}`;
}
