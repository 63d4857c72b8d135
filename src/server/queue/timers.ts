/** Time as an argument: the real one in programs, a steered one in tests. */
export interface Timers {
  /** Calls `ring` after so many milliseconds; answers how to cancel. */
  after(delay: number, ring: () => void): () => void;
  /** Milliseconds since some moment; they never go back, and go on while the process is stopped. */
  now(): number;
}

export const timers: Timers = {
  after(delay, ring) {
    const timer = setTimeout(ring, delay);
    return () => clearTimeout(timer);
  },
  now: () => performance.now(),
};
