/** A clock that stands until a test lets it pass; alarms ring in their order. */
export interface Time {
  now(): number;
  wake(this: void, delay: number, ring: () => void): () => void;
  pass(milliseconds: number): Promise<void>;
  /** Resolves when nothing moves any more. */
  settle(): Promise<void>;
}

export function createTime(start = Date.parse('2026-11-21T08:00:01.000Z')): Time {
  let now = start;
  const alarms = new Set<{ at: number; ring: () => void }>();
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 20; quiet += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now,
    wake(delay, ring) {
      const alarm = { at: now + delay, ring };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    async pass(milliseconds) {
      now += milliseconds;
      for (const alarm of [...alarms].sort((a, b) => a.at - b.at)) {
        if (alarm.at > now || !alarms.delete(alarm)) continue;
        alarm.ring();
      }
      await settle();
    },
    settle,
  };
}
