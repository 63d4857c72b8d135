import { createHttp, type GetToken } from '../api/http.ts';
import { createPeople } from '../api/people.ts';
import { recordLink } from '../api/record-link.ts';
import { createRegardingSearch } from '../api/regarding.ts';
import type { PageConfig } from '../identity/config.ts';
import { createIdentity } from '../identity/identity.ts';
import { loadNestedAppClient } from '../identity/load-nested-app.ts';
import { startSync } from '../sync/compose.ts';
import { startFollowing } from '../sync/start-following.ts';
import type { Services } from './services.ts';

/** Puts the pane's services together. */
export async function startServices(options: {
  config: PageConfig;
  user: string;
  origin: string;
  fetch: typeof fetch;
}): Promise<Services> {
  const { config, user, origin, fetch } = options;
  const identity = createIdentity({
    settings: config.identity,
    origin,
    loginHint: user,
    fetch,
    now: Date.now,
    loadClient: loadNestedAppClient,
  });
  // Asked for now, needed in a moment; whoever needs it hears of a failure.
  identity.crm.token().catch(() => undefined);
  const syncUrl = `${origin}/sync/v1/`;
  const syncToken: GetToken = (request) => identity.server.token(request);
  const sync = await startSync({
    crmUrl: config.crmUrl,
    syncUrl,
    tenantId: config.tenantId,
    user,
    crmToken: (request) => identity.crm.token(request),
    syncToken,
    fetch,
    follow: startFollowing,
    notes: () => localStorage,
    report: (error) => console.error(error),
  });
  const builtIn = new URL(config.crmUrl).origin === origin;
  return {
    crm: {
      people: createPeople(sync.crm),
      regarding: createRegardingSearch(sync.crm),
      link: (record) => recordLink(config.crmUrl, builtIn ? 'built-in' : 'dynamics', record),
    },
    tracking: {
      gestures: sync.gestures,
      changes: sync.statuses,
      device: sync.device,
      // Seldom needed: loaded when somebody asks for it.
      exportOutbox: () =>
        import('../sync/export-outbox.ts').then(({ exportOutbox }) => exportOutbox(sync.store, user, Date.now())),
      itemState: (mail, signal) => sync.itemState(mail, signal),
      glance: (mail, signal) => sync.glance(mail, signal),
      reasons: (itemKey, activityId) =>
        import('../api/mail-why.ts').then(({ askReasons }) => {
          const server = createHttp({ fetch, baseUrl: syncUrl, token: syncToken });
          return askReasons({ crm: sync.crm, sync: server }, itemKey, activityId);
        }),
      drop: (changeId) => sync.corridor.drop(changeId),
      retryNow: () => sync.corridor.retryNow(),
    },
    async signIn() {
      await identity.signIn();
      sync.corridor.retryNow();
    },
  };
}
