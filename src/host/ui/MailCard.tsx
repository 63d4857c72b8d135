import { Button } from '@fluentui/react-components';
import { ArrowLeftRegular } from '@fluentui/react-icons';
import type { Draft } from '../draft.ts';
import type { AddinManifest } from '../manifest.ts';
import type { Person } from '../graph.ts';
import type { ReadItem } from '../open-item.ts';
import type { Outlook } from '../outlook.ts';
import { Compose } from './Compose.tsx';
import { download } from './download.ts';
import { Problem } from './Problem.tsx';
import { ReadingPane } from './ReadingPane.tsx';
import { mailColors } from './theme.ts';
import type { ThemeName } from './theme.ts';
import type { Composing } from './use-composing.ts';
import type { Mail } from './use-mail.ts';
import { useWorkspaceStyles } from './workspace-styles.ts';

export interface MailCardProps {
  readonly outlook: Outlook;
  readonly addin: AddinManifest;
  readonly user: Person;
  readonly theme: ThemeName;
  readonly mail: Mail;
  readonly composing: Composing;
  readonly item: ReadItem | null;
  readonly error: Error | null;
  readonly onCloseDraft: (draft: Draft) => void;
  readonly onBack: () => void;
  readonly onRetry: () => void;
  readonly attempt: (act: Promise<unknown>) => void;
}

/** The mail being written, else the one being read. */
export function MailCard({ outlook, addin, user, theme, mail, composing, ...props }: MailCardProps) {
  const styles = useWorkspaceStyles();
  const { graph, notifications } = outlook;
  const { draft } = composing;
  const shared = { notifications, addinName: addin.name };
  return (
    <>
      <Button className={styles.back} appearance="subtle" icon={<ArrowLeftRegular />} onClick={props.onBack}>
        Back to the list
      </Button>
      {draft ? (
        <Compose
          key={draft.key}
          {...shared}
          draft={draft}
          sender={user.address}
          problem={composing.problem}
          sending={composing.sending}
          onSend={() => void composing.send(draft)}
          onDiscard={() => void composing.discard(draft)}
          onClose={() => props.onCloseDraft(draft)}
        />
      ) : (
        <ReadingPane
          key={mail.selectedId}
          {...shared}
          summary={mail.find(mail.selectedId)}
          item={props.item}
          problem={props.error && <Problem error={props.error} onRetry={props.onRetry} />}
          graph={graph}
          categories={mail.categories}
          colors={mailColors(theme)}
          onDownload={({ message }, { id, name }) =>
            props.attempt(graph.attachment(message.id, id).then((bytes) => download(bytes, name ?? 'attachment')))
          }
        />
      )}
    </>
  );
}
