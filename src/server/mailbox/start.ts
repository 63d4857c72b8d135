import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { createDataverse } from '../../api/dataverse.ts';
import { createHttp } from '../../api/http.ts';
import { CrmError, mayPassByItself } from '../../model/errors.ts';
import { uuidV7 } from '../../model/uuid.ts';
import { createBreaker } from '../queue/breaker.ts';
import { clockOf } from '../queue/clock.ts';
import type { Ledger } from '../queue/ledger.ts';
import type { QueueOptions } from '../queue/start.ts';
import { timers } from '../queue/timers.ts';
import { replaceSecret } from './accounts.ts';
import { createAdministrators } from './administrators.ts';
import { makeAllDue } from './claim.ts';
import { createCrmDoor } from './crm-door.ts';
import { createDaemon } from './daemon.ts';
import { settleEnds } from './ends.ts';
import { checkSilence } from './heartbeat.ts';
import { firstPace } from './interval.ts';
import type { SubscriptionKeeper } from './graph/subscription-keeper.ts';
import { createMailReader } from './mime/mail-reader.ts';
import { keepListening, registerHints } from './notify.ts';
import { createOutgoing, type Outgoing } from './outgoing/outgoing.ts';
import { ourDomains } from './own-domains.ts';
import { purgeMailboxes } from './purge.ts';
import { registerMailboxRoutes } from './routes.ts';
import { readRules } from './rule-rows.ts';
import { createAskCrm } from './rules/ask-crm.ts';
import { createTrackingFolders } from './rules/tracking-folders.ts';
import { runMailbox } from './run.ts';
import { createSecrets } from './secrets.ts';
import { readStoredSettings } from './settings.ts';
import { createSources, type OpenedBy, type SourceServices } from './sources.ts';
import { openMailboxStore, type MailboxStore } from './store.ts';
import { createWatches } from './watches.ts';

export interface MailboxOptions extends QueueOptions {
  readonly ledger: Ledger;
  readonly graph: SourceServices['graph'];
  /** Has Graph tell when mail comes; null: mailboxes are only asked. */
  readonly notifications: SubscriptionKeeper | null;
  /** 32 bytes in base64; null: no passwords are stored. */
  readonly key: string | null;
  /** Addresses and domains of the organisation, beside those of its mailboxes. */
  readonly ours: readonly string[];
  /** Mailboxes read at once. */
  readonly concurrency: number;
  /** Mailboxes listened to at once. */
  readonly listened: number;
  /** Whether somebody may enter a folder of this machine as a mailbox; on a server only the operator could mean that. */
  readonly folders: boolean;
}

/** Registers `/sync/v1/mailboxes`. */
export function registerMailboxes(server: FastifyInstance, options: MailboxOptions): MailboxStore {
  const store = openMailboxStore(options.database, clockOf(options.database.engine, options.now));
  const { crm, crmFor } = connect(options);
  const services = {
    crmFor,
    store,
    ledger: options.ledger,
    secrets: options.key === null ? null : createSecrets(options.key),
    isAdministrator: createAdministrators(crm, options.now),
    newId: () => uuidV7(options.now(), randomBytes(10)),
    folders: options.folders,
  };
  const { notifications, report } = options;
  void server.register(async (scope) => {
    registerMailboxRoutes(scope, services);
    if (notifications !== null) registerHints(scope, store, notifications, report);
  });
  return store;
}

const hour = 60 * 60_000;
/** How long an end in the ledger may wait for its item when nobody told of it. */
const endsEvery = 5_000;
const silenceEvery = 60_000;
const outgoingEvery = 30_000;
/** How long a mailbox is still listened to here that another process reads by now, or that was switched off. */
const watchesEvery = 20_000;
/** Days that a mailbox without settings of its own remembers what became of its mail. */
const usualDays = 90;

