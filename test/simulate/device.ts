import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import type { Change } from '../../src/model/change.ts';
import { openIdbStore } from '../../src/sync/store-idb.ts';
import type { Fence, Store } from '../../src/sync/store.ts';
import { asError, type Program } from './program.ts';

/**
 * One browser on one machine: its IndexedDB outlives the panes, its locks and its channel are shared by them. The store is the
 * product's own over an IndexedDB in memory; each use of it is one event. A power cut takes all panes at once, and with them
 * what was still to be written.
 */
export interface Device {
  readonly name: string;
  /** All that was ever recorded here: the gestures that count. */
  readonly recorded: ReadonlyMap<string, Recorded>;
  /** False: a third-party frame whose browser refuses Web Locks, so that leases in the store take their place. */
  readonly grantsLocks: boolean;
  /** Writing fails for want of space until this moment. */
  fullUntil: number;
  openStore(program: Program): Promise<Store>;
  /** For the checker: no program, no events. */
  readonly inspect: () => Promise<Store>;
  locksOf(program: Program): LockManager;
  channelOf<News>(name: string, program: Program, hear: (news: News) => void): { postMessage(news: News): void };
}

export interface Recorded {
  readonly change: Change;
  readonly at: number;
  readonly by: string;
}

/** @param owner whose outbox it is: one database per person */
export function createDevice(name: string, owner: string, grantsLocks: boolean, now: () => number): Device {
  const factory = new IDBFactory();
  const recorded = new Map<string, Recorded>();
  /** A BroadcastChannel is heard in the order in which it was spoken to, also by who slept meanwhile. */
  const listeners: { readonly name: string; readonly program: Program; readonly tell: (news: unknown) => void }[] = [];
  const held = new Map<string, Waiting[]>();
  const open = (): Promise<Store> => {
    globalThis.indexedDB = factory;
    return openIdbStore(owner);
  };
  const device: Device = {
    name,
    recorded,
    grantsLocks,
    fullUntil: 0,
    inspect: open,
    async openStore(program) {
      const store = await program.call('store: open', writing, open);
      program.onKill(() => store.close());
      return watched(store, program, {
        isFull: () => now() < device.fullUntil,
        added: (change) => void recorded.set(change.id, { change, at: now(), by: program.name }),
      });
    },
    locksOf: (program) => locksOver(held, program),
    channelOf<News>(channel: string, program: Program, hear: (news: News) => void) {
      const coming: News[] = [];
      const tell = (news: unknown): void => {
        coming.push(news as News);
        program.after(1, () => hear(coming.shift() as News));
      };
      listeners.push({ name: channel, program, tell });
      return {
        postMessage(news: News) {
          for (const { name: other, program: listener, tell } of listeners)
            if (other === channel && listener !== program && listener.alive) tell(structuredClone(news));
        },
      };
    },
  };
  return device;
}

/** Milliseconds of a transaction in IndexedDB: reading, and writing with `durability: 'strict'`. */
const reading = 2;
const writing = 6;
const reads = ['entries', 'entry', 'lane', 'change', 'attachment'];
const needsSpace = ['add', 'replace', 'putAttachment', 'takeLease'];

interface Watching {
  readonly isFull: () => boolean;
  readonly added: (change: Change) => void;
}

/** The store with every method an outside call of the program. */
function watched(store: Store, program: Program, { isFull, added }: Watching): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || name === 'close') return member;
      if (name === 'fenced') return (fence: Fence) => watched(target.fenced(fence), program, { isFull, added });
      const usual = reads.includes(String(name)) ? reading : writing;
      return (...given: unknown[]) =>
        program.call(`store: ${String(name)}`, usual, async () => {
          if (needsSpace.includes(String(name)) && isFull())
            throw new DOMException('The disk is full.', 'QuotaExceededError');
          const answer: unknown = await Reflect.apply(member, target, given);
          if (name === 'add') added(given[0] as Change);
          return answer;
        });
    },
  });
}

interface Waiting {
  readonly program: Program;
  readonly grant: () => void;
}

/** Web Locks (W3C): one holder per name across the panes of a device; the lock of a closed pane is free. */
function locksOver(held: Map<string, Waiting[]>, program: Program): LockManager {
  const release = (name: string, waiting: Waiting): void => {
    const queue = held.get(name) ?? [];
    const wasHolder = queue[0] === waiting;
    const rest = queue.filter((other) => other !== waiting);
    if (rest.length === 0) held.delete(name);
    else held.set(name, rest);
    if (wasHolder) rest[0]?.grant();
  };
  const request = (name: string, ...given: unknown[]): Promise<unknown> => {
    const work = given.at(-1) as (lock: unknown) => Promise<unknown>;
    const options = (given.length > 1 ? given[0] : {}) as { ifAvailable?: boolean; signal?: AbortSignal };
    if (options.ifAvailable === true && held.has(name)) return Promise.resolve(work(null));
    return new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => {
        try {
          resolve(await work({ name, mode: 'exclusive' }));
        } catch (error) {
          reject(asError(error));
        } finally {
          if (program.alive) release(name, waiting);
        }
      };
      const waiting: Waiting = { program, grant: () => void program.after(0, () => void hold()) };
      program.onKill(() => release(name, waiting));
      options.signal?.addEventListener('abort', () => {
        if (held.get(name)?.[0] === waiting) return;
        release(name, waiting);
        reject(asError(options.signal?.reason));
      });
      const queue = [...(held.get(name) ?? []), waiting];
      held.set(name, queue);
      if (queue[0] === waiting) waiting.grant();
    });
  };
  return { request, query: async () => ({ held: [], pending: [] }) };
}
