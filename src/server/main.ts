// node src/server/main.ts --role web|daemon|all: the production server. docs/operating.md names the environment it reads.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRemoteJWKSet } from 'jose';
import pino, { type Logger } from 'pino';
import { createApp } from './app.ts';
import { createClientCredentials } from './client-credentials.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import { CustomTablesError } from './crm/custom/declaration.ts';
import { readCustomTables } from './crm/custom/read-file.ts';
import { DatabaseError } from './db/errors.ts';
import { openDatabase } from './db/open.ts';
import type { PagesOptions } from './http/pages.ts';
import { openNotifications } from './mailbox/notify.ts';
import { registerMailboxes, startMailboxes, type MailboxOptions } from './mailbox/start.ts';
import { registerQueue, startWorker, type QueueOptions } from './queue/start.ts';
import { createServiceIdentity } from './service-token.ts';

/** Who may show the pane in a frame: Outlook on the web and the new Outlook. */
const outlook = [
  'https://outlook.office.com',
  'https://outlook.office365.com',
  'https://outlook.cloud.microsoft',
  'https://*.officeapps.live.com',
];
/** Where office.js and what it loads come from. */
const officeScripts = [
  'https://officeapis.public.onecdn.static.microsoft',
  'https://appsforoffice.microsoft.com',
  'https://ajax.aspnetcdn.com',
];

/** The application user of the built-in CRM; a fixed id, so that what it did stays attributed over restarts. */
const serviceUser = 'a1050000-0000-4000-8000-000000000001';

async function start(config: Config, log: Logger): Promise<() => Promise<void>> {
  if ('file' in config.database) mkdirSync(dirname(config.database.file), { recursive: true });
  const database = await openDatabase(config.database, { seconds: config.statementSeconds });
  const service = await createServiceIdentity(config.tenantId, serviceUser, Date.now);
  const { issuer, audience, keys } = config.signIn;
  const people = { issuer, audience, keys: createRemoteJWKSet(new URL(keys)) };
  const app = await createApp({
    database,
    identity: { issuers: [people, service.issuer], services: [serviceUser] },
    ...(config.dataverse === null && {
      crm: {
        organisation: 'Alongside',
        firstSignIn: config.firstSignIn,
        administrators: [...config.administrators],
        baseCurrency: config.baseCurrency,
        customTables: config.customTables === undefined ? undefined : readCustomTables(config.customTables),
        smtpUrl: config.smtpUrl,
      },
    }),
    pages: pagesOf(config),
    limits: config.limits,
    logger: log,
  });
  const options: QueueOptions = {
    database,
    crm: crmOf(config, service.token),
    tenantId: config.tenantId,
    now: Date.now,
    random: Math.random,
    report: (error) => log.error({ err: error }, 'unexpected error in the queue'),
  };
  const ledger = registerQueue(app, options);
  const mailboxOptions = { ...options, ...mailboxesOf(config), ledger };
  const mailboxes = registerMailboxes(app, mailboxOptions);
  await app.listen({ host: config.bind, port: config.port });
  const worker = config.role === 'web' ? null : startWorker(ledger, options);
  const daemon = config.role === 'web' ? null : startMailboxes(mailboxes, mailboxOptions);
  return async () => {
    await daemon?.stop();
    await worker?.stop();
    await app.close();
    await database.close();
  };
}

/** A real organisation with the application user's own sign-in, or the CRM in this process by way of loopback. */
function crmOf(config: Config, ownToken: () => Promise<string>): QueueOptions['crm'] {
  if (config.dataverse === null)
    return { url: `http://127.0.0.1:${config.port}`, token: ownToken, fetch, together: true };
  return {
    url: config.dataverse.url,
    token: createClientCredentials(config.dataverse, { fetch, now: Date.now }),
    fetch,
  };
}

function mailboxesOf({
  mailboxes,
  publicUrl,
}: Config): Pick<MailboxOptions, 'graph' | 'notifications' | 'key' | 'ours' | 'concurrency' | 'listened' | 'folders'> {
  const { key, domains, concurrency, listened } = mailboxes;
  const graph =
    mailboxes.graph === null
      ? null
      : {
          baseUrl: `${mailboxes.graph.url}/v1.0`,
          token: createClientCredentials(mailboxes.graph, { fetch, now: Date.now }),
        };
  return {
    graph,
    notifications: openNotifications({ graph, publicUrl, key, fetch, now: Date.now }),
    ...{ key, concurrency, listened, ours: domains, folders: false },
  };
}

function pagesOf(config: Config): PagesOptions {
  const { clientId, authority, audience } = config.signIn;
  const crmUrl = config.dataverse?.url ?? config.publicUrl;
  const scope = audience === clientId ? `${clientId}/.default` : `${audience}/user_impersonation`;
  const crmScope = config.dataverse === null ? {} : { crmScope: `${config.dataverse.url}/user_impersonation` };
  return {
    directory: fileURLToPath(new URL('../../dist/web', import.meta.url)),
    config: { crmUrl, tenantId: config.tenantId, identity: { kind: 'msal', clientId, authority, scope, ...crmScope } },
    frameAncestors: outlook,
    scripts: officeScripts,
    connect: [...new Set([new URL(crmUrl).origin, new URL(authority).origin])],
  };
}

/** Stops what runs, gently at the first signal, at once at the second. */
function stopOnSignal(stop: () => Promise<void>, log: Logger): void {
  let stopping = false;
  const end = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
}

const log = pino({ level: process.env['LOG_LEVEL'] ?? 'info' });
try {
  const { values } = parseArgs({ options: { role: { type: 'string', default: 'all' } } });
  const config = readConfig(process.env, values.role);
  stopOnSignal(await start(config, log), log);
  log.info({ role: config.role, port: config.port }, 'ready');
} catch (error) {
  const said = error instanceof ConfigError || error instanceof DatabaseError || error instanceof CustomTablesError;
  if (!said) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
