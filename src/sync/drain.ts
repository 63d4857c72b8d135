import { isSettled, type ChangeReason, type ChangeState, type ChangeStatus } from '../model/change.ts';
import { MalformedChange } from '../model/parse-change.ts';
import { deviceDelay } from '../model/schedule.ts';
import { carry, type CarryServices, type Outcome } from './carry.ts';
import type { Locks } from './locks.ts';
import { askAfterShadows, believe } from './shadows.ts';
import type { Statuses } from './statuses.ts';
import { LeaseLost, type OutboxEntry, type Store } from './store.ts';

export interface DrainOptions extends Omit<CarryServices, 'store'> {
  readonly store: Store;
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

export interface Drainer {
  /** Something may be due; this lane first: somebody is looking at it. */
  readonly kick: (lane?: string) => void;
  readonly retryLane: (lane: string) => void;
  readonly retryNow: () => void;
  readonly connected: () => void;
  readonly isCarrying: (changeId: string) => boolean;
  readonly unreadable: () => number;
  readonly stop: () => Promise<void>;
}

/** Lanes carried at once: a CRM takes 52 requests of one person at a time, and the card beside needs some of them. */
const lanesAtOnce = 6;

/** Lanes that find nobody at the other end before a pass gives up: the rest would only wait for the same silence. */
const enoughSilence = 2;

export function createDrainer(options: DrainOptions): Drainer {
  const { locks, name } = options;
  const carrying = new Set<string>();
  const urgent = new Set<string>();
  const impatient = { all: false, lanes: new Set<string>() };
  const malformed = new Set<string>();
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let askShadows = true;
  let unreadable = 0;
  let cancelWake = (): void => undefined;

  /** One pass over the lanes. A kick ends it early, so that what was clicked just now need not wait for thousands. */
  const pass = async (store: Store): Promise<void> => {
    const mine = { ...options, store };
    const now = options.now();
    const hasty = { all: impatient.all, lanes: new Set(impatient.lanes) };
    impatient.all = false;
    impatient.lanes.clear();
    const stored = await store.entries();
    unreadable = stored.unreadable;
    if (askShadows) askShadows = !(await askAfterShadows(mine, stored.entries));
    const lanes = lanesOf(stored.entries);
    const due = lanes.filter(({ lane, next }) => isDue(next[0], now, hasty.all || hasty.lanes.has(lane)));
    const first = due.filter(({ lane }) => urgent.delete(lane));
    const line = [...first, ...due.filter((one) => !first.includes(one))];
    const state: PassState = { silence: 0, crmAway: false, signIn: null, over: () => stopped || again };
    const work = async (): Promise<void> => {
      for (let lane = line.shift(); lane !== undefined; lane = line.shift()) {
        await carryLane(mine, lane, state, { carrying, malformed, now }).catch((error: unknown) => {
          // Another pane took over while this one slept: it goes on where we stood, and we wait for our turn.
          if (error instanceof LeaseLost) again = true;
          else options.report(error);
        });
        if (state.over() || state.signIn !== null || state.silence >= enoughSilence) return;
      }
    };
    await Promise.all(Array.from({ length: lanesAtOnce }, work));
    if (state.signIn !== null || state.silence >= enoughSilence) sayWhyTheyWait(mine, line, state.signIn);
  };

  const run = async (): Promise<void> => {
    do {
      again = false;
      await locks.hold(`alongside.outbox.${name}`, (fence) =>
        stopped ? Promise.resolve() : pass(fence === null ? options.store : options.store.fenced(fence)),
      );
    } while (again && !stopped);
    await sleepUntilDue();
  };

  const sleepUntilDue = async (): Promise<void> => {
    cancelWake();
    if (stopped) return;
    const { entries } = await options.store.entries();
    const times = lanesOf(entries).map(({ next }) => (next[0] === undefined ? 0 : dueAt(next[0])));
    const coming = times.filter((at) => at > options.now());
    if (coming.length > 0) cancelWake = options.wake(earliest(coming) - options.now(), kick);
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
    kick(lane) {
      if (lane !== undefined) urgent.add(lane);
      kick();
    },
    retryLane(lane) {
      impatient.lanes.add(lane);
      kick();
    },
    retryNow() {
      impatient.all = true;
      kick();
    },
    connected() {
      impatient.all = true;
      askShadows = true;
      kick();
    },
    isCarrying: (changeId) => carrying.has(changeId),
    unreadable: () => unreadable + malformed.size,
    async stop() {
      stopped = true;
      cancelWake();
      await running;
    },
  };
}

/** What waits of one lane, in order; nothing when a conflict stands before it. */
interface Lane {
  readonly lane: string;
  readonly next: readonly OutboxEntry[];
  readonly onServer: boolean;
}

function lanesOf(entries: readonly OutboxEntry[]): readonly Lane[] {
  const lanes = new Map<string, { lane: string; next: OutboxEntry[]; onServer: boolean; held: boolean }>();
  for (const entry of entries) {
    const lane = lanes.get(entry.lane) ?? { lane: entry.lane, next: [], onServer: false, held: false };
    lanes.set(entry.lane, lane);
    lane.onServer ||= entry.state === 'handed-over';
    lane.held ||= shownState(entry) === 'conflict';
    if (entry.state === 'pending' && !lane.held) lane.next.push(entry);
  }
  return [...lanes.values()].filter(({ next }) => next.length > 0);
}

/** Milliseconds at which an entry may be tried. */
function dueAt({ nextTryAt, holdUntil }: OutboxEntry): number {
  return Math.max(nextTryAt === null ? 0 : Date.parse(nextTryAt), holdUntil === null ? 0 : Date.parse(holdUntil));
}

function isDue(entry: OutboxEntry | undefined, now: number, ignoreBackoff: boolean): boolean {
  if (entry === undefined) return false;
  const held = entry.holdUntil !== null && Date.parse(entry.holdUntil) > now;
  return !held && (ignoreBackoff || dueAt(entry) <= now);
}

function earliest(moments: readonly number[]): number {
  return moments.reduce((first, moment) => Math.min(first, moment), Number.POSITIVE_INFINITY);
}

interface PassState {
  /** Lanes in a row that nobody answered. */
  silence: number;
  crmAway: boolean;
  signIn: ChangeReason | null;
  readonly over: () => boolean;
}

interface Drain {
  readonly carrying: Set<string>;
  readonly malformed: Set<string>;
  readonly now: number;
}

/** Carries what is due of a lane, one after the other, until something of it has to wait. */
async function carryLane(options: DrainOptions, lane: Lane, state: PassState, drain: Drain): Promise<void> {
  let { onServer } = lane;
  for (const [index, listed] of lane.next.entries()) {
    if (index > 0 && (state.over() || !isDue(listed, drain.now, true))) return;
    drain.carrying.add(listed.id);
    try {
      const outcome = await carryEntry(options, listed, { onServer, crmAway: state.crmAway }, drain);
      if (outcome === 'not now') return;
      if (outcome === 'gone') continue;
      state.silence = outcome.kind === 'later' && outcome.reason.code === 'offline' ? state.silence + 1 : 0;
      state.crmAway ||= outcome.kind === 'later' || (outcome.kind === 'handed-over' && outcome.crmFailed);
      if (outcome.kind === 'sign-in') state.signIn = outcome.reason;
      if (outcome.kind === 'later' || outcome.kind === 'sign-in') return;
      if (outcome.kind === 'stopped' && outcome.state === 'conflict') return;
      onServer ||= outcome.kind === 'handed-over';
    } finally {
      drain.carrying.delete(listed.id);
    }
  }
}

async function carryEntry(
  options: DrainOptions,
  listed: OutboxEntry,
  hints: { readonly onServer: boolean; readonly crmAway: boolean },
  { malformed }: Drain,
): Promise<Outcome | 'gone' | 'not now'> {
  const { store } = options;
  const found = await store.entry(listed.id);
  if (found?.state !== 'pending') return 'gone';
  const entry = found.captured ? found : await adopt(options, found);
  if (entry === null) return 'not now';
  const change = await store.change(entry.id).catch((error: unknown) => {
    if (!(error instanceof MalformedChange)) throw error;
    malformed.add(entry.id); // another version's: left alone, counted, exported
    return null;
  });
  if (change === null) return 'gone';
  let current = entry;
  const offer = async (): Promise<void> => {
    current = { ...entry, offered: true };
    await store.replace(current);
  };
  const { saved, offered } = entry;
  const outcome = await carry(
    change,
    { saved, offered, offer, laneOnServer: hints.onServer, crmAway: hints.crmAway },
    options,
  ).catch((error: unknown): Outcome => {
    if (error instanceof LeaseLost || error instanceof DOMException) throw error;
    options.report(error); // a defect of ours stands in the way of this Change alone
    const message = 'Something went wrong on our side; it is tried again.';
    return { kind: 'later', reason: { code: 'unavailable', message }, retryAfter: undefined, offered: current.offered };
  });
  await settle(options, current, outcome);
  return outcome;
}

/** The pane that read the attachments is gone if its lock is free: what it stored goes along, the rest is left out. */
async function adopt({ locks, name, store }: DrainOptions, entry: OutboxEntry): Promise<OutboxEntry | null> {
  const orphan = { ...entry, captured: true };
  const there = await locks.holdIfFree(captureLock(name, entry.id), () => store.replace(orphan));
  return there === true ? orphan : null;
}

export function captureLock(name: string, changeId: string): string {
  return `alongside.capture.${name}.${changeId}`;
}

async function settle(options: DrainOptions, entry: OutboxEntry, outcome: Outcome): Promise<void> {
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
async function shadow({ store, statuses }: DrainOptions, entry: OutboxEntry, status: ChangeStatus): Promise<void> {
  await store.replace({ ...entry, state: 'handed-over', since: status.at, nextTryAt: null, reason: null });
  await store.removeAttachments(entry.id);
  // The event of its end may be quicker than the answer to the hand-over.
  const heard = statuses.get(entry.id);
  const latest = heard !== null && isSettled(heard.state) ? heard : status;
  await believe(store, latest);
  statuses.set(latest);
}

async function putOff(
  options: DrainOptions,
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

/** The pass ended before it came to these; what holds for the tried ones holds for them. */
function sayWhyTheyWait({ statuses }: DrainOptions, lanes: readonly Lane[], signIn: ChangeReason | null): void {
  const reason = signIn ?? { code: 'offline' as const, message: 'No connection.' };
  const untried = lanes.flatMap(({ next }) => next.filter(({ reason: known }) => known === null));
  statuses.set(...untried.map((entry) => statusOf({ ...entry, reason }, shownState(entry))));
}

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
