const minute = 60_000;
/** After this long what failed is tried anew, where there is something older to go by meanwhile. */
const pause = 10_000;
/** Keys that are kept; the oldest is forgotten before another is added. */
const most = 10_000;

/**
 * What was read a minute ago is still true, and what cannot be read anew is as it was. Whoever asks at the same moment shares one
 * question. Rejects only where nothing is known yet; the next who asks tries again.
 */
export function keptFor<T>(now: () => number, read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, { until: number; value: Promise<T> }>();
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined && now() < known.until) return known.value;
    const value = read(key).catch((error: unknown) => {
      if (known !== undefined) {
        entry.until = now() + pause;
        return known.value;
      }
      kept.delete(key);
      throw error;
    });
    const entry = { until: now() + minute, value };
    kept.delete(key);
    const [oldest] = kept.keys();
    if (kept.size >= most && oldest !== undefined) kept.delete(oldest);
    kept.set(key, entry);
    return value;
  };
}