/** Starts reading the mailboxes that are due. */
export function startMailboxes(store: MailboxStore, options: MailboxOptions): { stop(): Promise<void> } {
  const { ledger, now, report, random } = options;
  const { http, crm } = connect(options);
  const secrets = options.key === null ? null : createSecrets(options.key);
  const sources = createSources({
    ...{ graph: options.graph, fetch, secrets, now, report },
    keepSecret: (id, old, fresh) => replaceSecret(store, id, old, fresh),
  });
  const reader = createMailReader();
  const folderRows = createTrackingFolders(crm, now);
  const ask = createAskCrm({ http, now, report });
  const door = createCrmDoor(
    {
      ask,
      readRules: (mailbox) => readRules(store, mailbox, folderRows),
      failed: (error) => void breaker.failed(error).catch(report),
    },
    now,
  );
  const breaker = createBreaker({
    ...{ timers, report },
    probe: async () => void (await crm.retrieve('WhoAmI()')),
    async release() {
      await makeAllDue(store, door.isBack());
      daemon.nudge();
    },
  });
  const outgoing = createOutgoing({ store, crm, now, report });
  const services = {
    ...{ store, ledger, reader, tenantId: options.tenantId, digest, now, random, report },
    newId: () => uuidV7(now(), randomBytes(10)),
    settingsOf: ({ settings, kind }: { settings: string; kind: 'user' | 'queue' }) =>
      readStoredSettings(JSON.parse(settings), kind),
    ...door,
    oursOf: ourDomains(store, options.ours, now),
    open: (mailbox: OpenedBy) => sources.open(mailbox),
    drop: (mailbox: { readonly id: string }) => sources.drop(mailbox),
    send: outgoing.send,
  };
  const watches = createWatches({
    ...{ store, most: options.listened, report },
    open: (mailbox) => sources.openToListen(mailbox),
    hinted: () => daemon.nudge(),
  });
  const daemon = createDaemon({
    ...{ store, timers, report, concurrency: options.concurrency },
    run: async (claim) => {
      keepListening(options.notifications, claim, report);
      watches.claimed(claim);
      const completion = await runMailbox(services, claim);
      void (completion?.trouble === null ? watches.keep(claim) : watches.drop(claim.id));
      return completion;
    },
  });
  const ends = createEndsLoop(store, () => daemon.nudge(), report);
  const unsubscribe = ledger.subscribe(() => ends.nudge());
  const regularly = [
    setInterval(() => ends.nudge(), endsEvery),
    setInterval(() => void checkSilence(store).catch(report), silenceEvery),
    setInterval(() => void watches.review().catch(report), watchesEvery),
    setInterval(() => void lookForMail(outgoing, report).then(() => daemon.nudge()), outgoingEvery),
    setInterval(() => void purgeMailboxes(store, usualDays).catch(report), hour),
  ];
  return {
    async stop() {
      for (const timer of regularly) clearInterval(timer);
      unsubscribe();
      breaker.stop();
      await watches.close();
      await daemon.stop();
      await ends.stop();
      await reader.close();
      await sources.close();
      options.notifications?.close();
    },
  };
}

/** A CRM that is away says so at the next look as well. */
async function lookForMail(outgoing: Outgoing, report: (error: unknown) => void): Promise<void> {
  try {
    await outgoing.look();
  } catch (error) {
    if (!(error instanceof CrmError) || !mayPassByItself(error.code)) report(error);
  }
}

/** Looks for ends one look at a time; what is told meanwhile is looked for right after. */
function createEndsLoop(store: MailboxStore, found: () => void, report: (error: unknown) => void) {
  let looking: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  const look = async (): Promise<void> => {
    do {
      again = false;
      if ((await settleEnds(store)) > 0) found();
    } while (again && !stopped);
  };
  return {
    nudge(): void {
      again = true;
      if (stopped) return;
      looking ??= look()
        .catch(report)
        .finally(() => {
          looking = null;
        });
    },
    async stop(): Promise<void> {
      stopped = true;
      await looking;
    },
  };
}

/** Not WebCrypto's: of a few hundred bytes, the way to another thread and back costs more than the digest. */
const digest = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(createHash('sha256').update(bytes).digest()).buffer;

function connect({ crm }: MailboxOptions) {
  const baseUrl = `${crm.url.replace(/\/+$/, '')}/api/data/v9.2/`;
  const at = { fetch: crm.fetch, baseUrl, token: crm.token, timeout: 30_000 };
  const http = createHttp(at);
  const crmFor = (objectId: string) => createDataverse(createHttp({ ...at, headers: { CallerObjectId: objectId } }));
  return { http, crm: createDataverse(http), crmFor };
}

/** Enters mailboxes that nobody has to test or approve: those of the local stack. What is known already stays as it is. */
export async function enterMailboxes(
  store: MailboxStore,
  people: readonly { readonly owner: string; readonly address: string }[],
): Promise<void> {
  for (const { owner, address } of people)
    await store.tables
      .insertInto('mailbox_account')
      .values({
        ...{ id: uuidV7(Date.now(), randomBytes(10)), address, address_folded: address, owner, kind: 'user' },
        ...{ source: '{"kind":"graph"}', settings: '{}', state: 'untested', approved: 1, enabled: 1 },
        ...{ generation: 0, failures: 0, ...firstPace, next_at: store.now() },
        ...{ process_from: store.now(), created_at: store.now(), changed_at: store.now() },
      })
      .onConflict((clash) => clash.doNothing())
      .execute();
}
