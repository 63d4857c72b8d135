import type { Queue } from '../api/queue.ts';
import type { ChangeStatus } from '../model/change.ts';
import { parseChangeStatus } from '../model/parse-change.ts';
import type { Corridor } from './corridor.ts';
import { follow } from './follow.ts';
import type { Locks } from './locks.ts';

interface Following {
  readonly queue: Queue;
  readonly locks: Locks;
  readonly name: string;
  readonly corridor: Corridor;
  readonly wake: (delay: number, ring: () => void) => () => void;
  readonly report: (error: unknown) => void;
}

/** Follows the server's events as a page does, until the signal aborts; never rejects. */
export async function startFollowing(
  { queue, locks, name, corridor, wake, report }: Following,
  signal: AbortSignal,
): Promise<void> {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(`alongside.events.${name}`) : null;
  const hear = (status: ChangeStatus) => corridor.hear(status);
  // The pane that reads for all may be of another version.
  const hearPeer = async (told: unknown) => hear(parseChangeStatus(told));
  channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => void hearPeer(data).catch(report));
  signal.addEventListener('abort', () => channel?.close());
  const connected = () => corridor.connected();
  const now = () => Date.now();
  const told = { queue, locks, name, now, random: Math.random, sleep, wake, channel, hear, connected };
  await follow(told, signal).catch(report);
}

function sleep(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delay);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
    globalThis.addEventListener('online', end, { once: true, signal });
  });
}
