import type { TokenRequest, TokenSource } from './token-source.ts';

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Renewed this long before it ends, so that a token does not run out on its way. */
const margin = 60_000;

/**
 * Keeps one token until shortly before it ends and lets everybody who asks meanwhile share one request. A request that a
 * person started (or a claims challenge) never shares a silent one: it may ask what the silent one may not.
 */
export function keepToken(issue: (request: TokenRequest) => Promise<IssuedToken>, now: () => number): TokenSource {
  let kept: IssuedToken | null = null;
  let underWay: { kind: string; answer: Promise<IssuedToken> } | null = null;

  const ask = (request: TokenRequest): Promise<IssuedToken> => {
    const kind = `${request.interactive === true}:${request.claims ?? ''}`;
    if (underWay?.kind === kind) return underWay.answer;
    const before = underWay?.answer.catch(() => null) ?? Promise.resolve();
    const answer = before
      .then(() => issue(request))
      .then((issued) => (kept = issued))
      .finally(() => {
        if (underWay?.answer === answer) underWay = null;
      });
    underWay = { kind, answer };
    return answer;
  };

  return {
    async token(request = {}) {
      const mustAsk = request.interactive === true || request.claims !== undefined;
      if (!mustAsk && kept !== null && kept.expiresAt - margin > now()) return kept.token;
      return (await ask(request)).token;
    },
  };
}
