import type { PageConfig } from './config.ts';
import { createLocalIdentity } from './local.ts';
import { createNestedAppIdentity, type NestedAppClient, type NestedAppSettings } from './nested-app.ts';
import type { TokenSource } from './token-source.ts';

/** One token per audience: the CRM's and our own server's are the same with the built-in CRM. */
export interface Identity {
  readonly crm: TokenSource;
  readonly server: TokenSource;
  /** Inside a click only; rejects like a TokenSource. */
  signIn(): Promise<void>;
}

export function createIdentity(options: {
  settings: PageConfig['identity'];
  /** Origin of the page. */
  origin: string;
  loginHint: string;
  fetch: typeof fetch;
  now: () => number;
  /** `loadNestedAppClient`; given, because a ribbon command is one file and cannot load it. */
  loadClient: (settings: NestedAppSettings) => Promise<NestedAppClient>;
}): Identity {
  const { settings, origin, loginHint, fetch, now } = options;
  if (settings.kind === 'local') {
    const both = createLocalIdentity({ fetch, url: `${origin}/identity/token`, loginHint, now });
    return { crm: both, server: both, signIn: () => signIn([both]) };
  }
  let client: Promise<NestedAppClient> | null = null;
  const load = (): Promise<NestedAppClient> => {
    client ??= options.loadClient(settings).catch((error: unknown) => {
      client = null;
      throw error;
    });
    return client;
  };
  const source = (scope: string): TokenSource => createNestedAppIdentity({ load, scope, loginHint, now });
  const server = source(settings.scope);
  const crm = settings.crmScope === undefined ? server : source(settings.crmScope);
  return { crm, server, signIn: () => signIn(crm === server ? [server] : [server, crm]) };
}

/** One after the other: never two windows at once. */
async function signIn(sources: readonly TokenSource[]): Promise<void> {
  for (const source of sources) await source.token({ interactive: true });
}
