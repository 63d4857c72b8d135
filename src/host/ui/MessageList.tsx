import { useEffect, useId, useRef } from 'react';
import type { KeyboardEvent } from 'react';
import { Avatar, Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { AttachRegular, CalendarMailRegular, ImportantFilled } from '@fluentui/react-icons';
import { personOf } from '../graph.ts';
import type { Category, MessageSummary, Person } from '../graph.ts';
import { isMeetingRequest } from '../open-item.ts';
import { CategoryMark } from './CategoryMark.tsx';
import { period, shortTime } from './when.ts';

const useStyles = makeStyles({
  list: { outlineStyle: 'none', overflowY: 'auto', flexGrow: 1, minHeight: 0, paddingBlock: '4px' },
  heading: {
    padding: '10px 16px 4px',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground3,
  },
  option: {
    position: 'relative',
    display: 'grid',
    gridTemplateColumns: '32px minmax(0, 1fr)',
    columnGap: '10px',
    margin: '1px 6px',
    padding: '8px 10px 8px 8px',
    borderRadius: tokens.borderRadiusMedium,
    borderInlineStartWidth: '3px',
    borderInlineStartStyle: 'solid',
    borderInlineStartColor: 'transparent',
    cursor: 'pointer',
    contentVisibility: 'auto',
    containIntrinsicSize: 'auto 74px',
    // A tint of the ink: unlike the hover colours it keeps every text on it readable, in high contrast too.
    ':hover': { backgroundColor: `color-mix(in srgb, ${tokens.colorNeutralForeground1} 6%, transparent)` },
  },
  unread: { borderInlineStartColor: tokens.colorBrandStroke1 },
  selected: {
    backgroundColor: tokens.colorBrandBackground2,
    outline: `2px solid ${tokens.colorTransparentStrokeInteractive}`, // seen in high contrast only
    outlineOffset: '-2px',
    ':hover': { backgroundColor: tokens.colorBrandBackground2Hover },
    '@media (forced-colors: active)': { outline: '2px solid Highlight', outlineOffset: '-2px' },
  },
  focused: { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  line: { display: 'flex', alignItems: 'baseline', columnGap: '6px', minWidth: 0, fontSize: tokens.fontSizeBase300 },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', flexGrow: 1, minWidth: 0 },
  bold: { fontWeight: tokens.fontWeightSemibold },
  brand: { color: tokens.colorBrandForeground1, fontWeight: tokens.fontWeightSemibold },
  time: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3, whiteSpace: 'nowrap' },
  preview: {
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
    lineHeight: tokens.lineHeightBase200,
  },
  mark: { display: 'inline-flex', alignSelf: 'center', color: tokens.colorNeutralForeground3, fontSize: '14px' },
  high: { color: tokens.colorPaletteRedForeground1 },
  category: { display: 'inline-flex', maxWidth: '55%', flexShrink: 0 },
  empty: { padding: '48px 24px', textAlign: 'center', color: tokens.colorNeutralForeground3 },
  heard: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
  more: { display: 'flex', justifyContent: 'center', padding: '8px' },
});

export interface MessageListProps {
  readonly label: string;
  readonly messages: readonly MessageSummary[];
  readonly categories: readonly Category[];
  readonly selectedId: string | null;
  readonly showsRecipients: boolean;
  readonly hasMore: boolean;
  readonly now: Date;
  readonly onSelect: (id: string | null) => void;
  readonly onMore: () => void;
}

export function MessageList(props: MessageListProps) {
  const { label, messages, selectedId, hasMore, now, onSelect, onMore } = props;
  const styles = useStyles();
  const list = useRef<HTMLDivElement>(null);
  const prefix = useId();
  const places = new Map(messages.map(({ id }, index) => [id, index]));
  const optionId = (id: string) => `${prefix}${places.get(id) ?? ''}`;
  const groups = byPeriod(messages, now);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [selectedId]);

  function onKeyDown(event: KeyboardEvent) {
    const next = target(event.key, messages, selectedId);
    if (next === undefined) return;
    event.preventDefault();
    onSelect(next);
  }

  if (messages.length === 0) return <div className={styles.empty}>Nothing here.</div>;
  return (
    <div
      ref={list}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={selectedId === null ? undefined : optionId(selectedId)}
      className={styles.list}
      onKeyDown={onKeyDown}
    >
      {[...groups].map(([name, group]) => (
        <div key={name} role="group" aria-label={name}>
          <div className={styles.heading} aria-hidden="true">
            {name}
          </div>
          {group.map((message) => (
            <Row key={message.id} {...props} message={message} id={optionId(message.id)} />
          ))}
        </div>
      ))}
      {hasMore && (
        <div className={styles.more}>
          <Button appearance="subtle" onClick={onMore}>
            Show older messages
          </Button>
        </div>
      )}
    </div>
  );
}

