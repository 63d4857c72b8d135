/**
 * What a person should know about this device as a place where Changes wait. One value, for a screen to subscribe to.
 */
export interface DeviceState {
  /**
   * `kept`: what waits survives closing the page. Otherwise nothing new is kept here and the server comes first: `none`, the
   * browser refuses storage; `full`; `blocked` by another window with an older version; `newer`, another version has been here
   * and this one cannot read what it left; `broken`.
   */
  readonly storage: 'kept' | 'none' | 'full' | 'blocked' | 'newer' | 'broken';
  /** False: the browser was asked not to clear this storage by itself, and did not promise it. Null: not asked yet. */
  readonly persisted: boolean | null;
  /** Changes that waited here when the browser, or somebody, cleared its storage. */
  readonly lost: number;
  /** Changes on this device that another version recorded and this one cannot read. */
  readonly unreadable: number;
}

export interface Device {
  state(this: void): DeviceState;
  set(this: void, change: Partial<DeviceState>): void;
  subscribe(this: void, listener: () => void): () => void;
}

export function createDevice(storage: DeviceState['storage']): Device {
  let state: DeviceState = { storage, persisted: null, lost: 0, unreadable: 0 };
  const listeners = new Set<() => void>();
  return {
    state: () => state,
    set(change) {
      const next = { ...state, ...change };
      if (JSON.stringify(next) === JSON.stringify(state)) return;
      state = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Where it is noted, apart from the outbox, how many Changes wait in it. */
export interface Witness {
  read(this: void): number;
  write(this: void, waiting: number): void;
}

/**
 * Storage that a browser clears when space runs short takes the outbox and leaves localStorage: a note there of how many
 * Changes wait makes their loss visible. Somebody who clears everything takes the note along; then only the export (or the
 * server, for what reached it) remembers.
 */
export function createWitness(
  storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
  name: string,
): Witness {
  const key = `alongside.waiting.${name}`;
  return {
    read() {
      try {
        const noted = Number(storage().getItem(key));
        return Number.isSafeInteger(noted) && noted > 0 ? noted : 0;
      } catch {
        return 0; // refused to this page: nothing is known
      }
    },
    write(waiting) {
      try {
        if (waiting === 0) storage().removeItem(key);
        else storage().setItem(key, String(waiting));
      } catch {
        // refused or full: a loss could not be noticed, which is how it was before
      }
    },
  };
}
