import { createGroupCommit } from '../queue/group-commit.ts';
import { createRamp } from '../queue/ramp.ts';
import type { Timers } from '../queue/timers.ts';
import { claimMailboxes, leaseTime, mostClaims, renewClaims, untilDue, type MailboxClaim } from './claim.ts';
import { complete, type Completion } from './complete.ts';
import type { MailboxStore } from './store.ts';

export interface DaemonOptions {
  readonly store: MailboxStore;
  /** Looks into one mailbox and says what it came to; null: somebody else has it by now. Never rejects for a mailbox's sake. */
  readonly run: (claim: MailboxClaim) => Promise<Completion | null>;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Mailboxes at once. */
  readonly concurrency: number;
}

export interface Daemon {
  /** A mailbox may be due. */
  nudge(): void;
  /** Resolves when what is being read is done; takes nothing new. */
  stop(): Promise<void>;
}

/** The longest sleep: another process may have made a mailbox due without our hearing of it. */
const longestSleep = 1_000;
/** Ends that come close to each other are followed by one claim. */
const gathering = 25;

/**
 * Reads due mailboxes, as many at once as there is room for. After a start, and after an outage, few go first and more with
 * every success, so that a thousand overdue mailboxes come in their order and not all at once.
 */
export function createDaemon(options: DaemonOptions): Daemon {
  const { store, timers, report } = options;
  const ramp = createRamp(options.concurrency);
  ramp.restart();
  const running = new Map<MailboxClaim, Promise<void>>();
  let filling: Promise<void> | null = null;
  let stopped = false;
  let cancelSleep = (): void => undefined;
  const finish = createGroupCommit<Completion>({
    run: (completions) => store.transaction((scope) => complete(scope, completions)),
    weigh: () => 1,
  });

  const read = async (claim: MailboxClaim): Promise<void> => {
    const completion = await options.run(claim);
    if (completion === null) return;
    if (completion.trouble === null) ramp.succeeded();
    else if (completion.trouble.code === 'throttled' || completion.trouble.code === 'unavailable') ramp.failed();
    await finish(completion);
  };

  const start = (claim: MailboxClaim): void => {
    const one = read(claim)
      .catch(report)
      .finally(() => {
        running.delete(claim);
        rest(gathering);
      });
    running.set(claim, one);
  };

  const fill = async (): Promise<void> => {
    while (!stopped && running.size < ramp.width) {
      const claims = await claimMailboxes(store, Math.min(mostClaims, ramp.width - running.size));
      for (const claim of claims) start(claim);
      if (claims.length === 0) break;
    }
    if (running.size < ramp.width) rest(Math.min((await untilDue(store)) ?? longestSleep, longestSleep));
  };

  const rest = (milliseconds: number): void => {
    cancelSleep();
    if (!stopped) cancelSleep = timers.after(Math.max(milliseconds, 1), nudge);
  };

  const nudge = (): void => {
    if (stopped || filling !== null) return;
    filling = fill()
      .catch((error: unknown) => {
        report(error);
        rest(longestSleep);
      })
      .finally(() => {
        filling = null;
      });
  };

  const renew = (): (() => void) =>
    timers.after(leaseTime / 3, () => {
      void renewClaims(store, [...running.keys()]).catch(report);
      if (!stopped) cancelRenewal = renew();
    });
  let cancelRenewal = renew();

  nudge();
  return {
    nudge,
    async stop() {
      stopped = true;
      cancelSleep();
      cancelRenewal();
      await filling;
      await Promise.all(running.values());
      cancelSleep();
    },
  };
}
