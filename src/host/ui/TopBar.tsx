import { Avatar, Button, SearchBox } from '@fluentui/react-components';
import { MailRegular, NavigationRegular } from '@fluentui/react-icons';
import type { Person } from '../graph.ts';
import { useWorkspaceStyles } from './workspace-styles.ts';

export interface TopBarProps {
  readonly user: Person;
  readonly search: string;
  readonly foldersOpen: boolean;
  readonly onSearch: (search: string) => void;
  readonly onFolders: (open: boolean) => void;
}

export function TopBar({ user, search, foldersOpen, onSearch, onFolders }: TopBarProps) {
  const styles = useWorkspaceStyles();
  const who = `${user.name} <${user.address}>`;
  return (
    <div className={styles.header}>
      <Button
        className={styles.menu}
        appearance="subtle"
        icon={<NavigationRegular />}
        aria-label="Folders"
        aria-expanded={foldersOpen}
        onClick={() => onFolders(!foldersOpen)}
      />
      <h1 className={styles.product}>
        <MailRegular className={styles.mark} />
        Local Outlook
      </h1>
      <SearchBox
        className={styles.search}
        placeholder="Search the list"
        aria-label="Search"
        value={search}
        onChange={(_, { value }) => onSearch(value)}
      />
      <span className={styles.user}>
        <Avatar name={user.name} size={28} color="colorful" idForColor={user.address} title={who} />
      </span>
    </div>
  );
}
