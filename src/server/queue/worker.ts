import { carryOut, type CarryOutServices } from './carry-out.ts';
import type { Claim } from './claim.ts';
import { createRamp } from './ramp.ts';

export interface WorkerOptions extends CarryOutServices {
  /** Changes of different lanes at once. */
  readonly concurrency: number;
}

export interface Worker {
  /** There may be something to do: a Change was accepted, or the CRM is back. */
  nudge(): void;
  /** Resolves when what is being carried out has ended; takes nothing new. */
  stop(): Promise<void>;
}

/** The longest sleep: another process may have put something into the ledger without our hearing of it. */
const longestSleep = 2_000;

/** A Change that was under way when workers died is tried with nobody beside it, who would be suspected as well. */
const aloneAfter = 2;

/**
 * Claims as many lanes as there is room for, carries each head out, and claims again at the very moment at which one is
 * finished, so that both are one commit. When there is nothing to do it sleeps until something is due or news come.
 */
export function createWorker(options: WorkerOptions): Worker {
  const { ledger, breaker, timers } = options;
  const ramp = createRamp(options.concurrency);
  /** Being carried out: the room they take is free again as soon as their end is known. */
  const running = new Set<Promise<void>>();
  /** With their ends being written. */
  const unfinished = new Set<Promise<void>>();
  let filling: Promise<void> | null = null;
  let again = false;
  const stopping = new AbortController();
  let cancelSleep = (): void => undefined;

  const start = (claim: Claim, since: number, gate: Promise<unknown>): Promise<void> => {
    let free = (): void => undefined;
    const run = new Promise<void>((resolve) => {
      free = () => {
        running.delete(run);
        resolve();
        nudge();
      };
    });
    running.add(run);
    const all = carryOut({ ...options, ramp, free, since, stopping: stopping.signal }, claim, gate)
      .catch(options.report)
      .finally(() => {
        unfinished.delete(all);
        free();
      });
    unfinished.add(all);
    return run;
  };

  /** Those suspected of killing workers wait until the others are through, and go one by one. */
  const startAll = async (claims: readonly Claim[], since: number): Promise<void> => {
    for (const claim of claims) if (claim.deaths < aloneAfter) void start(claim, since, Promise.resolve());
    const [suspect, ...others] = claims.filter(({ deaths }) => deaths >= aloneAfter);
    if (suspect === undefined) return;
    // Who holds a lease when the suspect ends the process is suspected once more: the others are claimed after it.
    if (others.length > 0) await ledger.release(others);
    await start(suspect, since, Promise.all(running));
  };

  const fill = async (): Promise<void> => {
    do {
      again = false;
      while (!stopping.signal.aborted && breaker.isClosed() && running.size < ramp.width) {
        const since = timers.now();
        const claims = await ledger.claim(() => ramp.width - running.size);
        if (claims.length === 0) break;
        await startAll(claims, since);
        // Nothing more is due; what becomes so is told, or found by the alarm.
        if (running.size < ramp.width) break;
      }
    } while (again && !stopping.signal.aborted);
    if (running.size < ramp.width) await sleep();
  };

  const sleep = async (): Promise<void> => {
    const wait = breaker.isClosed() ? await ledger.untilDue() : null;
    rest(Math.min(Math.max(wait ?? longestSleep, 1), longestSleep));
  };

  /** There is always an alarm set, also where the database did not answer: nobody else may ever wake a daemon. */
  const rest = (milliseconds: number): void => {
    cancelSleep();
    if (!stopping.signal.aborted) cancelSleep = timers.after(milliseconds, nudge);
  };

  const nudge = (): void => {
    again = true;
    if (stopping.signal.aborted) return;
    filling ??= fill()
      .catch((error: unknown) => {
        options.report(error);
        rest(longestSleep);
      })
      .finally(() => {
        filling = null;
        if (again) nudge();
      });
  };

  const unsubscribe = ledger.subscribe(nudge);
  breaker.onClose(() => {
    ramp.restart();
    nudge();
  });
  nudge();
  return {
    nudge,
    async stop() {
      stopping.abort();
      unsubscribe();
      cancelSleep();
      await filling;
      await Promise.all(unfinished);
      cancelSleep();
    },
  };
}
