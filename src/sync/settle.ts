import { isSettled, type ChangeReason, type ChangeStatus } from '../model/change.ts';
import { deviceDelay } from '../model/schedule.ts';
import type { Outcome } from './carry.ts';
import { believe } from './shadows.ts';
import { shownState, statusOf } from './shown.ts';
import type { Statuses } from './statuses.ts';
import type { OutboxEntry, Store } from './store.ts';

export interface SettleServices {
  readonly store: Store;
  readonly statuses: Statuses;
  readonly now: () => number;
  readonly random: () => number;
}

/** Writes down how a try ended, and says it. */
export async function settle(options: SettleServices, entry: OutboxEntry, outcome: Outcome): Promise<void> {
  const { store, statuses } = options;
  const now = new Date(options.now()).toISOString();
  switch (outcome.kind) {
    case 'done':
      await store.remove(entry.id);
      return statuses.set(statusOf(entry, 'done', { at: now, reason: null, nextTryAt: null, result: outcome.result }));
    case 'handed-over':
      return shadow(options, entry, outcome.status);
    case 'stopped': {
      const stopped = { ...entry, state: 'stopped' as const, since: now, nextTryAt: null, reason: outcome.reason };
      await store.replace(stopped);
      return statuses.set(statusOf(stopped, outcome.state));
    }
    case 'sign-in':
      return putOff(options, { ...entry, offered: outcome.offered }, outcome.reason, undefined);
    case 'later':
      return putOff(options, { ...entry, offered: outcome.offered }, outcome.reason, outcome.retryAfter);
  }
}

/** The ledger has it. A Change that was finished there before (a repetition) needs no shadow. */
async function shadow({ store, statuses }: SettleServices, entry: OutboxEntry, status: ChangeStatus): Promise<void> {
  await store.replace({ ...entry, state: 'handed-over', since: status.at, nextTryAt: null, reason: null });
  await store.removeAttachments(entry.id);
  // The event of its end may be quicker than the answer to the hand-over.
  const heard = statuses.get(entry.id);
  const latest = heard !== null && isSettled(heard.state) ? heard : status;
  await believe(store, latest);
  statuses.set(latest);
}

async function putOff(
  options: SettleServices,
  entry: OutboxEntry,
  reason: ChangeReason,
  retryAfter: number | undefined,
): Promise<void> {
  const { store, statuses, now, random } = options;
  const attempts = entry.attempts + 1;
  const nextTryAt = new Date(now() + deviceDelay(attempts, random(), retryAfter)).toISOString();
  const waiting = { ...entry, attempts, nextTryAt, reason };
  await store.replace(waiting);
  statuses.set(statusOf(waiting, shownState(waiting)));
}
