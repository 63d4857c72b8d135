import { CrmError } from '../model/errors.ts';
import { isObject } from '../model/is-object.ts';

/** What a page must know before it can ask anybody anything. Holds no secret. */
export interface PageConfig {
  /** Origin of the CRM: our own or a Dataverse organisation. */
  readonly crmUrl: string;
  readonly tenantId: string;
  readonly identity:
    | { readonly kind: 'local' }
    | {
        readonly kind: 'msal';
        readonly clientId: string;
        readonly authority: string;
        /** Of our own server. */
        readonly scope: string;
        /** Of a Dataverse organisation, which is another audience; absent with the built-in CRM. */
        readonly crmScope?: string;
      };
}

/** Reads `/config.json`. Rejects with CrmError `offline` or `unavailable`. */
export async function readConfig(options: { fetch: typeof fetch; url: string }): Promise<PageConfig> {
  const response = await options.fetch(options.url).catch((cause: unknown) => {
    throw new CrmError('offline', 'The server does not answer.', {}, cause);
  });
  if (!response.ok) {
    throw new CrmError('unavailable', `The server answered ${response.status}.`, { status: response.status });
  }
  const config = parseConfig(await response.json().catch(() => null));
  if (config === null) throw new CrmError('unavailable', 'The server gave a configuration that makes no sense.');
  return config;
}

/** By hand: a schema library for these seven words would be an eighth of what the ribbon's command may weigh. */
function parseConfig(said: unknown): PageConfig | null {
  if (!isObject(said)) return null;
  const { crmUrl, tenantId } = said;
  const identity = parseIdentity(said['identity']);
  return isUrl(crmUrl) && isWord(tenantId) && identity !== null ? { crmUrl, tenantId, identity } : null;
}

function parseIdentity(said: unknown): PageConfig['identity'] | null {
  if (!isObject(said)) return null;
  const { kind, clientId, authority, scope, crmScope } = said;
  if (kind === 'local') return { kind };
  if (kind !== 'msal' || !isWord(clientId) || !isUrl(authority) || !isWord(scope)) return null;
  if (crmScope === undefined) return { kind, clientId, authority, scope };
  return isWord(crmScope) ? { kind, clientId, authority, scope, crmScope } : null;
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isUrl(value: unknown): value is string {
  return isWord(value) && URL.canParse(value);
}
