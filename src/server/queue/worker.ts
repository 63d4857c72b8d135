import type { Change, ChangeReason, ChangeResult } from '../../model/change.ts';
import { CrmError, mayPassByItself } from '../../model/errors.ts';
import { ledgerDelay, ledgerLife } from '../../model/schedule.ts';
import type { Breaker } from './breaker.ts';
import { leaseTime, type Claim, type Ledger } from './ledger.ts';
import type { Timers } from './timers.ts';

export interface WorkerOptions {
  readonly ledger: Ledger;
  readonly breaker: Breaker;
  /** Carries a Change into the CRM with the rights of its owner. */
  readonly apply: (change: Change, owner: string) => Promise<ChangeResult>;
  readonly now: () => number;
  readonly random: () => number;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
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

export function createWorker(options: WorkerOptions): Worker {
  const { ledger, breaker, timers } = options;
  const running = new Set<Promise<void>>();
  let filling: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let cancelSleep = (): void => undefined;

  const fill = async (): Promise<void> => {
    do {
      again = false;
      while (!stopped && breaker.isClosed() && running.size < options.concurrency) {
        const claim = await ledger.claim();
        if (claim === null) break;
        const work = carryOut(options, claim)
          .catch(options.report)
          .finally(() => {
            running.delete(work);
            nudge();
          });
        running.add(work);
      }
    } while (again && !stopped);
    await sleep();
  };

  const sleep = async (): Promise<void> => {
    cancelSleep();
    if (stopped) return;
    const due = await ledger.nextDue();
    const delay = due === null ? longestSleep : Math.min(Math.max(due - options.now(), 1), longestSleep);
    cancelSleep = timers.after(running.size < options.concurrency ? delay : longestSleep, nudge);
  };

  const nudge = (): void => {
    again = true;
    if (stopped) return;
    filling ??= fill()
      .catch(options.report)
      .finally(() => {
        filling = null;
        if (again) nudge();
      });
  };

  const unsubscribe = ledger.subscribe(nudge);
  breaker.onClose(nudge);
  nudge();
  return {
    nudge,
    async stop() {
      stopped = true;
      unsubscribe();
      cancelSleep();
      await filling;
      await Promise.all(running);
      cancelSleep();
    },
  };
}

async function carryOut(options: WorkerOptions, claim: Claim): Promise<void> {
  const { ledger, now } = options;
  if (now() - claim.acceptedAt > ledgerLife) {
    const message = 'It could not be carried out for five days.';
    await ledger.finish(claim, { state: 'refused', reason: { code: 'expired', message } });
    return;
  }
  const stopRenewing = keepLease(options, claim);
  try {
    const result = await options.apply(claim.change, claim.owner);
    await ledger.finish(claim, { state: 'done', result });
  } catch (error) {
    await fail(options, claim, error);
  } finally {
    stopRenewing();
  }
}

function keepLease({ ledger, timers, report }: WorkerOptions, claim: Claim): () => void {
  let cancel = (): void => undefined;
  const schedule = (): void => {
    cancel = timers.after(leaseTime / 3, () => {
      void ledger.renew(claim).then((stands) => stands && schedule(), report);
    });
  };
  schedule();
  return () => cancel();
}

/**
 * What may pass is put off: by the outage if the CRM as a whole is away, by its own schedule if only this Change fails. What
 * cannot pass goes back to its person. A defect of ours (no CrmError) is treated as the Change's own failure: its schedule
 * spreads the tries, and after five days it is handed back.
 */
async function fail(options: WorkerOptions, claim: Claim, error: unknown): Promise<void> {
  const { ledger, breaker } = options;
  const reason = reasonOf(error);
  if (!(error instanceof CrmError)) options.report(error);
  const passes = !(error instanceof CrmError) || mayPassByItself(error.code) || error.code === 'unauthorized';
  if (!passes) {
    await ledger.finish(claim, { state: error.code === 'conflict' ? 'conflict' : 'refused', reason });
    return;
  }
  const retryAfter = error instanceof CrmError ? error.facts.retryAfter : undefined;
  const outage = error instanceof CrmError && (await breaker.failed(error));
  const delay = ledgerDelay(claim.attempts, options.now() - claim.acceptedAt, options.random(), retryAfter);
  await ledger.putOff(claim, delay, reason, outage);
}

function reasonOf(error: unknown): ChangeReason {
  if (error instanceof CrmError) return { code: error.code, message: error.message };
  return { code: 'unavailable', message: 'Something went wrong on our side; it is tried again.' };
}
