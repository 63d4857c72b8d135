import type { Queue } from '../api/queue.ts';
import { CrmError } from '../model/errors.ts';
import type { ChangeStatus } from '../model/change.ts';
import { deviceDelay } from '../model/schedule.ts';
import type { Locks } from './locks.ts';

export interface FollowOptions {
  readonly queue: Queue;
  readonly locks: Locks;
  readonly name: string;
  readonly random: () => number;
  readonly sleep: (delay: number, signal: AbortSignal) => Promise<void>;
  /** Carries news to the other panes of this browser; absent where BroadcastChannel is refused. */
  readonly channel: Pick<BroadcastChannel, 'postMessage'> | null;
  readonly hear: (status: ChangeStatus) => Promise<void>;
  /** The server is there (again): a good moment to drain. */
  readonly connected: () => void;
}

/**
 * Follows the server's event log until the signal aborts. One stream per browser: the pane that holds the lock reads it and
 * tells the others; when it closes, the next one goes on from where it stood itself. The cursor makes a lost connection lose
 * nothing; without one we begin at the present, because what was before is asked for by key (items/state).
 */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { locks, name } = options;
  await locks
    .hold(`alongside.events.${name}`, () => readForEver(options, signal), signal)
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
}

async function readForEver(options: FollowOptions, signal: AbortSignal): Promise<void> {
  let cursor = -1;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const event of options.queue.events(cursor, signal)) {
        failures = 0;
        cursor = event.cursor;
        if (event.status === null) options.connected();
        else {
          options.channel?.postMessage(event.status);
          await options.hear(event.status);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CrmError) && !(error instanceof TypeError) && !(error instanceof DOMException))
        throw error;
    }
    failures += 1;
    await options.sleep(deviceDelay(failures, options.random()), signal);
  }
}
