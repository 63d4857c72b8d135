import type { ReactNode } from 'react';
import { Avatar, Skeleton, SkeletonItem, makeStyles, tokens } from '@fluentui/react-components';
import { CalendarMailRegular, MailRegular } from '@fluentui/react-icons';
import { peopleOf, personOf } from '../graph.ts';
import type { Attachment, Category, Graph, MessageSummary } from '../graph.ts';
import type { Notifications } from '../notifications.ts';
import { isMeetingRequest } from '../open-item.ts';
import type { ReadItem } from '../open-item.ts';
import { Attachments } from './Attachments.tsx';
import { MailBody } from './MailBody.tsx';
import type { MailColors } from './MailBody.tsx';
import { CategoryMark } from './CategoryMark.tsx';
import { NotificationBars } from './NotificationBars.tsx';
import { Recipients } from './Recipients.tsx';
import { longTime, meetingTime } from './when.ts';

const useStyles = makeStyles({
  pane: {
    display: 'flex',
    flexDirection: 'column',
    rowGap: '12px',
    padding: '16px 20px 24px',
    overflowY: 'auto',
    flexGrow: 1,
    minHeight: 0,
    '& > *': { flexShrink: 0 },
  },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    overflowWrap: 'anywhere',
  },
  head: { display: 'grid', gridTemplateColumns: 'auto minmax(0, 1fr)', columnGap: '12px', alignItems: 'start' },
  sender: { display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', columnGap: '12px' },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  address: { color: tokens.colorNeutralForeground3, fontWeight: tokens.fontWeightRegular },
  date: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  tags: { display: 'flex', flexWrap: 'wrap', gap: '6px' },
  invitation: { display: 'flex', alignItems: 'center', columnGap: '8px', color: tokens.colorNeutralForeground2 },
  empty: {
    flexGrow: 1,
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    rowGap: '12px',
    color: tokens.colorNeutralForeground3,
  },
  emptyIcon: { fontSize: '48px', color: tokens.colorNeutralForegroundDisabled },
  lines: { display: 'flex', flexDirection: 'column', rowGap: '10px' },
});

export interface ReadingPaneProps {
  readonly summary: MessageSummary | null;
  readonly item: ReadItem | null;
  readonly problem: ReactNode;
  readonly graph: Graph;
  readonly categories: readonly Category[];
  readonly notifications: Notifications;
  readonly addinName: string;
  readonly colors: MailColors;
  readonly onDownload: (item: ReadItem, attachment: Attachment) => void;
}

export function ReadingPane({ summary, item, problem, onDownload, ...rest }: ReadingPaneProps) {
  const styles = useStyles();
  const message = item?.message ?? summary;
  if (!message) {
    return (
      <div className={styles.empty}>
        {problem ?? (
          <>
            <MailRegular className={styles.emptyIcon} />
            <div>Select an item to read</div>
          </>
        )}
      </div>
    );
  }
  return (
    <article className={styles.pane} aria-label={message.subject ?? 'Message'}>
      <Heading message={message} categories={rest.categories} />
      <NotificationBars notifications={rest.notifications} itemKey={message.id} addinName={rest.addinName} />
      {problem}
      {item && (
        <>
          <Attachments
            attachments={item.attachments.filter(({ isInline }) => isInline !== true)}
            onDownload={(attachment) => onDownload(item, attachment)}
          />
          <MailBody key={item.key} item={item} graph={rest.graph} colors={rest.colors} />
        </>
      )}
      {!item && !problem && <Waiting />}
    </article>
  );
}

function Heading({
  message,
  categories,
}: {
  readonly message: MessageSummary;
  readonly categories: readonly Category[];
}) {
  const styles = useStyles();
  const from = personOf(message.from) ?? { name: '', address: '' };
  const name = from.name || from.address || '(no sender)';
  return (
    <>
      <h2 dir="auto" className={styles.title}>
        {message.subject?.trim() || '(no subject)'}
      </h2>
      {(message.categories ?? []).length > 0 && (
        <div className={styles.tags} role="group" aria-label="Categories">
          {message.categories?.map((category) => (
            <CategoryMark key={category} name={category} categories={categories} />
          ))}
        </div>
      )}
      {isMeetingRequest(message) && (
        <div className={styles.invitation}>
          <CalendarMailRegular />
          {['Meeting invitation', meetingTime(message.startDateTime), message.location?.displayName]
            .filter(Boolean)
            .join(' · ')}
        </div>
      )}
      <div className={styles.head}>
        <Avatar size={40} name={name} color="colorful" idForColor={from.address || name} />
        <div>
          <div className={styles.sender}>
            <span className={styles.name}>
              {name} {from.name !== '' && <span className={styles.address}>&lt;{from.address}&gt;</span>}
            </span>
            <span className={styles.date}>{longTime(message.receivedDateTime ?? message.sentDateTime)}</span>
          </div>
          <Recipients key={`${message.id}to`} label="To" people={peopleOf(message.toRecipients)} />
          <Recipients key={`${message.id}cc`} label="Cc" people={peopleOf(message.ccRecipients)} />
        </div>
      </div>
    </>
  );
}

function Waiting() {
  const styles = useStyles();
  return (
    <Skeleton className={styles.lines} aria-label="Loading the message">
      {['92%', '86%', '95%', '40%'].map((width) => (
        <SkeletonItem key={width} style={{ width }} />
      ))}
    </Skeleton>
  );
}
