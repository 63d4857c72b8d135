import type { ChangeStatus } from '../model/change.ts';

/** What is known of every Change, device and server together, for a screen to subscribe to. */
export interface Statuses {
  /** Oldest first; the same array until something in the lane changes. */
  of(lane: string): readonly ChangeStatus[];
  all(): readonly ChangeStatus[];
  get(changeId: string): ChangeStatus | null;
  set(...statuses: readonly ChangeStatus[]): void;
  forget(changeId: string): void;
  subscribe(listener: () => void): () => void;
}

/** Finished Changes remembered per page: enough to show what just happened, not a history. */
const remembered = 200;

const nothing: readonly ChangeStatus[] = [];

/**
 * @param soon when listeners are told: at once unless given. A screen gives a moment's delay, so that a drain of thousands
 * redraws it some times a second and not once for each.
 */
export function createStatuses(soon: (tell: () => void) => void = (tell) => tell()): Statuses {
  const byId = new Map<string, ChangeStatus>();
  const idsOf = new Map<string, Set<string>>();
  /** Ids of what is done, in the order in which it became so. */
  const done = new Set<string>();
  const listeners = new Set<() => void>();
  const lanes = new Map<string, readonly ChangeStatus[]>();
  let everything: readonly ChangeStatus[] | null = null;
  let told = true;

  const changed = () => {
    everything = null;
    if (!told) return;
    told = false;
    soon(() => {
      told = true;
      for (const listener of listeners) listener();
    });
  };

  const remove = ({ id, lane }: ChangeStatus) => {
    byId.delete(id);
    done.delete(id);
    lanes.delete(lane);
    const ids = idsOf.get(lane);
    ids?.delete(id);
    if (ids?.size === 0) idsOf.delete(lane);
  };

  const put = (status: ChangeStatus) => {
    // Done is the end: a late "queued" from a slower answer or a replayed event does not take it back.
    const before = byId.get(status.id);
    if (before?.state === 'done') return;
    // "Accepted" says nothing about why it was handed over; what we knew before still holds while it is queued.
    const reason = status.reason ?? (status.state === 'queued' ? (before?.reason ?? null) : null);
    byId.set(status.id, { ...status, reason });
    lanes.delete(status.lane);
    const ids = idsOf.get(status.lane);
    if (ids === undefined) idsOf.set(status.lane, new Set([status.id]));
    else ids.add(status.id);
    if (status.state !== 'done') return;
    done.add(status.id);
    const [oldest] = done;
    const forgotten = done.size > remembered && oldest !== undefined ? byId.get(oldest) : undefined;
    if (forgotten !== undefined) remove(forgotten);
  };

  return {
    of(lane) {
      const known = lanes.get(lane);
      if (known !== undefined) return known;
      const mine = [...(idsOf.get(lane) ?? [])].map((id) => byId.get(id)).filter((status) => status !== undefined);
      const sorted = mine.length === 0 ? nothing : mine.sort(byGesture);
      lanes.set(lane, sorted);
      return sorted;
    },
    all: () => (everything ??= [...byId.values()].sort(byGesture)),
    get: (changeId) => byId.get(changeId) ?? null,
    set(...statuses) {
      for (const status of statuses) put(status);
      if (statuses.length > 0) changed();
    },
    forget(changeId) {
      const status = byId.get(changeId);
      if (status === undefined) return;
      remove(status);
      changed();
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
