import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DocumentRegular, MailRegular } from '@fluentui/react-icons';
import type { Attachment } from '../graph.ts';

const useStyles = makeStyles({
  chips: { display: 'flex', flexWrap: 'wrap', gap: '8px', listStyleType: 'none', margin: 0, padding: 0 },
  chip: { fontWeight: tokens.fontWeightRegular, maxWidth: '280px', justifyContent: 'flex-start' },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  size: { color: tokens.colorNeutralForeground3, marginInlineStart: '6px', whiteSpace: 'nowrap' },
});

export interface AttachmentsProps {
  readonly attachments: readonly Attachment[];
  readonly onDownload: (attachment: Attachment) => void;
}

export function Attachments({ attachments, onDownload }: AttachmentsProps) {
  const styles = useStyles();
  if (attachments.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label="Attachments">
      {attachments.map((attachment) => (
        <li key={attachment.id}>
          <Button
            className={styles.chip}
            icon={attachment.contentType === 'message/rfc822' ? <MailRegular /> : <DocumentRegular />}
            onClick={() => onDownload(attachment)}
          >
            <span className={styles.name}>{attachment.name || 'Attached message'}</span>
            <span className={styles.size}>{sizeOf(attachment.size)}</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}

export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
