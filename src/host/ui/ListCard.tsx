import { Spinner } from '@fluentui/react-components';
import { MessageList } from './MessageList.tsx';
import { Problem } from './Problem.tsx';
import type { Mail } from './use-mail.ts';
import { useWorkspaceStyles } from './workspace-styles.ts';

export interface ListCardProps {
  readonly mail: Mail;
  readonly selectedId: string | null;
  /** What could not be opened; null when all is well. */
  readonly trouble: unknown;
  readonly onSelect: (id: string | null) => void;
  readonly onDismiss: () => void;
  readonly onRetry: () => void;
}

export function ListCard({ mail, selectedId, trouble, onSelect, onDismiss, onRetry }: ListCardProps) {
  const styles = useWorkspaceStyles();
  const { list, folder } = mail;
  const name = folder?.displayName ?? 'Mail';
  return (
    <>
      <div className={styles.listHead}>
        <h2 className={styles.listTitle}>{name}</h2>
        {list.isFetching && <Spinner size="extra-tiny" aria-label="Reading the mailbox" />}
      </div>
      {trouble !== null && <Problem error={trouble} onRetry={onDismiss} retry="Dismiss" />}
      {mail.problem && <Problem error={mail.problem} onRetry={onRetry} />}
      {list.isLoading && <Spinner className={styles.wait} label="Opening the mailbox" />}
      {list.data && (
        <MessageList
          label={`${name} messages`}
          messages={mail.found}
          categories={mail.categories}
          selectedId={selectedId}
          showsRecipients={mail.showsRecipients}
          hasMore={list.hasNextPage && mail.search === ''}
          now={new Date()}
          onSelect={onSelect}
          onMore={() => void list.fetchNextPage()}
        />
      )}
    </>
  );
}
