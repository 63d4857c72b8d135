import { isObject } from '../../model/is-object.ts';
import { keepUntilEarly } from '../http/kept-token.ts';
import type { Credentials } from './credentials.ts';
import { readRetryAfter } from './graph/graph-error.ts';
import type { OAuthConfig } from './source-config.ts';
import { SourceError } from './source.ts';

export interface OAuthServices {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** The provider replaced the refresh token: only the new one is promised to go on working (RFC 6749, 6). */
  readonly renewed: (refreshToken: string) => Promise<void>;
}

const within = 15_000;
/** Seconds, where the answer does not say how long a token lives. */
const usualLife = 300;

/**
 * Access tokens for a mailbox: by a refresh token where there is one (RFC 6749, 6; Google, https://developers.google.com/identity/protocols/oauth2/web-server#offline),
 * else by the application's own secret (RFC 6749, 4.4; Exchange Online with the scope https://outlook.office365.com/.default,
 * https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth).
 * One is kept until shortly before its end.
 *
 * Rejects with SourceError: `unauthorized` and `refused` are for a person to mend, `unavailable` and `throttled` pass. Messages hold
 * the provider's error code, never a secret.
 */
export function createOAuthToken(
  config: OAuthConfig,
  credentials: Extract<Credentials, { kind: 'oauth' }>,
  { fetch, now, renewed }: OAuthServices,
): () => Promise<string> {
  let { refreshToken } = credentials;
  const issue = async () => {
    const asked = now();
    const answer = await ask(fetch, config, formOf(config, { ...credentials, refreshToken }));
    const body: unknown = await answer.json().catch(() => null);
    if (!answer.ok) throw refusalOf(answer, body, now());
    if (!isObject(body) || typeof body['access_token'] !== 'string')
      throw new SourceError('unavailable', 'What answered is no sign-in service.');
    const replaced = body['refresh_token'];
    if (refreshToken !== null && typeof replaced === 'string' && replaced !== '' && replaced !== refreshToken) {
      refreshToken = replaced;
      await renewed(replaced);
    }
    const seconds = Number(body['expires_in'] ?? usualLife);
    return { token: body['access_token'], until: asked + (Number.isFinite(seconds) ? seconds : usualLife) * 1_000 };
  };
  return keepUntilEarly(issue, now);
}

function formOf(
  { clientId, scope }: OAuthConfig,
  { clientSecret, refreshToken }: Extract<Credentials, { kind: 'oauth' }>,
): URLSearchParams {
  return new URLSearchParams({
    ...(refreshToken === null
      ? { grant_type: 'client_credentials' }
      : { grant_type: 'refresh_token', refresh_token: refreshToken }),
    client_id: clientId,
    ...(clientSecret === null ? {} : { client_secret: clientSecret }),
    ...(scope === null ? {} : { scope }),
  });
}

async function ask(fetch: OAuthServices['fetch'], { tokenEndpoint }: OAuthConfig, body: URLSearchParams) {
  try {
    // A redirect would carry the secret to wherever it points.
    const signal = AbortSignal.timeout(within);
    const headers = { accept: 'application/json' };
    return await fetch(tokenEndpoint, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (cause) {
    throw new SourceError('unavailable', 'The sign-in service did not answer.', { cause });
  }
}

/** Codes with which a service says that it is its own fault (RFC 6749, 4.1.2.1, answered by token endpoints as well). */
const passing = new Set(['temporarily_unavailable', 'server_error']);

function refusalOf({ status, headers }: Response, body: unknown, now: number): SourceError {
  const said = isObject(body) && typeof body['error'] === 'string' ? body['error'] : '';
  const code = said.replace(/[^\w.-]/g, '').slice(0, 60);
  if (status === 429) {
    const retryAfter = readRetryAfter(headers.get('retry-after'), now);
    const facts = retryAfter === undefined ? {} : { retryAfter };
    return new SourceError('throttled', 'The sign-in service is asked too often.', facts);
  }
  if (status >= 500 || status === 408 || passing.has(code))
    return new SourceError('unavailable', `The sign-in service cannot answer just now (${String(status)}).`);
  if (code === '')
    return new SourceError('refused', `At the token endpoint is no sign-in service (${String(status)}).`);
  return new SourceError(
    'unauthorized',
    `The sign-in service refused (${code}): an administrator enters the client secret or the refresh token anew.`,
  );
}
