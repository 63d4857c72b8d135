import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import {
  Button,
  MessageBar,
  MessageBarBody,
  Tag,
  TagGroup,
  Textarea,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { AttachRegular, DeleteRegular, DismissRegular, SendRegular } from '@fluentui/react-icons';
import { bytesOf, toBase64 } from '../calls/bytes.ts';
import type { Draft } from '../draft.ts';
import type { Notifications } from '../notifications.ts';
import { editableHtml } from '../sanitise.ts';
import { sizeOf } from './Attachments.tsx';
import { NotificationBars } from './NotificationBars.tsx';
import { RecipientField } from './RecipientField.tsx';

const useStyles = makeStyles({
  form: {
    display: 'flex',
    flexDirection: 'column',
    padding: '12px 20px',
    rowGap: '6px',
    flexGrow: 1,
    minHeight: 0,
    overflowY: 'auto',
    '& > *': { flexShrink: 0 },
  },
  bar: { display: 'flex', alignItems: 'center', columnGap: '4px', flexWrap: 'wrap' },
  gap: { flexGrow: 1 },
  from: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, paddingTop: '4px' },
  subject: {
    border: 'none',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    outline: 'none',
    backgroundColor: 'transparent',
    color: 'inherit',
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase400,
    fontWeight: tokens.fontWeightSemibold,
    padding: '8px 0',
    ':focus': { borderBottomColor: tokens.colorBrandStroke1 },
  },
  body: {
    flexGrow: 1,
    minHeight: '200px',
    padding: '10px 2px',
    outline: 'none',
    contain: 'layout paint', // what somebody's mail positions stays inside
    overflowWrap: 'anywhere',
    lineHeight: '1.5',
    '& blockquote': { margin: '0 0 0 8px', paddingLeft: '12px', borderLeft: `2px solid ${tokens.colorNeutralStroke1}` },
    '& img': { maxWidth: '100%' },
  },
});

export interface ComposeProps {
  readonly draft: Draft;
  readonly sender: string;
  readonly notifications: Notifications;
  readonly addinName: string;
  readonly problem: string | null;
  readonly sending: boolean;
  readonly onSend: () => void;
  readonly onDiscard: () => void;
  readonly onClose: () => void;
}

export function Compose(props: ComposeProps) {
  const { draft, sending } = props;
  const styles = useStyles();
  const fields = useSyncExternalStore(draft.subscribe, draft.fields);
  const files = useRef<HTMLInputElement>(null);
  const [showBcc, setShowBcc] = useState(fields.bcc.length > 0);

  async function attach(chosen: FileList | null) {
    for (const file of chosen ?? []) {
      draft.attach(file.name, file.type || 'application/octet-stream', toBase64(await bytesOf(file)));
    }
  }

  return (
    <section className={styles.form} aria-label="New message">
      <div className={styles.bar}>
        <Button appearance="primary" icon={<SendRegular />} disabled={sending} onClick={props.onSend}>
          {sending ? 'Sending' : 'Send'}
        </Button>
        <Button appearance="subtle" icon={<AttachRegular />} onClick={() => files.current?.click()}>
          Attach
        </Button>
        <Button appearance="subtle" icon={<DeleteRegular />} onClick={props.onDiscard}>
          Discard
        </Button>
        <span className={styles.gap} />
        <Button appearance="subtle" icon={<DismissRegular />} aria-label="Close message" onClick={props.onClose} />
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label="Files"
          onChange={(event) => void attach(event.target.files)}
        />
      </div>
      <NotificationBars notifications={props.notifications} itemKey={draft.key} addinName={props.addinName} />
      {props.problem !== null && (
        <MessageBar intent="error">
          <MessageBarBody>{props.problem}</MessageBarBody>
        </MessageBar>
      )}
      <div className={styles.from}>From: {props.sender}</div>
      <RecipientField label="To" people={fields.to} onChange={(to) => draft.change({ to })} />
      <RecipientField label="Cc" people={fields.cc} onChange={(cc) => draft.change({ cc })} />
      {showBcc || fields.bcc.length > 0 ? (
        <RecipientField label="Bcc" people={fields.bcc} onChange={(bcc) => draft.change({ bcc })} />
      ) : (
        <Button size="small" appearance="transparent" style={{ alignSelf: 'start' }} onClick={() => setShowBcc(true)}>
          Show Bcc
        </Button>
      )}
      <input
        className={styles.subject}
        aria-label="Subject"
        placeholder="Add a subject"
        maxLength={255}
        value={fields.subject}
        onChange={(event) => draft.change({ subject: event.target.value })}
      />
      {fields.attachments.length > 0 && (
        <TagGroup aria-label="Attachments" onDismiss={(_, { value }) => draft.detach(String(value))}>
          {fields.attachments
            .filter(({ isInline }) => !isInline)
            .map((file) => (
              <Tag key={file.id} value={file.id} size="small" dismissible>
                {file.name} ({sizeOf(file.size)})
              </Tag>
            ))}
        </TagGroup>
      )}
      {fields.bodyType === 'html' ? (
        <HtmlEditor draft={draft} />
      ) : (
        <Textarea
          aria-label="Message body"
          className={styles.body}
          resize="vertical"
          value={fields.body}
          onChange={(_, { value }) => draft.change({ body: value })}
        />
      )}
    </section>
  );
}

/** The element owns its content while somebody types; what the add-in sets is put in from outside. */
function HtmlEditor({ draft }: { readonly draft: Draft }) {
  const styles = useStyles();
  const editor = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const element = editor.current;
    if (!element) return undefined;
    let own: string | null = null;
    const show = () => {
      const { body } = draft.fields();
      if (body !== own) element.innerHTML = editableHtml(body);
    };
    const typed = () => {
      own = element.innerHTML;
      draft.change({ body: own });
    };
    draft.lendCursor((html) => {
      insertHtml(element, editableHtml(html));
      typed();
    });
    show();
    element.addEventListener('input', typed);
    const stop = draft.subscribe((changed) => {
      if (changed.includes('body')) show();
    });
    return () => {
      element.removeEventListener('input', typed);
      draft.lendCursor(null);
      stop();
    };
  }, [draft]);

  return (
    <div
      ref={editor}
      className={styles.body}
      role="textbox"
      aria-multiline="true"
      aria-label="Message body"
      tabIndex={0}
      contentEditable
      suppressContentEditableWarning
    />
  );
}

/** At the cursor when it is in the editor, else at the front, as in a form that nobody has clicked yet. */
function insertHtml(editor: HTMLElement, html: string): void {
  const selection = document.getSelection();
  const inside = selection && selection.rangeCount > 0 && editor.contains(selection.anchorNode);
  const range = inside ? selection.getRangeAt(0) : document.createRange();
  if (!inside) range.setStart(editor, 0);
  range.deleteContents();
  range.insertNode(range.createContextualFragment(html));
  range.collapse(false);
}
