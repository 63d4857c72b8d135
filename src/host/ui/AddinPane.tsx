import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent } from 'react';
import { Button, Spinner, ToggleButton, Tooltip, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular, PinFilled, PinRegular } from '@fluentui/react-icons';
import type { Frame, Frames } from '../frames.ts';
import type { RibbonButton } from '../manifest.ts';
import { openPane } from '../pane.ts';
import type { Pane, PaneTheme } from '../pane.ts';
import { FROM_PANE, INTO_PANE } from '../protocol/session.ts';
import { DialogFrame } from './DialogFrame.tsx';
import type { DialogRequest } from './DialogFrame.tsx';
import { iconFor } from './Ribbon.tsx';
import type { ShownItem } from './use-addin-pane.ts';

const useStyles = makeStyles({
  aside: { position: 'relative', display: 'flex', flexDirection: 'column', height: '100%', minWidth: 0 },
  bar: {
    display: 'flex',
    alignItems: 'center',
    columnGap: '8px',
    padding: '6px 6px 6px 12px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  title: { flexGrow: 1, margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  icon: { width: '16px', height: '16px' },
  body: {
    position: 'relative',
    flexGrow: 1,
    minHeight: 0,
    overflow: 'hidden',
    borderEndStartRadius: tokens.borderRadiusLarge,
    borderEndEndRadius: tokens.borderRadiusLarge,
    '& > iframe': { border: 'none', width: '100%', height: '100%', display: 'block' },
  },
  wait: { position: 'absolute', inset: 0, pointerEvents: 'none' },
  handle: {
    position: 'absolute',
    insetBlock: 0,
    insetInlineStart: '-7px',
    width: '8px',
    cursor: 'col-resize',
    zIndex: 1,
    ':hover': { backgroundColor: tokens.colorNeutralStroke1Hover },
    ':focus-visible': { backgroundColor: tokens.colorBrandStroke1, outlineStyle: 'none' },
  },
});

export const WIDTH = { narrow: 320, wide: 450 } as const;

export interface AddinPaneProps {
  readonly name: string;
  readonly button: RibbonButton;
  readonly frames: Frames;
  readonly item: ShownItem;
  readonly theme: PaneTheme;
  readonly pinned: boolean;
  readonly width: number;
  /** Counts up when the pane is asked for again: the focus goes into it. */
  readonly calls: number;
  readonly onPin: (pinned: boolean) => void;
  readonly onWidth: (width: number) => void;
  readonly onClose: () => void;
  readonly onEscape: () => void;
}

export function AddinPane(props: AddinPaneProps) {
  const { name, button, frames, item, theme, pinned, onPin, onClose } = props;
  const styles = useStyles();
  const body = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLSpanElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const pane = useRef<Pane | null>(null);
  const dialog = useRef<Frame | null>(null);
  const latest = useRef(props);
  const [request, setRequest] = useState<DialogRequest | null>(null);
  const [loading, setLoading] = useState(true);
  const url = button.action.kind === 'pane' ? button.action.url : '';

  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    const container = body.current;
    if (!container) return undefined;
    const opened = openPane({
      frames,
      container,
      url,
      title: name,
      item: latest.current.item ?? null,
      theme: latest.current.theme,
      onClose: () => latest.current.onClose(),
      onNotify: (action) => followFocus(action, bar.current, end.current, () => latest.current.onEscape()),
      onDialog: (targetId) => {
        const next = JSON.parse(targetId) as DialogRequest;
        if (next.displayInIframe === true) setRequest(next);
        return 0;
      },
      onDialogClosed: () => setRequest(null),
      onMessageToDialog: (messageContent) =>
        dialog.current?.session.deliver('dialogParentMessageReceived', {
          messageType: 1,
          messageContent,
          messageOrigin: location.origin,
        }),
    });
    pane.current = opened;
    opened.element.addEventListener('load', () => setLoading(false));
    return () => {
      pane.current = null;
      opened.close();
    };
  }, [frames, url, name]);

  useEffect(() => {
    if (item === undefined) return; // what is shown stays bound until the next is there
    if (item) pane.current?.refresh(item);
    pane.current?.show(item);
  }, [item]);
  useEffect(() => pane.current?.theme(theme), [theme]);
  useEffect(() => {
    if (props.calls > 1) enter(pane.current, INTO_PANE.first);
  }, [props.calls]);

  return (
    <aside className={styles.aside} aria-label={`${name} pane`}>
      <ResizeHandle width={props.width} onWidth={props.onWidth} />
      <div ref={bar} className={styles.bar}>
        <img className={styles.icon} src={iconFor(button, 16)} srcSet={`${iconFor(button, 32)} 2x`} alt="" />
        <h2 className={styles.title}>{name}</h2>
        {button.action.kind === 'pane' && button.action.pinnable && (
          <Tooltip
            relationship="description"
            content={
              pinned
                ? 'Pinned: stays open and follows the message you select. The local Outlook pins at first; Outlook itself does not.'
                : 'Not pinned: closes when you select another message, as in Outlook.'
            }
          >
            <ToggleButton
              appearance="subtle"
              size="small"
              checked={pinned}
              icon={pinned ? <PinFilled /> : <PinRegular />}
              aria-label="Pin"
              onClick={() => onPin(!pinned)}
            />
          </Tooltip>
        )}
        <Button
          appearance="subtle"
          size="small"
          icon={<DismissRegular />}
          aria-label={`Close ${name}`}
          onClick={onClose}
        />
      </div>
      {/* The two thresholds: who comes by Tab is led to the first control inside, by Shift+Tab to the last. */}
      <span tabIndex={0} onFocus={() => enter(pane.current, INTO_PANE.first)} />
      <div className={styles.body} ref={body}>
        {loading && <Spinner className={styles.wait} label={`Opening ${name}`} />}
      </div>
      <span ref={end} tabIndex={0} onFocus={() => enter(pane.current, INTO_PANE.last)} />
      {request && (
        <DialogFrame
          request={request}
          frames={frames}
          onFrame={(frame) => (dialog.current = frame)}
          onMessage={(messageContent) =>
            pane.current?.session.deliver('dialogMessageReceived', {
              messageType: 0,
              messageContent,
              messageOrigin: new URL(request.url).origin,
            })
          }
          onClose={() => {
            pane.current?.session.deliver('dialogMessageReceived', { messageType: 12006 });
            setRequest(null);
          }}
        />
      )}
    </aside>
  );
}

