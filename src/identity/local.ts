import { CrmError } from '../model/errors.ts';
import { isObject } from '../model/is-object.ts';
import { keepToken, type IssuedToken } from './keep-token.ts';
import type { TokenSource } from './token-source.ts';

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
    const answer: unknown = await response.json().catch(() => null);
    const { accessToken, expiresOn } = isObject(answer) ? answer : {};
    if (typeof accessToken !== 'string' || accessToken === '' || typeof expiresOn !== 'number')
      throw new CrmError('unavailable', 'The sign-in service gave an answer that makes no sense.');
    return { token: accessToken, expiresAt: expiresOn * 1000 };
  }
  return keepToken(issue, options.now);
}
