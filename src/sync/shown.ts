import type { ChangeState, ChangeStatus } from '../model/change.ts';
import type { OutboxEntry } from './store.ts';

/** An entry of the outbox in the words that a person is told. */
export function statusOf(entry: OutboxEntry, state: ChangeState, more: Partial<ChangeStatus> = {}): ChangeStatus {
  const { id, lane, kind, since, nextTryAt } = entry;
  const reason = state === 'sending' && entry.reason ? { ...entry.reason, code: 'not-saved' as const } : entry.reason;
  return { id, lane, kind, state, at: since, reason, nextTryAt, position: null, result: null, ...more };
}

/** What is said of an entry that is not being carried right now. */
export function shownState(entry: OutboxEntry): ChangeState {
  switch (entry.state) {
    case 'pending':
      return entry.saved ? 'waiting' : 'sending';
    case 'handed-over':
      return 'queued';
    case 'stopped':
      return entry.reason?.code === 'conflict' ? 'conflict' : 'refused';
  }
}
