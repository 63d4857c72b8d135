import type { Pane } from '../pane.ts';
import { FROM_PANE } from '../protocol/session.ts';

/** The focus goes into the pane; office.js is told at which end. */
export function enter(pane: Pane | null, where: number): void {
  pane?.element.focus();
  pane?.session.notify(where);
}

/** The focus left the pane by key: on to what follows it on the page, or back to its title bar. */
export function followFocus(
  action: number,
  bar: HTMLElement | null,
  end: HTMLElement | null,
  escape: () => void,
): void {
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
