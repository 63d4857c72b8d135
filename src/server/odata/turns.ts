/** Milliseconds of work between two looks at the sockets: a look costs as much as a tenth of a short request. */
const SLICE = 1;

/**
 * Requests in the order in which they came, with a look at the sockets whenever a slice of time is used up.
 *
 * On SQLite a request keeps the thread until it is answered. Sockets that became readable meanwhile are read in the order of the
 * kernel's list, those of the last round first: whoever came during a round would wait for it and for the whole next one. With
 * ten clients one in ten waited twice as long as the others.
 *
 * @returns what to wait for before working; undefined: nothing
 */
export function createTurns(now: () => number): () => Promise<void> | undefined {
  const waiting: (() => void)[] = [];
  /** When the slice began; null while nobody works. */
  let began: number | null = null;

  const look = (): void => void setImmediate(begin);
  const begin = (): void => {
    began = waiting.length === 0 ? null : now();
    if (began !== null) go(began);
  };
  const go = (since: number): void => {
    waiting.shift()?.();
    // A tick asked for by a microtask comes when all of them are done, and with them the request.
    queueMicrotask(() =>
      process.nextTick(() => {
        if (waiting.length > 0 && now() - since < SLICE) go(since);
        else look();
      }),
    );
  };

  return () => {
    if (began === null) {
      began = now();
      look();
      return undefined;
    }
    if (waiting.length === 0 && now() - began < SLICE) return undefined;
    return new Promise((resolve) => waiting.push(resolve));
  };
}
