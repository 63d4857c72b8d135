/** One holder per name across everything of this origin, as Web Locks give it. */
export interface Locks {
  /** Waits for its turn. */
  hold<Answer>(name: string, work: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer>;
  /** Null at once when somebody else holds the name. */
  holdIfFree<Answer>(name: string, work: () => Promise<Answer>): Promise<Answer | null>;
}

export function createWebLocks(manager: LockManager): Locks {
  return {
    hold: (name, work, signal) => manager.request(name, signal ? { signal } : {}, work),
    holdIfFree: (name, work) =>
      manager.request(name, { ifAvailable: true }, async (lock) => (lock === null ? null : work())),
  };
}

/** Web Locks where the browser grants them: a third-party frame has the manager, and each of its requests is denied. */
export async function openLocks(manager: LockManager | undefined): Promise<Locks> {
  if (manager === undefined) return createPageLocks();
  try {
    await manager.request('alongside.may-lock', { ifAvailable: true }, async () => undefined);
    return createWebLocks(manager);
  } catch (error) {
    if (error instanceof DOMException) return createPageLocks();
    throw error;
  }
}

/**
 * Within one page only: for browsers that refuse Web Locks to a third-party frame. Two panes may then both drain, which the
 * CRM's and the ledger's deduplication make harmless, though not free.
 */
export function createPageLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  const run = <Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> => {
    const before = tails.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
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