function enter(pane: Pane | null, where: number): void {
  pane?.element.focus();
  pane?.session.notify(where);
}

/** The focus left the pane by key: on to what follows it on the page, or back to its title bar. */
function followFocus(action: number, bar: HTMLElement | null, end: HTMLElement | null, escape: () => void): void {
  if (action === FROM_PANE.escape) escape();
  if (action === FROM_PANE.leftBackward || action === FROM_PANE.nothingBackward) lastButton(bar)?.focus();
  if (action === FROM_PANE.leftForward || action === FROM_PANE.nothingForward) nextAfter(end)?.focus();
}

const lastButton = (bar: HTMLElement | null) => [...(bar?.querySelectorAll('button') ?? [])].at(-1);

function nextAfter(element: HTMLElement | null): HTMLElement | undefined {
  const all = document.querySelectorAll<HTMLElement>('button:not(:disabled), select, input, [tabindex="0"]');
  return Array.from(all).find(
    (candidate) => element && (element.compareDocumentPosition(candidate) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
  );
}

interface ResizeHandleProps {
  readonly width: number;
  readonly onWidth: (width: number) => void;
}

function ResizeHandle({ width, onWidth }: ResizeHandleProps) {
  const styles = useStyles();
  const clamp = (next: number) => onWidth(Math.min(WIDTH.wide, Math.max(WIDTH.narrow, Math.round(next))));

  function onPointerDown(event: PointerEvent<HTMLDivElement>) {
    const handle = event.currentTarget;
    const start = event.clientX;
    handle.setPointerCapture(event.pointerId); // also over the frame, which would swallow the movement
    const move = (next: globalThis.PointerEvent) => clamp(width + start - next.clientX);
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), {
      once: true,
    });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'ArrowLeft') clamp(width + 10);
    if (event.key === 'ArrowRight') clamp(width - 10);
  }

  return (
    <div
      className={styles.handle}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the pane"
      aria-valuenow={width}
      aria-valuemin={WIDTH.narrow}
      aria-valuemax={WIDTH.wide}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
