const minute = 60_000;
/** Mailboxes whose settings are kept; the oldest is forgotten before another is added. */
const mostKept = 10_000;

/** What was read a minute ago is still true. What failed is read again at once. */
export function keptFor<T>(now: () => number, read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, { readonly at: number; readonly value: T }>();
  return async (key) => {
    const known = kept.get(key);
    if (known !== undefined && now() - known.at < minute) return known.value;
    const value = await read(key);
    kept.delete(key);
    const [oldest] = kept.keys();
    if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
    kept.set(key, { at: now(), value });
    return value;
  };
}
