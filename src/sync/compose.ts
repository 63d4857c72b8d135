import { apply } from '../api/apply.ts';
import { createAttachmentLimit } from '../api/attachment-limit.ts';
import { createDataverse, type Dataverse } from '../api/dataverse.ts';
import { guardWrites } from '../api/guarded.ts';
import { createHttp, type GetToken } from '../api/http.ts';
import { createQueue, type Queue } from '../api/queue.ts';
import { findMail, type MailLookupServices } from '../api/tracked-mail.ts';
import { CrmError, mayPassByItself } from '../model/errors.ts';
import type { Digest, MailIdentity } from '../model/item-key.ts';
import type { ItemState } from '../model/item-state.ts';
import { foldAddress } from '../model/message.ts';
import { toBase64 } from './base64.ts';
import { startCorridor, type Corridor } from './corridor.ts';
import type { Device } from './device.ts';
import type { startFollowing } from './start-following.ts';
import { createGestures, type Gestures } from './gestures.ts';
import { createLeaseLocks, createWebLocks, mayLock } from './locks.ts';
import { openDevice, watchDevice } from './open-device.ts';
import type { Store } from './store.ts';
import { createStatuses, type Statuses } from './statuses.ts';

export interface SyncOptions {
  /** The organisation, without path: `https://contoso.crm.dynamics.com`. */
  readonly crmUrl: string;
  /** The ledger: `https://pane.example/sync/v1/`. */
  readonly syncUrl: string;
  readonly tenantId: string;
  /** The person's mail address. */
  readonly user: string;
  /** For the CRM; and for our own server, which may be another audience. */
  readonly crmToken: GetToken;
  readonly syncToken: GetToken;
  readonly fetch: typeof fetch;
  /** Follows the server's events; absent from a ribbon command, which does not live long enough to. */
  readonly follow?: typeof startFollowing;
  /** Where the pane notes how many Changes wait, apart from the outbox; a ribbon command has no such place. */
  readonly notes?: () => Storage;
  readonly report: (error: unknown) => void;
}

export interface Sync {
  readonly corridor: Corridor;
  readonly statuses: Statuses;
  readonly gestures: Gestures;
  readonly crm: Dataverse;
  readonly queue: Queue;
  /** What to say about this device as a place where Changes wait. */
  readonly device: Device;
  readonly store: Pick<Store, 'raw'>;
  /** What is true of the mail: the server's joint answer, else the CRM's own, else unknown. */
  itemState(mail: MailIdentity, signal?: AbortSignal): Promise<ItemState>;
  /** What the CRM itself says of the mail, to this person. */
  glance(mail: MailIdentity, signal: AbortSignal): Promise<ItemState['tracked']>;
  stop(): Promise<void>;
}

/** Composes the browser's side of a Change for a program: everything is built once, here. */
export async function startSync(options: SyncOptions): Promise<Sync> {
  const crm = createDataverse(
    createHttp({
      fetch: options.fetch,
      baseUrl: `${options.crmUrl.replace(/\/+$/, '')}/api/data/v9.2/`,
      token: options.crmToken,
    }),
  );
  const queue = createQueue(createHttp({ fetch: options.fetch, baseUrl: options.syncUrl, token: options.syncToken }));
  const name = foldAddress(options.user);
  const { store, device } = await openDevice(name);
  const locks = (await mayLock(navigator.locks))
    ? createWebLocks(navigator.locks)
    : createLeaseLocks({ store, page: crypto.randomUUID(), now: Date.now, wake });
  const statuses = createStatuses((tell) => void setTimeout(tell, redraw));
  const attachmentLimit = createAttachmentLimit(crm);
  const digest: Digest = (bytes) => crypto.subtle.digest('SHA-256', bytes);
  const attachment = async (changeId: string, index: number) => {
    const bytes = await store.attachment(changeId, index);
    return bytes === null ? null : toBase64(bytes);
  };
  const services = { crm, digest, tenantId: options.tenantId, attachment, attachmentLimit };
  const peers = 'BroadcastChannel' in globalThis ? new BroadcastChannel(`alongside.outbox.${name}`) : null;
  const corridor = await startCorridor({
    store,
    queue,
    statuses,
    locks,
    name,
    applyDirectly: (change, note, check) =>
      apply(change, { ...services, note, crm: check ? guardWrites(crm, check) : crm }),
    now: Date.now,
    random: Math.random,
    wake,
    tellPeers: (news) => peers?.postMessage(news),
    report: options.report,
  });
  peers?.addEventListener('message', ({ data }: MessageEvent<unknown>) => corridor.hearPeer(data));
  if (options.notes) await watchDevice({ store, device, statuses, name, notes: options.notes });
  const gestures = createGestures({
    corridor,
    statuses,
    digest,
    tenantId: options.tenantId,
    user: options.user,
    now: Date.now,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    attachmentLimit: () => largestRead,
  });
  const ending = new AbortController();
  const stopListening = listen(corridor);
  const following = options.follow?.({ queue, locks, name, corridor, wake, report: options.report }, ending.signal);
  corridor.retryNow();
  return {
    corridor,
    statuses,
    gestures,
    crm,
    queue,
    device,
    store,
    itemState: (mail, signal) => itemState({ ...services, queue, statuses }, mail, signal),
    glance: (mail, signal) => askCrm(services, mail, signal),
    async stop() {
      ending.abort();
      stopListening();
      await following;
      await corridor.stop();
      peers?.close();
    },
  };
}

/** Milliseconds between two redraws for news of Changes. */
const redraw = 16;

/**
 * Bytes above which an attachment is not even read from the mail host, which documents no limit of its own: the most that a CRM's
 * setting allows. What the CRM really takes is checked when it is sent.
 */
const largestRead = 128 * 1024 * 1024;

function wake(delay: number, drain: () => void): () => void {
  const timer = setTimeout(drain, delay);
  return () => clearTimeout(timer);
}

function listen(corridor: Corridor): () => void {
  const ending = new AbortController();
  const retry = () => corridor.retryNow();
  globalThis.addEventListener('online', retry, { signal: ending.signal });
  globalThis.addEventListener('focus', retry, { signal: ending.signal });
  return () => ending.abort();
}

interface Truth extends MailLookupServices {
  readonly queue: Queue;
  readonly statuses: Statuses;
}

async function itemState(
  { queue, statuses, ...lookup }: Truth,
  mail: MailIdentity,
  signal?: AbortSignal,
): Promise<ItemState> {
  const unknown: ItemState = { itemKey: mail.itemKey, tracked: 'unknown', kept: false, pending: [] };
  try {
    const { items } = await queue.itemStates([mail], signal ? { signal } : {});
    for (const status of items[0]?.pending ?? []) statuses.set(status);
    return items[0] ?? unknown;
  } catch (error) {
    if (!(error instanceof CrmError) || !mayPassByItself(error.code)) throw error;
  }
  return { ...unknown, tracked: await askCrm(lookup, mail, signal) };
}

async function askCrm(
  services: MailLookupServices,
  mail: MailIdentity,
  signal?: AbortSignal,
): Promise<ItemState['tracked']> {
  try {
    const { found } = await findMail(services, mail, signal);
    if (found === null) return null;
    const { activityId, regarding, createdBy: trackedBy, createdOn: trackedAt } = found;
    return { visibility: 'full', activityId, regarding, trackedBy, trackedAt };
  } catch (error) {
    if (error instanceof CrmError && mayPassByItself(error.code)) return 'unknown';
    throw error;
  }
}
