import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { apply } from '../../api/apply.ts';
import { findTogether } from '../../api/tracked-mail.ts';
import { createAttachmentLimit } from '../../api/attachment-limit.ts';
import { createDataverse, type Dataverse } from '../../api/dataverse.ts';
import { guardWrites } from '../../api/guarded.ts';
import { createHttp, type Http } from '../../api/http.ts';
import { sendTogether } from '../../api/together.ts';
import { isTimeout } from '../db/errors.ts';
import type { Database } from '../db/open.ts';
import { databaseAway } from '../http/errors.ts';
import { createBreaker } from './breaker.ts';
import { clockOf } from './clock.ts';
import { toBase64 } from './base64.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { registerQueueRoutes } from './routes.ts';
import { joinStreams } from './streamed-body.ts';
import { recordSyncError } from './sync-error.ts';
import { timers as machineTimers, type Timers } from './timers.ts';
import { createWorker } from './worker.ts';

export interface QueueOptions {
  readonly database: Database;
  /** Where the CRM is, and the token of the application user that acts for people. */
  readonly crm: {
    readonly url: string;
    readonly token: () => Promise<string>;
    readonly fetch: typeof fetch;
    /** It is our own, which carries out many Changes with one request, and flushes the disk once for several. */
    readonly together?: boolean;
  };
  readonly tenantId: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly report: (error: unknown) => void;
  /** The machine's own unless a test turns them. */
  readonly timers?: Timers;
}

export interface RunningQueue {
  readonly ledger: Ledger;
  stop(): Promise<void>;
}

/** The worker gives a slow CRM longer than a click would: nobody is looking. */
const crmTimeout = 30_000;
const hour = 60 * 60 * 1000;

/** Registers `/sync/v1/` on the server. */
export function registerQueue(server: FastifyInstance, options: QueueOptions): Ledger {
  const ledger = createLedger(options.database, clockOf(options.database.engine, options.now));
  const { crm, crmFor } = crmAccess(options);
  followOthers(server, ledger, options);
  const services = { ledger, crm, crmFor, digest, tenantId: options.tenantId };
  void server.register(async (scope) => {
    // Nobody asks the ledger for too much: a statement that takes too long waits for a database that is not well.
    scope.setErrorHandler((error) => {
      throw isTimeout(error) ? databaseAway() : error;
    });
    registerQueueRoutes(scope, services);
  });
  return ledger;
}

/** How soon readers hear what another process on the same PostgreSQL has written. */
const newsEvery = 2_000;

/** An SQLite file has one process, which tells its readers itself. */
function followOthers(server: FastifyInstance, ledger: Ledger, { database, report }: QueueOptions): void {
  if (database.engine === 'sqlite') return;
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void ledger
      .lookForNews()
      .catch(report)
      .finally(() => {
        looking = false;
      });
  }, newsEvery);
  server.addHook('onClose', async () => clearInterval(timer));
}

/** Starts the worker that carries out what the ledger has promised. */
export function startWorker(ledger: Ledger, options: QueueOptions): RunningQueue {
  const { timers = machineTimers } = options;
  const { crm, crmFor } = crmAccess(options);
  const findFor = keptOf((owner) =>
    findTogether({ crm: crmFor(owner), digest, tenantId: options.tenantId }, setImmediate),
  );
  const breaker = createBreaker({
    probe: async () => void (await crm.retrieve('WhoAmI()')),
    release: () => ledger.releaseOutage(),
    timers,
    report: options.report,
  });
  const attachmentLimit = createAttachmentLimit(crm);
  const attachment = async (changeId: string, part: number) => {
    const stored = await ledger.attachment(changeId, part);
    return stored === null ? null : toBase64(stored);
  };
  const worker = createWorker({
    ledger,
    breaker,
    timers,
    apply: (change, owner, check, note) => {
      const crm = guardWrites(crmFor(owner), check);
      const find = options.crm.together === true ? { find: findFor(owner) } : {};
      return apply(change, { crm, digest, tenantId: options.tenantId, attachment, attachmentLimit, note, ...find });
    },
    giveUp: (claim) => recordSyncError(crmFor(claim.owner), claim),
    random: options.random,
    report: options.report,
    concurrency: options.crm.together === true ? 32 : 4,
  });
  const purge = () => void ledger.purge().catch(options.report);
  const timer = setInterval(purge, hour);
  purge();
  return {
    ledger,
    async stop() {
      clearInterval(timer);
      breaker.stop();
      await worker.stop();
    },
  };
}

/** Not WebCrypto's: of a few hundred bytes, the way to another thread and back costs more than the digest. */
const digest = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(createHash('sha256').update(bytes).digest()).buffer;

/**
 * The CRM with the server's own rights, and with those of one person: an application user that names in `CallerObjectId` for
 * whom it acts, so that hours later the CRM still decides by that person's rights and no user's token is ever stored.
 */
function crmAccess({ crm }: QueueOptions): { crm: Dataverse; crmFor: (owner: string) => Dataverse } {
  const at = {
    fetch: crm.fetch,
    baseUrl: `${crm.url.replace(/\/+$/, '')}/api/data/v9.2/`,
    token: crm.token,
    timeout: crmTimeout,
    join: joinStreams,
  };
  const httpFor = (owner: string): Http => createHttp({ ...at, headers: { CallerObjectId: owner } });
  return {
    crm: createDataverse(createHttp(at)),
    // A batch has one caller, so it holds the requests of one person.
    crmFor: keptOf((owner) => createDataverse(crm.together === true ? together(httpFor(owner)) : httpFor(owner))),
  };
}

const together = (http: Http) => sendTogether(http, { timeout: crmTimeout, breath: setImmediate });

/** People whose requests find each other. */
const mostOwners = 1_000;

/** The same for the same person, while there are not too many of them. */
function keptOf<Kept>(make: (owner: string) => Kept): (owner: string) => Kept {
  const kept = new Map<string, Kept>();
  return (owner) => {
    const known = kept.get(owner) ?? make(owner);
    if (kept.size >= mostOwners) kept.clear();
    kept.set(owner, known);
    return known;
  };
}
