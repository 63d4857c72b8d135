/** Time as an argument: the real one in programs, a steered one in tests. */
export interface Timers {
  /** Calls `ring` after so many milliseconds; answers how to cancel. */
  after(delay: number, ring: () => void): () => void;
  /** Milliseconds since some moment; they never go back, and go on while the process is stopped or its machine sleeps. */
  now(): number;
}

/** Milliseconds of this machine: since it started this process, and what its calendar says. */
interface MachineClocks {
  readonly running: () => number;
  readonly calendar: () => number;
}

/**
 * The first goes on while a process is stopped (SIGSTOP), but not on every system while the machine sleeps or a virtual one is
 * paused: Linux counts such hours in the second alone, which may be set back. A calendar set forward counts as having slept, which
 * harms nobody; one that was set back hides a sleep only until it is past where it had been.
 */
export function steadyClock({ running, calendar }: MachineClocks): () => number {
  let ahead = -Infinity;
  return () => {
    const ran = running();
    ahead = Math.max(ahead, calendar() - ran);
    return ran + ahead;
  };
}

export const timers: Timers = {
  after(delay, ring) {
    const timer = setTimeout(ring, delay);
    return () => clearTimeout(timer);
  },
  now: steadyClock({ running: () => performance.now(), calendar: Date.now }),
};
