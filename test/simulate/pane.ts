import { apply } from '../../src/api/apply.ts';
import { createAttachmentLimit } from '../../src/api/attachment-limit.ts';
import { createDataverse } from '../../src/api/dataverse.ts';
import { guardWrites } from '../../src/api/guarded.ts';
import { createHttp } from '../../src/api/http.ts';
import { createQueue } from '../../src/api/queue.ts';
import type { ChangeStatus } from '../../src/model/change.ts';
import { toBase64 } from '../../src/sync/base64.ts';
import { startCorridor, type Corridor } from '../../src/sync/corridor.ts';
import { follow } from '../../src/sync/follow.ts';
import { createGestures, type Gestures } from '../../src/sync/gestures.ts';
import { createLeaseLocks, createWebLocks } from '../../src/sync/locks.ts';
import type { PeerNews } from '../../src/sync/peers.ts';
import { createStatuses, type Statuses } from '../../src/sync/statuses.ts';
import type { Random } from '../fuzz/random.ts';
import type { Clock } from './clock.ts';
import type { Device } from './device.ts';
import type { Network } from './network.ts';
import { crmOrigin, digestOf, paneOrigin, tenantId, type Person } from './places.ts';
import type { Program } from './program.ts';

/** An open pane, or a ribbon command, which is one that follows no events. */
export interface Pane {
  readonly program: Program;
  readonly person: Person;
  readonly device: Device;
  readonly corridor: Corridor;
  readonly gestures: Gestures;
  readonly statuses: Statuses;
}

export interface PaneOptions {
  readonly clock: Clock;
  readonly program: Program;
  readonly person: Person;
  readonly device: Device;
  readonly network: Network;
  readonly random: Random;
  readonly followEvents: boolean;
  readonly report: (who: string, error: unknown) => void;
  readonly show: (pane: Program, status: ChangeStatus) => void;
}

/** Puts the browser's side together as `sync/compose` does, over a simulated browser. */
export async function openPane(options: PaneOptions): Promise<Pane> {
  const { clock, program, person, device, network, random } = options;
  const token = async () => person.address;
  const crmOf = (changeId?: string) =>
    createDataverse(
      createHttp({ fetch: network.fetchOf(program, changeId), baseUrl: `${crmOrigin}/api/data/v9.2/`, token }),
    );
  const queue = createQueue(createHttp({ fetch: network.fetchOf(program), baseUrl: `${paneOrigin}/sync/v1/`, token }));
  const report = (error: unknown) => options.report(program.name, error);
  const fraction = () => random.int(2 ** 30) / 2 ** 30;
  const store = await device.openStore(program);
  const page = `${program.name} ${program.now()}`;
  const locks = device.grantsLocks
    ? createWebLocks(device.locksOf(program))
    : createLeaseLocks({ store, page, now: program.now, wake: program.after });
  const digest = digestOf(program);
  const attachmentLimit = createAttachmentLimit(crmOf());
  const attachment = async (changeId: string, index: number) => {
    const bytes = await store.attachment(changeId, index);
    return bytes === null ? null : clock.during(toBase64(bytes));
  };
  const statuses = createStatuses((tell) => void program.after(16, tell));
  showChanges(statuses, (status) => options.show(program, status));
  let hearPeer: (news: PeerNews) => void = () => undefined;
  const peers = device.channelOf<PeerNews>('outbox', program, (news) => hearPeer(news));
  const corridor = await startCorridor({
    store,
    queue,
    statuses,
    locks,
    name: person.address,
    applyDirectly: (change, note, check = () => undefined) => {
      const crm = guardWrites(crmOf(change.id), check);
      return apply(change, {
        crm,
        digest,
        tenantId,
        attachment,
        attachmentLimit,
        note: network.watchNotes(change.id, note),
      });
    },
    now: program.now,
    random: fraction,
    wake: program.after,
    tellPeers: (news) => peers.postMessage(news),
    report,
  });
  hearPeer = (news) => corridor.hearPeer(news);
  const gestures = createGestures({
    corridor,
    statuses,
    digest,
    tenantId,
    user: person.address,
    now: program.now,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => random.int(256)),
    attachmentLimit: () => 1_000_000,
  });
  if (options.followEvents) {
    const hear = (status: ChangeStatus) => corridor.hear(status);
    const channel = device.channelOf<ChangeStatus>('events', program, (status) => void hear(status).catch(report));
    const sleep = (delay: number) => new Promise<void>((resolve) => void program.after(delay, resolve));
    const connected = () => corridor.connected();
    const ending = new AbortController();
    void follow(
      {
        queue,
        locks,
        name: person.address,
        now: program.now,
        random: fraction,
        sleep,
        wake: program.after,
        channel,
        hear,
        connected,
      },
      ending.signal,
    ).catch(report);
  }
  corridor.retryNow();
  return { program, person, device, corridor, gestures, statuses };
}

function showChanges(statuses: Statuses, show: (status: ChangeStatus) => void): void {
  let before = new Map<string, ChangeStatus>();
  statuses.subscribe(() => {
    const now = new Map(statuses.all().map((status) => [status.id, status]));
    for (const [id, status] of now) if (before.get(id) !== status) show(status);
    before = now;
  });
}
