interface Issued {
  readonly accessToken: string;
  /** Epoch seconds. */
  readonly expiresOn: number;
}

/** Tokens of the local identity provider for one user, asked for anew a minute before they run out. */
export function createTokens(fetch: typeof globalThis.fetch, loginHint: string, now: () => number) {
  let current: Promise<Issued> | null = null;

  async function issue(): Promise<Issued> {
    const response = await fetch('/identity/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(loginHint === '' ? {} : { loginHint }),
    });
    if (!response.ok) throw new Error(`The local identity provider answered with status ${response.status}.`);
    return (await response.json()) as Issued;
  }

  return async (): Promise<string> => {
    const held = await current?.catch(() => null);
    if (!held || held.expiresOn * 1000 - now() < 60_000) current = issue();
    return (await (current ?? issue())).accessToken;
  };
}
