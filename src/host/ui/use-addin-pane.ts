import { useCallback, useEffect, useRef, useState } from 'react';
import type { RibbonButton } from '../manifest.ts';
import type { Notifications } from '../notifications.ts';
import type { OpenItem } from '../open-item.ts';
import { useRemembered } from './remembered.ts';

/** Undefined: another item has been chosen and is on its way. */
export type ShownItem = OpenItem | null | undefined;

/** Whether a pane is open, which, and whether it stays when another item is shown. */
export function useAddinPane(item: ShownItem, notifications: Notifications) {
  const [button, setButton] = useState<RibbonButton | null>(null);
  const [calls, setCalls] = useState(0);
  const [pinned, setPinned] = useRemembered<boolean>('pinned', true);
  const shown = useRef<string | null>(null);

  const open = useCallback((next: RibbonButton) => {
    setButton((current) => (sameUrl(current, next) ? current : next));
    setCalls((count) => count + 1);
  }, []);
  const close = useCallback(() => {
    setButton(null);
    setCalls(0);
  }, []);

  useEffect(() => {
    if (item === undefined) return;
    const key = item?.key ?? null;
    if (shown.current === key) return;
    if (shown.current !== null) {
      notifications.leave(shown.current);
      if (!pinned) close();
    }
    shown.current = key;
  }, [item, pinned, close, notifications]);

  return { button, calls, pinned, setPinned, open, close };
}

/** Reading and writing have buttons of their own, but one pane behind them. */
export const sameUrl = (a: RibbonButton | null, b: RibbonButton): boolean =>
  a?.action.kind === 'pane' && b.action.kind === 'pane' && a.action.url === b.action.url;
