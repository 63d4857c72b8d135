import { createDevice, createWitness, type Device } from './device.ts';
import { openStore } from './open-store.ts';
import type { Statuses } from './statuses.ts';
import type { Store } from './store.ts';

/** The store of one person on this device, and what is to be said about it. */
export async function openDevice(name: string): Promise<{ store: Store; device: Device }> {
  const early: ('full' | 'broken')[] = [];
  let tell = (trouble: 'full' | 'broken'): void => void early.push(trouble);
  const { store, storage } = await openStore(`alongside.${name}`, (trouble) => tell(trouble));
  const device = createDevice(storage);
  tell = (trouble) => device.set({ storage: trouble });
  early.forEach(tell);
  return { store, device };
}

export interface DeviceWatch {
  readonly store: Store;
  readonly device: Device;
  readonly statuses: Statuses;
  readonly name: string;
  readonly notes: () => Storage;
}

/**
 * Keeps the note of how many Changes wait, tells when the outbox is empty although some waited, and asks the browser to keep
 * its hands off this storage as soon as something waits in it: not before, because some browsers ask the person.
 */
export async function watchDevice({ store, device, statuses, name, notes }: DeviceWatch): Promise<void> {
  const witness = createWitness(notes, name);
  const { entries, unreadable } = await store.entries();
  device.set({ unreadable });
  const { storage } = device.state();
  if (storage === 'kept' && entries.length + unreadable === 0) device.set({ lost: witness.read() });
  let noted: number | null = null;
  let asked = false;
  const look = (): void => {
    const waiting = statuses.all().filter(({ state }) => state === 'waiting').length;
    // A loss is noted until its person has read of it.
    if (device.state().storage !== 'kept' || (waiting === 0 && device.state().lost > 0)) return;
    if (waiting !== noted) witness.write(waiting);
    noted = waiting;
    if (waiting === 0 || asked) return;
    asked = true;
    void askToPersist().then((persisted) => device.set({ persisted }));
  };
  statuses.subscribe(look);
  device.subscribe(look);
  look();
}

async function askToPersist(): Promise<boolean> {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false; // no such promise in this browser, or not for a frame of another site
  }
}
