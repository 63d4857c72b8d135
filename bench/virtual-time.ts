import type { Timers } from '../src/server/queue/timers.ts';
import { createHeap } from './heap.ts';

/** A clock that stands while there is something to do, and then goes on to the next alarm: weeks pass in minutes. */
export interface VirtualTime {
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  now(): number;
  every(period: number, ring: () => void): void;
  sleep(milliseconds: number): Promise<void>;
  /** The clock stands while this is under way; for what is done outside of this thread. */
  during<Answer>(work: Promise<Answer>): Promise<Answer>;
  /** Lets time pass until that moment. */
  passUntil(moment: number): Promise<void>;
}

interface Alarm {
  readonly at: number;
  ring: (() => void) | null;
}

export function createVirtualTime(start: number): VirtualTime {
  const alarms = createHeap<Alarm>(({ at }) => at);
  let now = start;
  let outside = 0;

  const after: Timers['after'] = (delay, ring) => {
    const alarm: Alarm = { at: now + delay, ring };
    alarms.push(alarm);
    return () => {
      alarm.ring = null;
    };
  };
  /** Statements are synchronous and the rest are promises: all that is left has run when the event loop went round. */
  const settle = async (): Promise<void> => {
    do {
      for (let round = 0; round < 2; round += 1) await new Promise((resolve) => setImmediate(resolve));
    } while (outside > 0);
  };
  const time: VirtualTime = {
    timers: { after, now: () => now },
    now: () => now,
    every: (period, ring) =>
      void after(period, () => {
        ring();
        time.every(period, ring);
      }),
    sleep: (milliseconds) => new Promise((resolve) => after(milliseconds, resolve)),
    during(work) {
      outside += 1;
      return work.finally(() => {
        outside -= 1;
      });
    },
    async passUntil(moment) {
      for (;;) {
        await settle();
        const next = alarms.first();
        if (next === undefined || next.at > moment) break;
        alarms.pop();
        if (next.ring === null) continue;
        now = next.at;
        next.ring();
      }
      now = moment;
    },
  };
  return time;
}
