import * as v from 'valibot';
import { CrmError } from '../model/errors.ts';
import { keepToken, type IssuedToken } from './keep-token.ts';
import type { TokenSource } from './token-source.ts';

const Answer = v.object({ accessToken: v.pipe(v.string(), v.minLength(1)), expiresOn: v.number() });

/** The identity provider of the local stack: it believes who one says one is, hence exists on loopback only. */
export function createLocalIdentity(options: {
  fetch: typeof fetch;
  /** Same origin as the page; the provider answers nobody else. */
  url: string;
  /** The mailbox user's address. */
  loginHint: string;
  now: () => number;
}): TokenSource {
  async function issue(): Promise<IssuedToken> {
    const response = await options
      .fetch(options.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ loginHint: options.loginHint }),
      })
      .catch((cause: unknown) => {
        throw new CrmError('offline', 'The sign-in service does not answer.', {}, cause);
      });
    if (!response.ok) {
      const code = response.status >= 500 ? 'unavailable' : 'unauthorized';
      throw new CrmError(code, 'The sign-in service gave no token.', { status: response.status });
    }
    const answer = v.safeParse(Answer, await response.json().catch(() => null));
    if (!answer.success) throw new CrmError('unavailable', 'The sign-in service gave an answer that makes no sense.');
    return { token: answer.output.accessToken, expiresAt: answer.output.expiresOn * 1000 };
  }
  return keepToken(issue, options.now);
}
