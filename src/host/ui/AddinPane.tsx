import { useEffect, useRef, useState } from 'react';
import { Spinner, makeStyles, tokens } from '@fluentui/react-components';
import type { Frame, Frames } from '../frames.ts';
import type { RibbonButton } from '../manifest.ts';
import { openPane } from '../pane.ts';
import type { Pane, PaneTheme } from '../pane.ts';
import { INTO_PANE } from '../protocol/session.ts';
import { DialogFrame } from './DialogFrame.tsx';
import type { DialogRequest } from './DialogFrame.tsx';
import { PaneBar } from './PaneBar.tsx';
import { enter, followFocus } from './pane-focus.ts';
import { ResizeHandle } from './ResizeHandle.tsx';
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
});

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
          messageOrigin: new URL(url).origin,
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
        <PaneBar {...{ name, button, pinned, onPin, onClose }} />
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
