import { isSettled, type Change, type ChangeStatus } from '../model/change.ts';
import { captureLock, createDrainer, statusOf, shownState, type Drainer, type DrainOptions } from './drain.ts';
import { believe } from './shadows.ts';

/**
 * The device's side of a Change, from the gesture to its end.
 *
 *   submit      the entry is written (strict)                         -> sending, or waiting while it is held for an undo
 *   capture     attachment bytes are read beside it                   -> sending
 *   drain       one drainer of all panes; several lanes at once, each in order (drain.ts)
 *     done                                                            -> removed, done
 *     handed over                                                     -> shadow, queued; its end comes by event or by asking
 *     conflict                                                        -> stopped until its person decides; its lane is held
 *     refused                                                         -> stopped until its person drops it; its lane goes on
 *     sign-in                                                         -> waiting; the drain stops, nothing is lost
 *     later                                                           -> waiting with backoff; other lanes go on
 *
 * The same drain runs at the click, at start, on focus, on `online`, when the event stream connects, and when the earliest
 * `nextTryAt` or `holdUntil` arrives.
 */
export interface Corridor {
  /** Resolves when the Change is durably recorded; `capture` then reads attachment bytes while the mail is still open. */
  submit(change: Change, capture?: Capture): Promise<void>;
  /** Takes a Change back that has not left the device. False when it is on its way or gone. */
  drop(changeId: string): Promise<boolean>;
  /** The last unfinished Change of a lane on this device: what the next one comes after. */
  lastUnfinished(lane: string): Promise<string | null>;
  /** News from the server about a Change. */
  hear(status: ChangeStatus): Promise<void>;
  /** The server is there (again): tries everything that waits, and asks after what it was handed. */
  connected(): void;
  /** Try everything that waits, now. */
  retryNow(): void;
  /** Entries of another version that this one cannot read; they are left alone. */
  unreadable(): number;
  stop(): Promise<void>;
}

/** Reads the bytes of the attachments that belong to the Change and stores them through `put`. */
export type Capture = (put: (index: number, bytes: Blob) => Promise<void>) => Promise<void>;

export type CorridorOptions = DrainOptions;

export async function startCorridor(options: CorridorOptions): Promise<Corridor> {
  const { store, statuses, locks, name } = options;
  const drainer = createDrainer(options);
  const { entries } = await store.entries();
  statuses.set(...entries.map((entry) => statusOf(entry, shownState(entry))));

  const submit = async (change: Change, capture?: Capture): Promise<void> => {
    const since = new Date(options.now()).toISOString();
    const entry = await store.add(change, { captured: capture === undefined, since });
    statuses.set(statusOf(entry, change.holdUntil === null ? 'sending' : 'waiting'));
    if (capture === undefined) return drainer.kick(change.lane);
    void locks
      .hold(captureLock(name, change.id), () => capture((index, bytes) => store.putAttachment(change.id, index, bytes)))
      .then(() => setCaptured(options, change.id))
      .then(() => drainer.kick(change.lane), options.report);
  };

  return {
    submit,
    drop: (changeId) => drop(options, drainer, changeId),
    async lastUnfinished(lane) {
      const unfinished = (await store.lane(lane)).filter(({ state }) => state !== 'stopped');
      return unfinished.at(-1)?.id ?? null;
    },
    async hear(status) {
      statuses.set(status);
      if (!isSettled(status.state)) return;
      await believe(store, status);
      const waits = (await store.lane(status.lane)).some(({ state }) => state === 'pending');
      if (waits) drainer.retryLane(status.lane);
    },
    connected: drainer.connected,
    retryNow: drainer.retryNow,
    unreadable: drainer.unreadable,
    async stop() {
      await drainer.stop();
      store.close();
    },
  };
}

/** What was being captured goes on; a page that lost its turn to another (see drain.ts) finds it captured already. */
async function setCaptured({ store }: CorridorOptions, changeId: string): Promise<void> {
  const entry = await store.entry(changeId);
  if (entry?.captured === false) await store.replace({ ...entry, captured: true });
}

async function drop({ store, statuses }: CorridorOptions, drainer: Drainer, changeId: string): Promise<boolean> {
  if (drainer.isCarrying(changeId)) return false;
  const entry = await store.entry(changeId);
  const mayHaveLeft = entry === null || (entry.state !== 'stopped' && (entry.state === 'handed-over' || entry.offered));
  if (mayHaveLeft || drainer.isCarrying(changeId)) return false;
  await store.remove(changeId);
  statuses.forget(changeId);
  drainer.kick(entry.lane);
  return true;
}
