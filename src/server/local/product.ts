// The product as it runs for an organisation, with the local identity provider in place of a real one and its own CRM.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../app.ts';
import { readCustomTables } from '../crm/custom/read-file.ts';
import { openDatabase } from '../db/open.ts';
import { loopbackHosts } from '../http/loopback.ts';
import type { PagesOptions } from '../http/pages.ts';
import { openNotifications } from '../mailbox/notify.ts';
import { enterMailboxes, registerMailboxes, startMailboxes } from '../mailbox/start.ts';
import { registerQueue, startWorker } from '../queue/start.ts';
import { createServiceIdentity } from '../service-token.ts';
import { outlookHost } from './doors.ts';
import { audience, localUsers, tenantId } from './identity.ts';
import type { Identity } from './identity.ts';
import { officeAbsence, withLocalOffice } from './office.ts';

export interface ProductOptions {
  dataDir: string;
  databaseUrl?: string | undefined;
  /** File with custom tables. */
  customTables?: string | undefined;
  identity: Identity;
  addinUrl: string;
  hostPort: number;
  /** Where the worker reaches the CRM. */
  crmUrl: string;
  now: () => number;
  log: (sentence: string) => void;
}

/** The application user of the built-in CRM, always the same. */
const serviceUser = 'a1050000-0000-4000-8000-000000000002';

/** Ten times the original's: a person who tries a tool out on this machine is alone on it. */
const limits = { requests: 60_000, executionSeconds: 12_000, concurrent: 520 };

/** Where pages load office.js from when the package is not installed. */
const networkScripts = ['https://officeapis.public.onecdn.static.microsoft', 'https://ajax.aspnetcdn.com'];

const pagesOf = ({ addinUrl, hostPort }: ProductOptions): PagesOptions => {
  const hasOffice = officeAbsence() === null;
  return {
    directory: fileURLToPath(new URL('../../../dist/web', import.meta.url)),
    config: { crmUrl: addinUrl, tenantId, identity: { kind: 'local' } },
    frameAncestors: ['localhost', '127.0.0.1', outlookHost].map((name) => `http://${name}:${hostPort}`),
    connect: [addinUrl],
    ...(hasOffice ? { transformHtml: withLocalOffice } : { scripts: networkScripts }),
  };
};

/** As an application of the tenant would get it from a real identity provider. */
const applicationToken = (identity: Identity) => async () =>
  (await identity.token(undefined, 'application')).accessToken;

interface Product {
  app: FastifyInstance;
  /** Once the doors are open: the daemon asks the CRM and the mailbox through them. */
  startDaemon: () => void;
}

/** @throws DatabaseError with a sentence for people */
export const startProduct = async (options: ProductOptions, later: (undo: () => unknown) => void): Promise<Product> => {
  const { identity, databaseUrl, log, now } = options;
  const database = await openDatabase(
    databaseUrl === undefined ? { file: join(options.dataDir, 'alongside.sqlite') } : { url: databaseUrl },
  );
  later(() => database.close());
  const service = await createServiceIdentity(tenantId, serviceUser, now);
  const administrators = localUsers.slice(0, 1).map(({ address }) => address);
  const app = await createApp({
    database,
    identity: {
      issuers: [{ issuer: identity.issuer, audience, keys: identity.keys }, service.issuer],
      services: [serviceUser],
    },
    crm: {
      organisation: 'Contoso',
      firstSignIn: 'create',
      administrators,
      customTables: options.customTables === undefined ? undefined : readCustomTables(options.customTables),
    },
    pages: pagesOf(options),
    limits,
    loopback: { hosts: [...loopbackHosts, outlookHost] },
    now: () => new Date(now()),
  });
  later(() => app.close());
  const queue = {
    database,
    crm: { url: options.crmUrl, token: service.token, fetch, together: true },
    tenantId,
    now,
    random: Math.random,
    report: (error: unknown) => log(`The queue met an unexpected error: ${String(error)}`),
  };
  const ledger = registerQueue(app, queue);
  const graph = { baseUrl: `http://localhost:${options.hostPort}/graph/v1.0`, token: applicationToken(identity) };
  // The mailbox of this stack forgets whom it tells, so a key for one start is enough.
  const key = randomBytes(32).toString('base64');
  const mailboxOptions = {
    ...{ ...queue, ledger, graph, key: identity.sealingKey, ours: [] },
    ...{ concurrency: 4, listened: 20, folders: false },
    notifications: openNotifications({ graph, publicUrl: options.addinUrl, key, fetch, now }),
  };
  const mailboxes = registerMailboxes(app, mailboxOptions);
  await app.ready();
  const worker = startWorker(ledger, queue);
  later(() => worker.stop());
  await enterMailboxes(
    mailboxes,
    localUsers.map(({ id, address }) => ({ owner: id, address })),
  );
  const startDaemon = () => {
    const daemon = startMailboxes(mailboxes, mailboxOptions);
    later(() => daemon.stop());
  };
  return { app, startDaemon };
};
