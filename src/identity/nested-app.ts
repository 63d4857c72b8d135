import { CrmError } from '../model/errors.ts';
import { keepToken, type IssuedToken } from './keep-token.ts';
import type { TokenRequest, TokenSource } from './token-source.ts';

interface Question {
  scopes: string[];
  loginHint: string;
  claims?: string;
  forceRefresh?: boolean;
}

interface Answer {
  readonly accessToken: string;
  readonly expiresOn: Date | null;
}

/** What we use of MSAL's nestable client; its redirect, logout and setActiveAccount calls do not work inside an Office frame. */
export interface NestedAppClient {
  acquireTokenSilent(question: Question): Promise<Answer>;
  acquireTokenPopup(question: Question): Promise<Answer>;
}

export interface NestedAppSettings {
  readonly clientId: string;
  readonly authority: string;
  /** One resource scope, for example `https://contoso.crm4.dynamics.com/user_impersonation`. */
  readonly scope: string;
}

/** Error codes of MSAL that mean no network rather than no sign-in. */
const networkCodes = new Set(['no_network_connectivity', 'network_error', 'post_request_failed', 'get_request_failed']);
const silentLimit = 15_000;

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('errorCode' in error)) return '';
  return String(error.errorCode);
}

/** The message is ours: MSAL's may quote addresses and ids. */
function translate(error: unknown): CrmError {
  if (error instanceof CrmError) return error;
  const code = codeOf(error);
  if (networkCodes.has(code)) return new CrmError('offline', 'The sign-in service cannot be reached.');
  return new CrmError('unauthorized', code === '' ? 'Please sign in.' : `Please sign in (${code}).`);
}

/**
 * Nested app authentication: Outlook itself signs in. Silent first; a window only inside a click, and one at a time. Some
 * Outlooks announce the bridge and never answer (office-js #5001, #6691), so the silent call has a time limit.
 */
export function createNestedAppIdentity(options: {
  load: () => Promise<NestedAppClient>;
  scope: string;
  loginHint: string;
  now: () => number;
}): TokenSource {
  let loading: Promise<NestedAppClient> | null = null;
  const client = (): Promise<NestedAppClient> => {
    loading ??= options.load().catch((cause: unknown) => {
      loading = null;
      throw new CrmError('offline', 'The sign-in code could not be loaded.', {}, cause);
    });
    return loading;
  };

  async function issue(request: TokenRequest): Promise<IssuedToken> {
    const question: Question = {
      scopes: [options.scope],
      loginHint: options.loginHint,
      ...(request.claims === undefined ? {} : { claims: request.claims }),
      ...(request.renew === true ? { forceRefresh: true } : {}),
    };
    try {
      const msal = await client();
      const answer = await within(silentLimit, msal.acquireTokenSilent(question)).catch((error: unknown) => {
        if (request.interactive !== true || networkCodes.has(codeOf(error))) throw error;
        return msal.acquireTokenPopup(question);
      });
      // No expiry stated: asked again each time, and MSAL keeps what is still good.
      return { token: answer.accessToken, expiresAt: answer.expiresOn?.getTime() ?? 0 };
    } catch (error) {
      throw translate(error);
    }
  }
  return keepToken(issue, options.now);
}

function within<T>(limit: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new CrmError('unauthorized', 'Outlook did not sign in.')), limit);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
