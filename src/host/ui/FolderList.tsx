import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import {
  ArchiveRegular,
  DeleteRegular,
  DraftsRegular,
  FolderRegular,
  MailInboxRegular,
  MailProhibitedRegular,
  SendRegular,
} from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import type { Folder } from '../graph.ts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', rowGap: '2px' },
  folder: { width: '100%', justifyContent: 'flex-start', fontWeight: tokens.fontWeightRegular, columnGap: '4px' },
  current: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    color: tokens.colorNeutralForeground1Selected,
    fontWeight: tokens.fontWeightSemibold,
    boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}`,
  },
  name: { flexGrow: 1, textAlign: 'start', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  countHere: { color: 'inherit' },
  count: {
    color: tokens.colorBrandForeground1,
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase200,
  },
});

const icons = new Map<string, ReactElement>([
  ['inbox', <MailInboxRegular key="inbox" />],
  ['drafts', <DraftsRegular key="drafts" />],
  ['sentitems', <SendRegular key="sentitems" />],
  ['deleteditems', <DeleteRegular key="deleteditems" />],
  ['junkemail', <MailProhibitedRegular key="junkemail" />],
  ['archive', <ArchiveRegular key="archive" />],
]);

export interface FolderListProps {
  readonly folders: readonly Folder[];
  readonly currentId: string | null;
  readonly onOpen: (id: string) => void;
}

export function FolderList({ folders, currentId, onOpen }: FolderListProps) {
  const styles = useStyles();
  return (
    <ul className={styles.list}>
      {folders.map((folder) => {
        const current = folder.id === currentId;
        // Drafts are counted whole, everything else by what is unread, as in Outlook.
        const count = folder.wellKnownName === 'drafts' ? folder.totalItemCount : folder.unreadItemCount;
        return (
          <li key={folder.id}>
            <Button
              appearance="subtle"
              className={mergeClasses(styles.folder, current && styles.current)}
              icon={icons.get((folder.wellKnownName ?? '').toLowerCase()) ?? <FolderRegular />}
              aria-current={current ? 'page' : undefined}
              onClick={() => onOpen(folder.id)}
            >
              <span className={styles.name}>{folder.displayName}</span>
              {count > 0 && <span className={mergeClasses(styles.count, current && styles.countHere)}>{count}</span>}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
