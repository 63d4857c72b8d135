/** How long before its end a token is replaced, milliseconds. */
const early = 60_000;

/** One token for all callers until shortly before its end; one request at a time for a new one. */
export function keepUntilEarly(
  issue: () => Promise<{ token: string; until: number }>,
  now: () => number,
): () => Promise<string> {
  let kept: { token: string; until: number } | null = null;
  let asking: Promise<string> | null = null;
  return async () => {
    if (kept !== null && kept.until - early > now()) return kept.token;
    asking ??= issue()
      .then((fresh) => {
        kept = fresh;
        return fresh.token;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  };
}
