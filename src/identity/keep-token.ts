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
  /** A challenge that no token answered yet: what the person signs in for next must answer it too. */
  let challenge: string | undefined;
  let underWay: { kind: string; answer: Promise<IssuedToken> } | null = null;

  const ask = (request: TokenRequest): Promise<IssuedToken> => {
    const kind = `${request.interactive === true}:${request.renew === true}:${request.claims ?? ''}`;
    if (underWay?.kind === kind) return underWay.answer;
    const before = underWay?.answer.catch(() => null) ?? Promise.resolve();
    const answer = before
      .then(() => issue(request))
      .then((issued) => {
        challenge = undefined;
        return (kept = issued);
      })
      .finally(() => {
        if (underWay?.answer === answer) underWay = null;
      });
    underWay = { kind, answer };
    return answer;
  };

  return {
    async token(request = {}) {
      challenge = request.claims ?? challenge;
      const mustAsk = request.interactive === true || request.renew === true || challenge !== undefined;
      if (!mustAsk && kept !== null && kept.expiresAt - margin > now()) return kept.token;
      return (await ask(challenge === undefined ? request : { ...request, claims: challenge })).token;
    },
  };
}
