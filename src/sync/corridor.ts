import { isSettled, type Change, type ChangeStatus } from '../model/change.ts';
import { captureLock, carryLock } from './carry-lane.ts';
import { createDrainer, type Drainer, type DrainOptions } from './drain.ts';
import { parsePeerNews, reconcile, toldToPeers, type PeerNews } from './peers.ts';
import { believe } from './shadows.ts';
import { statusOf } from './shown.ts';
import type { OutboxEntry } from './store.ts';

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
  /** What another pane of this browser tells about the outbox that both have; what is no news to us is only reported. */
  hearPeer(message: unknown): void;
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

export interface CorridorOptions extends Omit<DrainOptions, 'seen'> {
  /** Tells the other panes of this browser, as far as it lets us. */
  readonly tellPeers: (news: PeerNews) => void;
}

export async function startCorridor(options: CorridorOptions): Promise<Corridor> {
  const { store, locks, name, tellPeers } = options;
  const own = options.statuses;
  const statuses = toldToPeers(own, tellPeers);
  const known = new Set<string>();
  const seen = (entries: readonly OutboxEntry[]) => reconcile({ store, statuses: own }, known, entries);
  const drainer = createDrainer({ ...options, statuses, seen });
  await seen((await store.entries()).entries);

  const record = async (change: Change, captured: boolean): Promise<void> => {
    const since = new Date(options.now()).toISOString();
    const entry = await store.add(change, { captured, since });
    const status = statusOf(entry, change.holdUntil === null ? 'sending' : 'waiting');
    known.add(change.id);
    own.set(status);
    tellPeers({ kind: 'recorded', status });
  };

  /** Resolves when it is recorded, and reads on under a lock that was there before the entry: nobody carries it half read. */
  const recordAndCapture = (change: Change, capture: Capture): Promise<void> =>
    new Promise((recorded, fail) => {
      let isRecorded = false;
      const read = async (): Promise<void> => {
        await record(change, false);
        isRecorded = true;
        recorded();
        await capture((index, bytes) => store.putAttachment(change.id, index, bytes));
      };
      locks
        .hold(captureLock(name, change.id), read)
        .then(() => setCaptured(options, change.id))
        .catch((error: unknown) => (isRecorded ? options.report(error) : fail(error as Error)))
        .finally(() => drainer.kick(change.lane));
    });

  const submit = async (change: Change, capture?: Capture): Promise<void> => {
    if (capture !== undefined) return recordAndCapture(change, capture);
    await record(change, true);
    drainer.kick(change.lane);
  };

  return {
    submit,
    drop: (changeId) => drop({ ...options, statuses }, drainer, changeId),
    async lastUnfinished(lane) {
      const unfinished = (await store.lane(lane)).filter(({ state }) => state !== 'stopped');
      return unfinished.at(-1)?.id ?? null;
    },
    async hear(status) {
      own.set(status);
      if (!isSettled(status.state)) return;
      await believe(store, status);
      const waits = (await store.lane(status.lane)).some(({ state }) => state === 'pending');
      if (waits) drainer.retryLane(status.lane);
    },
    hearPeer(message) {
      let news: PeerNews;
      try {
        news = parsePeerNews(message);
      } catch (error) {
        return options.report(error);
      }
      switch (news.kind) {
        case 'recorded':
          known.add(news.status.id);
          // A pane that slept tells late; what became of it since is known already.
          if (own.get(news.status.id) === null) own.set(news.status);
          return drainer.kick();
        case 'moved':
          // Perhaps the first word of it: recorded after we read the outbox and before we listened.
          for (const { id } of news.statuses) known.add(id);
          return own.set(...news.statuses);
        case 'dropped':
          return own.forget(news.id);
      }
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

async function drop(
  { store, statuses, locks, name }: CorridorOptions,
  drainer: Drainer,
  changeId: string,
): Promise<boolean> {
  const lane = await locks.holdIfFree(carryLock(name, changeId), async () => {
    const entry = await store.entry(changeId);
    if (entry === null) return null;
    const mayHaveLeft = entry.state === 'handed-over' || (entry.state === 'pending' && entry.offered);
    return !mayHaveLeft && (await store.remove(changeId)) ? entry.lane : null;
  });
  if (lane === null) return false;
  statuses.forget(changeId);
  drainer.kick(lane);
  return true;
}
