import type { Fence, Store } from './store.ts';

/** One holder per name across everything of this origin. */
export interface Locks {
  /**
   * Waits for its turn. The work gets one that may end without its knowing (a lease), writes through `store.fenced` and asks
   * whether it `holds` before it changes anything elsewhere; null where the browser itself guards the turn.
   */
  hold<Answer>(name: string, work: (turn: Turn | null) => Promise<Answer>, signal?: AbortSignal): Promise<Answer>;
  /** Null at once when somebody else holds the name. */
  holdIfFree<Answer>(name: string, work: (turn: Turn | null) => Promise<Answer>): Promise<Answer | null>;
}

/** A turn that may end without its holder's knowing. */
export interface Turn extends Fence {
  /** False once the lease has run out unrenewed: what is decided by then may have been overtaken. */
  readonly holds: () => boolean;
}

export function createWebLocks(manager: LockManager): Locks {
  return {
    hold: (name, work, signal) => manager.request(name, signal ? { signal } : {}, () => work(null)),
    holdIfFree: (name, work) =>
      manager.request(name, { ifAvailable: true }, async (lock) => (lock === null ? null : work(null))),
  };
}

/** Web Locks where the browser grants them: a third-party frame has the manager, and each of its requests is denied. */
export async function mayLock(manager: LockManager | undefined): Promise<boolean> {
  if (manager === undefined) return false;
  try {
    await manager.request('alongside.may-lock', { ifAvailable: true }, async () => undefined);
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}

/** Milliseconds after which a holder that was not heard of counts as frozen or gone. */
export const leaseTime = 15_000;

export interface LeaseOptions {
  readonly store: Pick<Store, 'takeLease' | 'endLease'>;
  /** Different for every page. */
  readonly page: string;
  readonly now: () => number;
  readonly wake: (delay: number, ring: () => void) => () => void;
}

/**
 * Locks as rows of the outbox's own store, for browsers that refuse Web Locks to a third-party frame: one drainer among all
 * its panes. A holder renews its lease every third of it. One that sleeps longer (a frozen tab) loses it, and what it writes
 * when it wakes is refused by its fencing number.
 */
export function createLeaseLocks({ store, page, now, wake }: LeaseOptions): Locks {
  let turns = 0;
  const pause = (delay: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve();
      const end = (): void => {
        cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = wake(delay, end);
      signal?.addEventListener('abort', end);
    });
  const take = (name: string, holder: string) => store.takeLease(name, holder, now(), now() + leaseTime);

  const workUnder = async <Answer>(
    fence: Fence,
    holder: string,
    taken: number,
    work: (turn: Turn) => Promise<Answer>,
  ) => {
    let over = false;
    let until = taken + leaseTime;
    let cancel = (): void => undefined;
    const keep = (): void => {
      cancel = wake(leaseTime / 3, () => {
        // Not renewed means not ours any more: the fence refuses what we write from here on.
        const asked = now();
        void take(fence.name, holder).then(
          (still) => {
            if (still?.generation !== fence.generation || over) return;
            until = asked + leaseTime;
            keep();
          },
          () => !over && keep(),
        );
      });
    };
    keep();
    try {
      return await work({ ...fence, holds: () => now() < until });
    } finally {
      over = true;
      cancel();
      await store.endLease(fence).catch(() => undefined); // then it ends by itself
    }
  };

  return {
    async hold(name, work, signal) {
      const holder = `${page}.${(turns += 1)}`;
      for (;;) {
        signal?.throwIfAborted();
        const asked = now();
        const fence = await take(name, holder);
        if (fence !== null) return workUnder(fence, holder, asked, work);
        await pause(leaseTime / 10, signal);
      }
    },
    async holdIfFree(name, work) {
      const holder = `${page}.${(turns += 1)}`;
      const asked = now();
      const fence = await take(name, holder);
      return fence === null ? null : workUnder(fence, holder, asked, work);
    },
  };
}