function byPeriod(messages: readonly MessageSummary[], now: Date): ReadonlyMap<string, readonly MessageSummary[]> {
  const groups = new Map<string, MessageSummary[]>();
  for (const message of messages) {
    const name = period(message.receivedDateTime ?? message.sentDateTime, now);
    const group = groups.get(name);
    if (group) group.push(message);
    else groups.set(name, [message]);
  }
  return groups;
}

/** What a key selects: null for nothing, undefined where the key is not ours. */
function target(key: string, messages: readonly MessageSummary[], selectedId: string | null) {
  const at = messages.findIndex((message) => message.id === selectedId);
  switch (key) {
    case 'ArrowDown':
      return messages[Math.min(at + 1, messages.length - 1)]?.id;
    case 'ArrowUp':
      return messages[Math.max(at - 1, 0)]?.id;
    case 'Home':
      return messages[0]?.id;
    case 'End':
      return messages.at(-1)?.id;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}

interface RowProps extends MessageListProps {
  readonly message: MessageSummary;
  readonly id: string;
}

function Row({ message, id, selectedId, showsRecipients, categories, now, onSelect }: RowProps) {
  const styles = useStyles();
  const unread = message.isRead === false;
  const selected = message.id === selectedId;
  const who = nameOf(message, showsRecipients);
  const subject = message.subject?.trim() || '(no subject)';
  const time = shortTime(message.receivedDateTime ?? message.sentDateTime, now);
  const marks = message.categories ?? [];
  return (
    <div
      id={id}
      role="option"
      aria-selected={selected}
      className={mergeClasses(styles.option, unread && styles.unread, selected && styles.selected)}
      onClick={(event) => onSelect(event.ctrlKey || event.metaKey ? (selected ? null : message.id) : message.id)}
    >
      <Avatar size={32} name={who.name} color="colorful" idForColor={who.address || who.name} aria-hidden="true" />
      <div style={{ minWidth: 0 }}>
        <div className={styles.line}>
          {unread && <Heard text="Unread, " />}
          <span dir="auto" className={mergeClasses(styles.cut, unread && styles.bold)}>
            {who.name}
            <Heard text=", " />
          </span>
          {message.importance === 'high' && (
            <ImportantFilled aria-label="High importance," className={mergeClasses(styles.mark, styles.high)} />
          )}
          {isMeetingRequest(message) && (
            <CalendarMailRegular aria-label="Meeting invitation," className={styles.mark} />
          )}
          {message.hasAttachments === true && <AttachRegular aria-label="Has attachments," className={styles.mark} />}
        </div>
        <div className={styles.line}>
          <span dir="auto" className={mergeClasses(styles.cut, unread && styles.brand)}>
            {subject}
            <Heard text=", " />
          </span>
          <span className={styles.time}>
            {time}
            <Heard text=", " />
          </span>
        </div>
        <div className={styles.line}>
          <span dir="auto" className={mergeClasses(styles.cut, styles.preview)}>
            {message.bodyPreview}
            {marks.length > 0 && <Heard text=", " />}
          </span>
          {marks.slice(0, 2).map((name) => (
            <span key={name} className={styles.category}>
              <CategoryMark name={name} categories={categories} />
            </span>
          ))}
        </div>
      </div>
    </div>
  );
}

/** For a screen reader, which hears no colours and no gaps. */
function Heard({ text }: { readonly text: string }) {
  return <span className={useStyles().heard}>{text}</span>;
}

function nameOf(message: MessageSummary, showsRecipients: boolean): Person {
  const person = personOf(showsRecipients ? message.toRecipients?.[0] : message.from);
  const name = person?.name.trim() || person?.address || (showsRecipients ? '(no recipient)' : '(no sender)');
  return { name: message.isDraft === true ? `[Draft] ${name}` : name, address: person?.address ?? '' };
}
