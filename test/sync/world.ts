import type { Queue } from '../../src/api/queue.ts';
import type { Change, ChangeStatus } from '../../src/model/change.ts';
import { CrmError } from '../../src/model/errors.ts';
import type { CarryServices } from '../../src/sync/carry.ts';
import { startCorridor, type Corridor } from '../../src/sync/corridor.ts';
import type { Locks } from '../../src/sync/locks.ts';
import type { PeerNews } from '../../src/sync/peers.ts';
import { createStatuses, type Statuses } from '../../src/sync/statuses.ts';
import type { Store } from '../../src/sync/store.ts';
import { createPageLocks } from './page-locks.ts';
import { result } from './samples.ts';

/**
 * A device, a CRM and a server small enough to see through: the corridor is the real one; the CRM is a log of what was carried
 * into it; the server a ledger in memory that finishes a Change when the test says so.
 */
export interface World {
  readonly corridor: Corridor;
  readonly statuses: Statuses;
  readonly carried: Change[];
  readonly ledger: Map<string, { change: Change; status: ChangeStatus }>;
  crmFails: CrmError | null;
  /** The CRM answers only when this resolves. */
  crmHangs: Promise<void> | null;
  serverFails: CrmError | null;
  /** Only for what it is handed. */
  handOverFails: CrmError | null;
  /** The server takes it, and its answer is lost. */
  answerLost: boolean;
  /** Item keys of mails that the server heard were untracked. */
  untracked: string[];
  now(): number;
  /** Lets time pass; due changes are tried. */
  pass(milliseconds: number): Promise<void>;
  /** Resolves when nothing moves any more. */
  calm(): Promise<void>;
  finishOnServer(id: string, heard?: boolean): Promise<void>;
  /** The pane's window closes without a word: it hears and tells nothing more, and its alarms are gone. */
  close(): void;
}

/** The panes of one browser, as its channel connects them. */
export type Peers = ((news: PeerNews) => void)[];

export const createPeers = (): Peers => [];

export const away = () => new CrmError('offline', 'No connection.');

/**
 * @param server the ledger of another world: a second pane or device of the same person
 * @param applyTo a CRM that is more than a log
 * @param peers the panes of one browser; a pane by itself unless given
 */
export async function openWorld(
  store: Store,
  locks: Locks = createPageLocks(),
  server?: Pick<World, 'ledger' | 'carried'>,
  applyTo?: CarryServices['applyDirectly'],
  peers: Peers = createPeers(),
): Promise<World> {
  const statuses = createStatuses();
  const carried = server?.carried ?? [];
  const ledger = server?.ledger ?? new Map<string, { change: Change; status: ChangeStatus }>();
  const alarms = new Map<object, { at: number; ring: () => void }>();
  let now = Date.parse('2026-11-21T08:00:01.000Z');
  const reported: unknown[] = [];

  const applyDirectly: CarryServices['applyDirectly'] = async (change, note, check) => {
    if (world.crmFails) throw world.crmFails;
    await world.crmHangs;
    if (applyTo) return applyTo(change, note, check);
    carried.push(change);
    return result;
  };
  const queue: Queue = {
    async putAttachment() {
      if (world.serverFails) throw world.serverFails;
    },
    async handOver(change) {
      const fails = world.serverFails ?? world.handOverFails;
      if (fails) throw fails;
      const known = ledger.get(change.id);
      if (known) return known.status;
      const { id, lane, kind } = change;
      const at = new Date(now).toISOString();
      const status: ChangeStatus = {
        id,
        lane,
        kind,
        state: 'queued',
        at,
        reason: null,
        nextTryAt: at,
        position: 0,
        result: null,
      };
      ledger.set(id, { change, status });
      if (world.answerLost) throw new CrmError('offline', 'No connection.', { outcomeUnknown: true });
      return status;
    },
    async itemStates(mails) {
      if (world.serverFails) throw world.serverFails;
      const pending = [...ledger.values()].map(({ status }) => status).filter(({ state }) => state === 'queued');
      return {
        items: mails.map(({ itemKey }) => ({
          itemKey,
          tracked: 'unknown',
          kept: false,
          pending: pending.filter(({ lane }) => lane === itemKey),
        })),
        cursor: 0,
      };
    },
    untracked: async (mail) => void world.untracked.push(mail.itemKey),
    async *events() {},
    poll: async (cursor) => ({ events: [], cursor }),
  };
  const hearPeer = (news: PeerNews): void =>
    void queueMicrotask(() => listens && corridor.hearPeer(structuredClone(news)));
  peers.push(hearPeer);
  let listens = false;
  const corridor = await startCorridor({
    store,
    queue,
    statuses,
    locks,
    name: 'dana',
    applyDirectly,
    now: () => now,
    random: () => 0.5,
    wake(delay, ring) {
      const alarm = {};
      alarms.set(alarm, { at: now + delay, ring });
      return () => void alarms.delete(alarm);
    },
    tellPeers: (news) => peers.filter((tell) => tell !== hearPeer).forEach((tell) => tell(news)),
    report: (error) => void reported.push(error),
  });
  listens = true;
  const calm = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet += 1) await new Promise((resolve) => setImmediate(resolve));
    if (reported.length > 0) throw reported[0];
  };
  const world: World = {
    corridor,
    statuses,
    carried,
    ledger,
    crmFails: null,
    crmHangs: null,
    serverFails: null,
    handOverFails: null,
    answerLost: false,
    untracked: [],
    now: () => now,
    calm,
    close() {
      listens = false;
      alarms.clear();
      peers.splice(peers.indexOf(hearPeer), 1);
    },
    async pass(milliseconds) {
      now += milliseconds;
      for (const [alarm, { at, ring }] of alarms) {
        if (at > now) continue;
        alarms.delete(alarm);
        ring();
      }
      await calm();
    },
    async finishOnServer(id, heard = true) {
      const row = ledger.get(id);
      if (row === undefined) throw new Error('the ledger never got it');
      row.status = { ...row.status, state: 'done', result };
      if (!heard) return;
      await corridor.hear(row.status);
      await calm();
    },
  };
  return world;
}
