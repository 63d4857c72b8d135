import type { ChangeReason } from '../model/change.ts';
import { carryLane, type CarryOptions, type PassState } from './carry-lane.ts';
import { dueAt, isDue, lanesOf, type Lane } from './lanes.ts';
import type { Turn } from './locks.ts';
import { askAfterShadows } from './shadows.ts';
import { shownState, statusOf } from './shown.ts';
import { LeaseLost, type OutboxEntry } from './store.ts';

export interface DrainOptions extends CarryOptions {
  /** Told what lies in the outbox whenever it was read. */
  readonly seen: (entries: readonly OutboxEntry[]) => Promise<void>;
  /** Wakes the drain after some milliseconds; answers how to cancel. */
  readonly wake: (delay: number, drain: () => void) => () => void;
}

export interface Drainer {
  /** Something may be due; this lane first: somebody is looking at it. */
  readonly kick: (lane?: string) => void;
  readonly retryLane: (lane: string) => void;
  readonly retryNow: () => void;
  readonly connected: () => void;
  readonly unreadable: () => number;
  readonly stop: () => Promise<void>;
}

/** Lanes carried at once: a CRM takes 52 requests of one person at a time, and the card beside needs some of them. */
const lanesAtOnce = 6;

/** Lanes that find nobody at the other end before a pass gives up: the rest would only wait for the same silence. */
const enoughSilence = 2;

/**
 * Milliseconds after which the outbox is looked at although nothing called for it: another pane may have left something in it
 * and closed before it could tell.
 */
const lookAgain = 30_000;

/**
 * Milliseconds after which the server is asked what became of the Changes it was handed, although it is to tell by itself:
 * the pane that listens for all may be frozen in the background.
 */
const askAgain = 60_000;

export function createDrainer(options: DrainOptions): Drainer {
  const { locks, name } = options;
  const urgent = new Set<string>();
  const impatient = { all: false, lanes: new Set<string>() };
  const malformed = new Set<string>();
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let askShadows = true;
  let unreadable = 0;
  let lastPass = 0;
  let askedAt = options.now();
  let cancelWake = (): void => undefined;

  /** One pass over the lanes. A kick ends it early, so that what was clicked just now need not wait for thousands. */
  const pass = async (mine: DrainOptions): Promise<void> => {
    const { store } = mine;
    const now = (lastPass = options.now());
    const hasty = { all: impatient.all, lanes: new Set(impatient.lanes) };
    impatient.all = false;
    impatient.lanes.clear();
    const stored = await store.entries();
    unreadable = stored.unreadable;
    await options.seen(stored.entries);
    if (askShadows && (await askAfterShadows(mine, stored.entries))) {
      askShadows = false;
      askedAt = now;
    }
    const lanes = lanesOf(stored.entries);
    const due = lanes.filter(({ lane, next }) => isDue(next[0], now, hasty.all || hasty.lanes.has(lane)));
    const first = due.filter(({ lane }) => urgent.delete(lane));
    const line = [...first, ...due.filter((one) => !first.includes(one))];
    const state: PassState = { silence: 0, crmAway: false, signIn: null, over: () => stopped || again };
    const work = async (): Promise<void> => {
      for (let lane = line.shift(); lane !== undefined; lane = line.shift()) {
        await carryLane(mine, lane, state, { malformed, now }).catch((error: unknown) => {
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
      await locks.hold(`alongside.outbox.${name}`, (turn) =>
        stopped ? Promise.resolve() : pass(underTurn(options, turn)),
      );
    } while (again && !stopped);
    sleep((await options.store.entries()).entries);
  };

  /** Until something is due. What a pass left although it was due (another pane has it in its hands) is looked at again. */
  const sleep = (entries: readonly OutboxEntry[]): void => {
    cancelWake();
    if (stopped) return;
    const now = options.now();
    const times = lanesOf(entries).map(({ next }) => (next[0] === undefined ? 0 : dueAt(next[0])));
    const coming = times.filter((at) => at > lastPass).reduce((first, at) => Math.min(first, at), now + lookAgain);
    cancelWake = options.wake(Math.max(0, coming - now), () => void look().catch(failed));
  };

  /** Reads, and takes a turn only if there is something to do: a pane that idles writes nothing and holds nobody up. */
  const look = async (): Promise<void> => {
    const before = lastPass;
    const { entries } = await options.store.entries();
    await options.seen(entries);
    const unheard = options.now() - askedAt > askAgain && entries.some(({ state }) => state === 'handed-over');
    askShadows ||= unheard;
    if (unheard || lanesOf(entries).some(({ next }) => isDue(next[0], options.now(), false))) kick();
    else if (running === null && lastPass === before) sleep(entries);
  };

  const failed = (error: unknown): void => {
    if (stopped) return;
    // Another pane took over while this one slept: it goes on where we stood, and we wait for our turn.
    if (error instanceof LeaseLost) return kick();
    options.report(error);
    sleep([]);
  };

  const kick = (): void => {
    if (stopped) return;
    again = true;
    running ??= run()
      .catch(failed)
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
    unreadable: () => unreadable + malformed.size,
    async stop() {
      stopped = true;
      cancelWake();
      await running;
    },
  };
}

/** What a turn that may end unnoticed does to the store and the CRM, it does only while it holds. */
function underTurn(options: DrainOptions, turn: Turn | null): DrainOptions {
  if (turn === null) return options;
  const check = (): void => {
    if (!turn.holds()) throw new LeaseLost();
  };
  const applyDirectly: DrainOptions['applyDirectly'] = (change, note) => options.applyDirectly(change, note, check);
  return { ...options, store: options.store.fenced(turn), applyDirectly };
}

/** The pass ended before it came to these; what holds for the tried ones holds for them. */
function sayWhyTheyWait({ statuses }: DrainOptions, lanes: readonly Lane[], signIn: ChangeReason | null): void {
  const reason = signIn ?? { code: 'offline' as const, message: 'No connection.' };
  const untried = lanes.flatMap(({ next }) => next.filter(({ reason: known }) => known === null));
  statuses.set(...untried.map((entry) => statusOf({ ...entry, reason }, shownState(entry))));
}
