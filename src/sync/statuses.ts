import { isSettled, type ChangeStatus } from '../model/change.ts';

/** What is known of every Change, device and server together, for a screen to subscribe to. */
export interface Statuses {
  /** Oldest first; the same array until something in the lane changes. */
  of(lane: string): readonly ChangeStatus[];
  all(): readonly ChangeStatus[];
  get(changeId: string): ChangeStatus | null;
  set(status: ChangeStatus): void;
  forget(changeId: string): void;
  subscribe(listener: () => void): () => void;
}

/** Settled statuses remembered per page: enough to show what just happened, not a history. */
const remembered = 200;

const nothing: readonly ChangeStatus[] = [];

export function createStatuses(): Statuses {
  const byId = new Map<string, ChangeStatus>();
  const listeners = new Set<() => void>();
  let lanes = new Map<string, readonly ChangeStatus[]>();
  let everything: readonly ChangeStatus[] | null = null;

  const changed = (lane: string) => {
    lanes = new Map(lanes);
    lanes.delete(lane);
    everything = null;
    for (const listener of listeners) listener();
  };

  return {
    of(lane) {
      const known = lanes.get(lane);
      if (known !== undefined) return known;
      const mine = [...byId.values()].filter((status) => status.lane === lane);
      const sorted = mine.length === 0 ? nothing : mine.sort(byGesture);
      lanes.set(lane, sorted);
      return sorted;
    },
    all: () => (everything ??= [...byId.values()].sort(byGesture)),
    get: (changeId) => byId.get(changeId) ?? null,
    set(status) {
      // Done is the end: a late "queued" from a slower answer or a replayed event does not take it back.
      const before = byId.get(status.id);
      if (before?.state === 'done') return;
      byId.delete(status.id);
      // "Accepted" says nothing about why it was handed over; what we knew before still holds while it is queued.
      const reason = status.reason ?? (status.state === 'queued' ? (before?.reason ?? null) : null);
      byId.set(status.id, { ...status, reason });
      const settled = [...byId.values()].filter(({ state }) => isSettled(state));
      for (const { id } of settled.slice(0, Math.max(0, settled.length - remembered))) byId.delete(id);
      changed(status.lane);
    },
    forget(changeId) {
      const status = byId.get(changeId);
      if (status === undefined) return;
      byId.delete(changeId);
      changed(status.lane);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Ids are UUIDv7: text order is the order of the gestures. */
function byGesture(a: ChangeStatus, b: ChangeStatus): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
