import { setImmediate as turn } from 'node:timers';
import type { Random } from '../fuzz/random.ts';

/**
 * Simulated time. Everything that happens in a run is an event of this clock: it releases them one at a time, in order of their
 * moment, those of one moment in an order the seed decides; between two events the microtasks run dry. Nothing in a run waits
 * for the machine, so one seed tells one story.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `ring` after so many milliseconds; answers how to cancel. */
  readonly after: (delay: number, ring: () => void) => () => void;
  /** Lets events happen until the moment, or until `enough` says so after one of them. */
  readonly run: (until: number, enough?: () => boolean) => Promise<void>;
  /** The next event waits until this work is done: an outside call is one event, however many turns it takes in here. */
  readonly during: <Answer>(work: Promise<Answer>) => Promise<Answer>;
  /** This work needs turns of the event loop, and perhaps further events: the next event does not wait for its end. */
  readonly beside: <Answer>(work: Promise<Answer>) => Promise<Answer>;
  /** Events so far. */
  readonly events: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly seq: number;
  readonly ring: () => void;
  cancelled: boolean;
}

/** Saturday morning, before everybody comes in. */
export const start = Date.parse('2026-11-21T08:00:00.000Z');

export function createClock(random: Random): Clock {
  const heap: Event[] = [];
  let now = start;
  let seq = 0;
  let events = 0;
  let busy = 0;
  let turning = 0;
  return {
    now: () => now,
    after(delay, ring) {
      seq += 1;
      const at = now + Math.max(0, Math.round(delay));
      const event: Event = { at, order: random.int(2 ** 30), seq, ring, cancelled: false };
      push(heap, event);
      return () => void (event.cancelled = true);
    },
    async run(until, enough = () => false) {
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        pop(heap);
        if (next.cancelled) continue;
        now = next.at;
        events += 1;
        next.ring();
        await runDry(turning > 0 ? 2 : 0);
        for (let turns = 0; busy > 0; turns += 1) {
          if (turns > 10_000) throw new Error('An outside call does not end by itself.');
          await runDry(1);
        }
        if (enough()) return;
      }
      now = Math.max(now, until);
    },
    during(work) {
      busy += 1;
      return work.finally(() => (busy -= 1));
    },
    beside(work) {
      turning += 1;
      return work.finally(() => (turning -= 1));
    },
    get events() {
      return events;
    },
  };
}

/**
 * Microtasks run before the next tick; streams plan their next step for the tick after. Whole turns of the event loop, which
 * cost ten times as much, are taken only while something is under way that is known to need them.
 */
async function runDry(turns: number): Promise<void> {
  for (let ticks = 0; ticks < 4; ticks += 1) await new Promise<void>((resolve) => process.nextTick(resolve));
  for (let count = 0; count < turns; count += 1) await new Promise<void>((resolve) => void turn(resolve));
}

function isBefore(one: Event, other: Event): boolean {
  if (one.at !== other.at) return one.at < other.at;
  return one.order === other.order ? one.seq < other.seq : one.order < other.order;
}

function push(heap: Event[], event: Event): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
}

/**
 * Puts the clock in the place of the global timers, for the product code that takes its timers from there (`api/http` and
 * `api/queue` have time limits, the event stream a heartbeat).
 * @returns how to put the real ones back
 */
export function installTimers(clock: Clock): () => void {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was
  const timeout = AbortSignal.timeout;
  const cancels = new Map<number, () => void>();
  let last = 0;
  const plan = (ring: () => void, delay: number, again: boolean): number => {
    const id = (last += 1);
    const next = () => {
      if (again) cancels.set(id, clock.after(delay, next));
      else cancels.delete(id);
      ring();
    };
    cancels.set(id, clock.after(delay, next));
    return id;
  };
  const cancel = (id: number | undefined) => {
    if (id === undefined) return;
    cancels.get(id)?.();
    cancels.delete(id);
  };
  Object.assign(globalThis, {
    setTimeout: (ring: () => void, delay = 0) => plan(ring, delay, false),
    setInterval: (ring: () => void, delay = 0) => plan(ring, delay, true),
    clearTimeout: cancel,
    clearInterval: cancel,
  });
  AbortSignal.timeout = (delay) => {
    const ending = new AbortController();
    clock.after(delay, () => ending.abort(new DOMException('The operation timed out.', 'TimeoutError')));
    return ending.signal;
  };
  return () => {
    Object.assign(globalThis, real);
    AbortSignal.timeout = timeout;
  };
}
