import { useEffect, useRef } from 'react';
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import type { Frame, Frames } from '../frames.ts';

/** What `displayDialogAsync` asks for; width and height in percent of the window. */
export interface DialogRequest {
  readonly url: string;
  readonly width?: number;
  readonly height?: number;
  readonly displayInIframe?: boolean;
}

const useStyles = makeStyles({
  backdrop: {
    position: 'fixed',
    inset: 0,
    zIndex: 1000,
    display: 'grid',
    placeItems: 'center',
    backgroundColor: tokens.colorBackgroundOverlay,
  },
  box: {
    display: 'flex',
    flexDirection: 'column',
    minWidth: '280px',
    minHeight: '200px',
    backgroundColor: tokens.colorNeutralBackground1,
    borderRadius: tokens.borderRadiusLarge,
    boxShadow: tokens.shadow64,
    overflow: 'hidden',
    '& > iframe': { border: 'none', flexGrow: 1, width: '100%' },
  },
  bar: { display: 'flex', justifyContent: 'flex-end', padding: '4px' },
});

export interface DialogFrameProps {
  readonly request: DialogRequest;
  readonly frames: Frames;
  readonly onFrame: (frame: Frame | null) => void;
  readonly onMessage: (text: string) => void;
  readonly onClose: () => void;
}

/** A dialog of the add-in inside the page (`displayInIframe`); without that wish office.js opens a window itself. */
export function DialogFrame(props: DialogFrameProps) {
  const { request, frames } = props;
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const container = box.current;
    if (!container) return undefined;
    const frame = frames.open({
      container,
      url: request.url,
      title: 'Dialog',
      label: 'dialog',
      isDialog: true,
      item: () => null,
      onMessage: (text) => latest.current.onMessage(text),
    });
    latest.current.onFrame(frame);
    return () => {
      latest.current.onFrame(null);
      frame.close();
    };
  }, [frames, request.url]);

  return (
    <div className={styles.backdrop}>
      <div
        ref={box}
        className={styles.box}
        role="dialog"
        aria-modal="true"
        aria-label="Dialog of the add-in"
        style={{ width: `${request.width ?? 50}vw`, height: `${request.height ?? 50}vh` }}
      >
        <div className={styles.bar}>
          <Button appearance="subtle" icon={<DismissRegular />} aria-label="Close dialog" onClick={props.onClose} />
        </div>
      </div>
    </div>
  );
}
