// A pane without its screen: the gestures, the corridor and the calls that the browser runs, over real sockets.
import { randomBytes, webcrypto } from 'node:crypto';
import { apply } from '../src/api/apply.ts';
import { createAttachmentLimit } from '../src/api/attachment-limit.ts';
import { createDataverse } from '../src/api/dataverse.ts';
import { createHttp } from '../src/api/http.ts';
import { createQueue } from '../src/api/queue.ts';
import type { Change, ChangeStatus } from '../src/model/change.ts';
import { CrmError } from '../src/model/errors.ts';
import type { Digest } from '../src/model/item-key.ts';
import { toBase64 } from '../src/sync/base64.ts';
import { startCorridor } from '../src/sync/corridor.ts';
import { createGestures, type Gestures } from '../src/sync/gestures.ts';
import { createWebLocks } from '../src/sync/locks.ts';
import { createStatuses } from '../src/sync/statuses.ts';
import { createMemoryStore } from '../src/sync/store-memory.ts';
import { tenantId } from '../test/drills/identity.ts';
import type { Person } from '../test/server/world.ts';

export interface Pane {
  readonly person: Person;
  readonly gestures: Gestures;
  /** Resolves with the first word about a Change that is as good as `wanted`. @throws Error when it ends otherwise */
  told(change: Change, wanted: 'done' | 'queued'): Promise<ChangeStatus>;
  /** What a pane asks when a Change has ended: is the mail tracked? */
  askState(change: Change): Promise<void>;
  stop(): Promise<void>;
}

export interface PaneOptions {
  readonly url: string;
  readonly person: Person;
  readonly token: string;
  /** False: the pane cannot reach the CRM, so that the ledger is handed every Change. */
  readonly crmThere: boolean;
}

const digest: Digest = (bytes) => webcrypto.subtle.digest('SHA-256', bytes);

export async function openPane({ url, person, token, crmThere }: PaneOptions): Promise<Pane> {
  const at = (baseUrl: string) => createHttp({ fetch, baseUrl, token: () => Promise.resolve(token) });
  const crm = createDataverse(at(`${url}/api/data/v9.2/`));
  const queue = createQueue(at(`${url}/sync/v1/`));
  await crm.retrieve('WhoAmI()'); // at the first sign-in a user is made
  const store = createMemoryStore({ durable: true });
  const statuses = createStatuses();
  const attachment = async (changeId: string, index: number) => {
    const bytes = await store.attachment(changeId, index);
    return bytes === null ? null : toBase64(bytes);
  };
  const services = { crm, digest, tenantId, attachment, attachmentLimit: createAttachmentLimit(crm) };
  const name = person.address;
  const corridor = await startCorridor({
    store,
    queue,
    statuses,
    locks: createWebLocks(navigator.locks),
    name,
    applyDirectly: (change, note) =>
      crmThere ? apply(change, { ...services, note }) : Promise.reject(new CrmError('offline', 'No connection.')),
    now: Date.now,
    random: Math.random,
    wake(delay, drain) {
      const timer = setTimeout(drain, delay);
      return () => clearTimeout(timer);
    },
    tellPeers: () => undefined,
    report(error) {
      throw error;
    },
  });
  const gestures = createGestures({
    corridor,
    statuses,
    digest,
    tenantId,
    user: name,
    now: Date.now,
    randomBytes,
    attachmentLimit: () => 20 * 1024 * 1024,
  });
  return {
    person,
    gestures,
    told: (change, wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const status = statuses.get(change.id);
          if (status === null || status.state === 'sending') return;
          stopListening();
          if (status.state === wanted) resolve(status);
          else reject(new Error(`${change.kind} is ${status.state}: ${status.reason?.message}`));
        };
        const stopListening = statuses.subscribe(look);
        look();
      }),
    async askState(change) {
      if (change.kind !== 'create') await queue.itemStates([change.mail]);
    },
    stop: () => corridor.stop(),
  };
}
