import type { KeyboardEvent, PointerEvent } from 'react';
import { makeStyles, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({
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

/** Pixels: what Outlook gives a pane at first, and the widest a person may draw it. */
export const WIDTH = { narrow: 320, wide: 450 } as const;

interface ResizeHandleProps {
  readonly width: number;
  readonly onWidth: (width: number) => void;
}

export function ResizeHandle({ width, onWidth }: ResizeHandleProps) {
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
