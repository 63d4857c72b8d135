import { FluentProvider, webDarkTheme, webLightTheme } from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useSyncExternalStore, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { createDataverse } from '../api/dataverse.ts';
import { createHttp } from '../api/http.ts';
import { createMailboxes } from '../api/mailboxes.ts';
import { recordLink } from '../api/record-link.ts';
import { createRegardingSearch } from '../api/regarding.ts';
import { readConfig, type PageConfig } from '../identity/config.ts';
import { createIdentity } from '../identity/identity.ts';
import { loadNestedAppClient } from '../identity/load-nested-app.ts';
import { FailureBar } from './failure-bar.tsx';
import { MailboxesPage } from './mailboxes-page.tsx';
import type { AdminServices } from './services.ts';

const dark = matchMedia('(prefers-color-scheme: dark)');
const subscribeToColours = (changed: () => void): (() => void) => {
  dark.addEventListener('change', changed);
  return () => dark.removeEventListener('change', changed);
};

function Frame({ children }: { children: ReactNode }) {
  const isDark = useSyncExternalStore(subscribeToColours, () => dark.matches);
  return (
    <FluentProvider theme={isDark ? webDarkTheme : webLightTheme} style={{ minHeight: '100vh' }}>
      {children}
    </FluentProvider>
  );
}

/** The admin page's composition. On a local stack `?user=` says as whom; elsewhere the sign-in does. */
async function main(): Promise<void> {
  const place = document.getElementById('admin');
  if (place === null) throw new Error('admin.html has no place for the page.');
  const root = createRoot(place);
  try {
    const config = await readConfig({ fetch: fetch.bind(globalThis), url: `${location.origin}/config.json` });
    const services = composeServices(config, new URLSearchParams(location.search).get('user') ?? '');
    const queries = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: 'always' } } });
    root.render(
      <Frame>
        <QueryClientProvider client={queries}>
          <MailboxesPage services={services} />
        </QueryClientProvider>
      </Frame>,
    );
  } catch (error) {
    root.render(
      <Frame>
        <FailureBar error={error} onRetry={() => location.reload()} />
      </Frame>,
    );
  }
}

function composeServices(config: PageConfig, user: string): AdminServices {
  const { origin } = location;
  const fetchHere = fetch.bind(globalThis);
  const identity = createIdentity({
    settings: config.identity,
    origin,
    loginHint: user,
    fetch: fetchHere,
    now: Date.now,
    loadClient: loadNestedAppClient,
  });
  const sync = createHttp({
    fetch: fetchHere,
    baseUrl: `${origin}/sync/v1/`,
    token: (request) => identity.server.token(request),
  });
  const crm = createHttp({
    fetch: fetchHere,
    baseUrl: `${config.crmUrl.replace(/\/+$/, '')}/api/data/v9.2/`,
    token: (request) => identity.crm.token(request),
  });
  const builtIn = new URL(config.crmUrl).origin === origin;
  return {
    mailboxes: createMailboxes(sync),
    regarding: createRegardingSearch(createDataverse(crm)),
    link: (record) => recordLink(config.crmUrl, builtIn ? 'built-in' : 'dynamics', record),
    signIn: () => identity.signIn(),
  };
}

void main();
