import { isSettled, type Change, type ChangeReason, type ChangeState, type ChangeStatus } from '../model/change.ts';
import { deviceDelay } from '../model/schedule.ts';
import { carry, type CarryServices, type Outcome } from './carry.ts';
import type { Locks } from './locks.ts';
import type { Statuses } from './statuses.ts';
import type { OutboxEntry } from './store.ts';

/**
 * The device's side of a Change, from the gesture to its end.
 *
 *   submit      the entry is written (strict)                         -> sending, or waiting while it is held for an undo
 *   capture     attachment bytes are read beside it                   -> sending
 *   drain       one drainer of all panes; oldest first; per lane only the head
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
  /** Try everything that waits, now. */
  retryNow(): void;
  /** Entries of another version that this one cannot read; they are left alone. */
  unreadable(): number;
  stop(): Promise<void>;
}

/** Reads the bytes of the attachments that belong to the Change and stores them through `put`. */
export type Capture = (put: (index: number, bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<void>;

export interface CorridorOptions extends CarryServices {
  readonly statuses: Statuses;
  readonly locks: Locks;
  /** Distinguishes outboxes: the person's address. */
  readonly name: string;
  readonly now: () => number;
  readonly random: () => number;
  /** Wakes the drain after some milliseconds; answers how to cancel. */
  readonly wake: (delay: number, drain: () => void) => () => void;
  readonly report: (error: unknown) => void;
}

export async function startCorridor(options: CorridorOptions): Promise<Corridor> {
  const { store, statuses, locks, name } = options;
  const drainer = createDrainer(options);
  await announceStored(options);

  const submit = async (change: Change, capture?: Capture): Promise<void> => {
    const since = iso(options.now());
    const captured = capture === undefined;
    const entry = await store.add({
      change,
      state: 'pending',
      captured,
      attempts: 0,
      nextTryAt: null,
      since,
      reason: null,
    });
    statuses.set(statusOf(entry, change.holdUntil === null ? 'sending' : 'waiting'));
    if (capture === undefined) return drainer.kick();
    void locks
      .hold(captureLock(name, change.id), () => capture((index, bytes) => store.putAttachment(change.id, index, bytes)))
      .then(() => store.replace({ ...entry, captured: true }))
      .then(drainer.kick, options.report);
  };

  return {
    submit,
    drop: (changeId) => drop(options, drainer, changeId),
    async lastUnfinished(lane) {
      const { entries } = await store.all();
      return (
        entries.filter((entry) => entry.change.lane === lane && entry.state !== 'stopped').at(-1)?.change.id ?? null
      );
    },
    async hear(status) {
      statuses.set(status);
      if (isSettled(status.state) && (await end(options, status))) drainer.kick();
    },
    retryNow: drainer.retryNow,
    unreadable: drainer.unreadable,
    async stop() {
      await drainer.stop();
      store.close();
    },
  };
}

/** A shadow's end: done is forgotten, anything else stays until its person has seen it. False when it was not ours. */
async function end({ store }: CorridorOptions, status: ChangeStatus): Promise<boolean> {
  if (status.state === 'done') return store.remove(status.id);
  const { entries } = await store.all();
  const entry = entries.find(({ change }) => change.id === status.id);
  if (entry === undefined) return false;
  await store.replace({ ...entry, state: 'stopped', since: status.at, nextTryAt: null, reason: status.reason });
  return true;
}

const iso = (now: number): string => new Date(now).toISOString();

function captureLock(name: string, changeId: string): string {
  return `alongside.capture.${name}.${changeId}`;
}

function statusOf(entry: OutboxEntry, state: ChangeState, more: Partial<ChangeStatus> = {}): ChangeStatus {
  const { change, since, reason, nextTryAt } = entry;
  const { id, lane, kind } = change;
  return { id, lane, kind, state, at: since, reason, nextTryAt, position: null, result: null, ...more };
}

/** After a restart: what the store holds is what is shown, before anything is tried. */
async function announceStored({ store, statuses }: CorridorOptions): Promise<void> {
  const { entries } = await store.all();
  for (const entry of entries) statuses.set(statusOf(entry, shownState(entry)));
}

function shownState(entry: OutboxEntry): ChangeState {
  switch (entry.state) {
    case 'pending':
      return 'waiting';
    case 'handed-over':
      return 'queued';
    case 'stopped':
      return entry.reason?.code === 'conflict' ? 'conflict' : 'refused';
  }
}

async function drop({ store, statuses }: CorridorOptions, drainer: Drainer, changeId: string): Promise<boolean> {
  if (drainer.isCarrying(changeId)) return false;
  const { entries } = await store.all();
  const entry = entries.find(({ change }) => change.id === changeId);
  if (entry === undefined || entry.state === 'handed-over' || drainer.isCarrying(changeId)) return false;
  await store.remove(changeId);
  statuses.forget(changeId);
  drainer.kick();
  return true;
}

interface Drainer {
  readonly kick: () => void;
  readonly retryNow: () => void;
  readonly isCarrying: (changeId: string) => boolean;
  readonly unreadable: () => number;
  readonly stop: () => Promise<void>;
}

function createDrainer(options: CorridorOptions): Drainer {
  const { store, locks, name } = options;
  let running: Promise<void> | null = null;
  let again = false;
  let impatient = false;
  let stopped = false;
  let unreadable = 0;
  let carrying: string | null = null;
  let cancelWake = (): void => undefined;

  /** One pass over the lanes; answers whether something moved, so that the next in its lane may go. */
  const pass = async (ignoreBackoff: boolean): Promise<boolean> => {
    const stored = await store.all();
    unreadable = stored.unreadable;
    let moved = false;
    let crmAway = false;
    for (const entry of await dueHeads(options, stored.entries, ignoreBackoff)) {
      if (stopped) return false;
      carrying = entry.change.id;
      const laneOnServer = stored.entries.some(
        ({ change, state }) => change.lane === entry.change.lane && state === 'handed-over',
      );
      const outcome = await carry(entry.change, { laneOnServer, crmAway }, options).finally(() => (carrying = null));
      await settle(options, entry, outcome);
      moved ||= outcome.kind === 'done' || outcome.kind === 'handed-over';
      crmAway ||= outcome.kind === 'later' || (outcome.kind === 'handed-over' && outcome.crmFailed);
      if (outcome.kind === 'sign-in') return false;
    }
    return moved;
  };

  const run = async (): Promise<void> => {
    do {
      again = false;
      const ignoreBackoff = impatient;
      impatient = false;
      await locks.hold(`alongside.outbox.${name}`, async () => {
        while (!stopped && (await pass(ignoreBackoff)));
      });
    } while (again && !stopped);
    await sleepUntilDue();
  };

  const sleepUntilDue = async (): Promise<void> => {
    cancelWake();
    if (stopped) return;
    const { entries } = await store.all();
    const times = entries
      .filter(({ state }) => state === 'pending')
      .map(dueAt)
      .filter((at) => at > options.now());
    if (times.length > 0) cancelWake = options.wake(Math.min(...times) - options.now(), kick);
  };

  const kick = (): void => {
    if (stopped) return;
    again = true;
    running ??= run()
      .catch(options.report)
      .finally(() => {
        running = null;
        if (again) kick();
      });
  };

  return {
    kick,
    retryNow() {
      impatient = true;
      kick();
    },
    isCarrying: (changeId) => carrying === changeId,
    unreadable: () => unreadable,
    async stop() {
      stopped = true;
      cancelWake();
      await running;
    },
  };
}

/** Milliseconds at which an entry may be tried. */
function dueAt({ nextTryAt, change }: OutboxEntry): number {
  return Math.max(
    nextTryAt === null ? 0 : Date.parse(nextTryAt),
    change.holdUntil === null ? 0 : Date.parse(change.holdUntil),
  );
}

/** Per lane the oldest pending entry, if no conflict is before it, it is due and its attachments are read. */
async function dueHeads(
  { locks, name, now, store }: CorridorOptions,
  entries: readonly OutboxEntry[],
  ignoreBackoff: boolean,
): Promise<readonly OutboxEntry[]> {
  const heads = new Map<string, OutboxEntry>();
  for (const entry of entries) {
    const stands = entry.state === 'pending' || shownState(entry) === 'conflict';
    if (stands && !heads.has(entry.change.lane)) heads.set(entry.change.lane, entry);
  }
  const due: OutboxEntry[] = [];
  for (const entry of heads.values()) {
    const held = entry.change.holdUntil !== null && Date.parse(entry.change.holdUntil) > now();
    if (entry.state === 'stopped' || held || (!ignoreBackoff && dueAt(entry) > now())) continue;
    if (entry.captured) {
      due.push(entry);
      continue;
    }
    // The pane that read the attachments is gone if its lock is free: what it stored goes along, the rest is left out.
    const orphan = { ...entry, captured: true };
    const adopted = await locks.holdIfFree(captureLock(name, entry.change.id), () =>
      store.replace(orphan).then(() => true),
    );
    if (adopted === true) due.push(orphan);
  }
  return due;
}

async function settle(options: CorridorOptions, entry: OutboxEntry, outcome: Outcome): Promise<void> {
  const { store, statuses } = options;
  const { id } = entry.change;
  const now = iso(options.now());
  switch (outcome.kind) {
    case 'done':
      await store.remove(id);
      return statuses.set(statusOf(entry, 'done', { at: now, reason: null, nextTryAt: null, result: outcome.result }));
    case 'handed-over':
      return shadow(options, entry, outcome.status);
    case 'stopped': {
      const stopped = { ...entry, state: 'stopped' as const, since: now, nextTryAt: null, reason: outcome.reason };
      await store.replace(stopped);
      return statuses.set(statusOf(stopped, outcome.state));
    }
    case 'sign-in':
      return putOff(options, entry, outcome.reason, undefined);
    case 'later':
      return putOff(options, entry, outcome.reason, outcome.retryAfter);
  }
}

/** The ledger has it. A Change that was finished there before (a repetition) needs no shadow. */
async function shadow({ store, statuses }: CorridorOptions, entry: OutboxEntry, status: ChangeStatus): Promise<void> {
  const { id } = entry.change;
  if (isSettled(status.state)) await store.remove(id);
  else {
    await store.replace({ ...entry, state: 'handed-over', since: status.at, nextTryAt: null, reason: null });
    await store.removeAttachments(id);
  }
  statuses.set(status);
}

async function putOff(
  options: CorridorOptions,
  entry: OutboxEntry,
  reason: ChangeReason,
  retryAfter: number | undefined,
): Promise<void> {
  const { store, statuses, now, random } = options;
  const attempts = entry.attempts + 1;
  const nextTryAt = iso(now() + deviceDelay(attempts, random(), retryAfter));
  const waiting = { ...entry, attempts, nextTryAt, reason };
  await store.replace(waiting);
  statuses.set(
    store.durable
      ? statusOf(waiting, 'waiting')
      : statusOf(waiting, 'sending', { reason: { code: 'not-saved', message: reason.message } }),
  );
}
