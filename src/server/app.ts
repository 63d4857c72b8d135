import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { openCrm, type CrmOptions } from './crm/crm.ts';
import type { Database } from './db/open.ts';
import { registerPages, type PagesOptions } from './http/pages.ts';
import { documentedLimits, type RequestLimits } from './http/request-limits.ts';
import { createServer, type ServerOptions } from './http/server.ts';
import { createTokenCheck, type Issuer } from './http/tokens.ts';

export interface AppOptions {
  database: Database;
  /** Who signs in; `services` are the object ids of this product's own workers: always welcome, and at their own pace. */
  identity: { issuers: readonly Issuer[]; services?: readonly string[] | undefined };
  /** The built-in CRM; leave it out where `CRM_URL` names an organisation elsewhere. */
  crm?: CrmOptions | undefined;
  /** The add-in's built files; leave them out in tests of the API. */
  pages?: PagesOptions | undefined;
  loopback?: ServerOptions['loopback'];
  /** What one user may ask the Web API for in five minutes; the original's numbers when it is left out, null: no limits. */
  limits?: RequestLimits | null | undefined;
  serverFactory?: ServerOptions['serverFactory'];
  now?: (() => Date) | undefined;
  logger?: FastifyBaseLogger | undefined;
}

/**
 * Puts the server together. It is not listening yet: further rooms register their routes on it, with
 * `server.identify(request)` for who asks, then somebody calls `listen` (or `inject`, in tests).
 */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const now = options.now ?? (() => new Date());
  const server = createServer({
    checkToken: createTokenCheck(options.identity.issuers, now),
    loopback: options.loopback,
    limits: options.limits === null ? undefined : (options.limits ?? documentedLimits),
    unlimited: new Set(options.identity.services),
    now: () => now().getTime(),
    logger: options.logger,
    serverFactory: options.serverFactory,
  });
  server.get('/healthz', async () => ({ status: 'ok' }));
  const { services } = options.identity;
  if (options.crm !== undefined) await openCrm(server, { services, ...options.crm, database: options.database, now });
  if (options.pages !== undefined) registerPages(server, options.pages);
  return server;
}
