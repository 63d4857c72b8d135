import type { Locks } from '../../src/sync/locks.ts';

/** Locks of one process, as the browser's Web Locks are: the turn ends only when its work does. */
export function createPageLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  const run = <Answer>(name: string, work: (fence: null) => Promise<Answer>): Promise<Answer> => {
    const before = tails.get(name) ?? Promise.resolve();
    const mine = before.then(
      () => work(null),
      () => work(null),
    );
    const tail = mine.then(
      () => undefined,
      () => undefined,
    );
    tails.set(name, tail);
    void tail.then(() => {
      if (tails.get(name) === tail) tails.delete(name);
    });
    return mine;
  };
  return {
    hold: (name, work) => run(name, work),
    holdIfFree: async (name, work) => (tails.has(name) ? null : run(name, work)),
  };
}
