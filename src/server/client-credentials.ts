import { CrmError } from '../model/errors.ts';
import { isObject } from '../model/is-object.ts';
import type { Dataverse } from './config.ts';
import { keepUntilEarly } from './http/kept-token.ts';

/**
 * Tokens of the application user of a real organisation: OAuth 2.0 client credentials (RFC 6749 4.4) against Microsoft Entra.
 * A refusal is 'unauthorized' (the worker keeps the Change and tries again), silence is 'offline'.
 */
export function createClientCredentials(
  { url, tokenUrl, clientId, clientSecret }: Dataverse,
  options: { readonly fetch: typeof fetch; readonly now: () => number },
): () => Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${url}/.default`,
  });
  const issue = async () => {
    const asked = options.now();
    const response = await options
      .fetch(tokenUrl, { method: 'POST', body: form, signal: AbortSignal.timeout(10_000) })
      .catch((cause: unknown) => {
        throw new CrmError('offline', 'The sign-in service did not answer.', {}, cause);
      });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok || !isObject(body) || typeof body['access_token'] !== 'string') {
      const code = response.status >= 500 ? 'unavailable' : 'unauthorized';
      throw new CrmError(code, 'The sign-in service refused the application user.', { status: response.status });
    }
    const seconds = typeof body['expires_in'] === 'number' ? body['expires_in'] : 300;
    return { token: body['access_token'], until: asked + seconds * 1000 };
  };
  return keepUntilEarly(issue, options.now);
}
