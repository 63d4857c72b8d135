import type { LedgerEvent } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { Timers } from './timers.ts';

/** Events in one answer. */
export const eventPage = 100;

/** Seconds that a reader may wait; what lies between us and it takes a longer silence for a broken connection. */
export const longestWait = 25;

/** Events of one person after a cursor, at once when there are some, else as soon as there are, else none. */
export async function waitForEvents(
  ledger: Ledger,
  timers: Timers,
  owner: string,
  after: number,
  wait: number,
  signal: AbortSignal,
): Promise<readonly LedgerEvent[]> {
  let heard = false;
  let over = wait <= 0;
  let wake = (): void => undefined;
  // Before the first look, so that nothing falls between it and the wait.
  const unsubscribe = ledger.subscribe((owners) => {
    if (!owners.has(owner)) return;
    heard = true;
    wake();
  });
  const end = (): void => {
    over = true;
    wake();
  };
  const cancel = timers.after(wait, end);
  signal.addEventListener('abort', end, { once: true });
  try {
    for (;;) {
      const events = await ledger.events(owner, after, eventPage);
      if (events.length > 0 || over) return events;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (heard || over) resolve();
      });
      heard = false;
    }
  } finally {
    cancel();
    unsubscribe();
    signal.removeEventListener('abort', end);
  }
}
