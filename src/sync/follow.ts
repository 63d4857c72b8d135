import type { Queue, QueueEvent } from '../api/queue.ts';
import { CrmError } from '../model/errors.ts';
import type { ChangeStatus } from '../model/change.ts';
import { deviceDelay } from '../model/schedule.ts';
import type { Locks } from './locks.ts';

export interface FollowOptions {
  readonly queue: Queue;
  readonly locks: Locks;
  readonly name: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (delay: number, signal: AbortSignal) => Promise<void>;
  /** Calls back after some milliseconds; answers how to cancel. */
  readonly wake: (delay: number, ring: () => void) => () => void;
  /** Carries news to the other panes of this browser; absent where BroadcastChannel is refused. */
  readonly channel: Pick<BroadcastChannel, 'postMessage'> | null;
  readonly hear: (status: ChangeStatus) => Promise<void>;
  /** The server is there (again): a good moment to drain. */
  readonly connected: () => void;
}

/** Milliseconds that a stream's greeting may take, which the server sends at once: after that something holds the stream up. */
const greetingLimit = 5_000;

/** Seconds that the server may wait with an answer; what lies between takes a longer silence for a broken connection. */
const pollWait = 25;

/** Milliseconds of asking before a stream is tried again, doubled each time that none comes through. */
const streamAgain = { first: 60_000, longest: 30 * 60_000 };

/**
 * Follows the server's event log until the signal aborts. One reader per browser: the pane that holds the lock reads it and
 * tells the others; when it closes, the next one goes on from where it stood itself. The cursor makes a lost connection lose
 * nothing; without one we begin at the present, because what was before is asked for by key (items/state).
 *
 * It is read as a stream. Where none comes through (a proxy keeps it back until it is whole, a browser cannot read one) it is
 * asked for instead, with the same cursor, and the stream is tried again now and then.
 */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { locks, name } = options;
  await locks
    .hold(`alongside.events.${name}`, () => readForEver(options, signal), signal)
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
}

/** How far the log is read, and what went wrong since somebody last answered. */
interface Place {
  cursor: number;
  failures: number;
}

async function readForEver(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const place: Place = { cursor: -1, failures: 0 };
  let heldUp = 0;
  while (!signal.aborted) {
    const streamed = await cameThrough((heard) => readStream(options, place, signal, heard), signal);
    if (streamed) heldUp = 0;
    else {
      const until = options.now() + Math.min(streamAgain.first * 2 ** heldUp, streamAgain.longest);
      const answered = await cameThrough((heard) => askUntil(options, place, until, signal, heard), signal);
      if (answered) heldUp += 1;
    }
    place.failures += 1;
    if (!signal.aborted) await options.sleep(deviceDelay(place.failures, options.random()), signal);
  }
}

/** Whether `read` heard anything before it ended or broke off. */
async function cameThrough(read: (heard: () => void) => Promise<void>, signal: AbortSignal): Promise<boolean> {
  let through = false;
  try {
    await read(() => (through = true));
  } catch (error) {
    const isNetwork = error instanceof CrmError || error instanceof TypeError || error instanceof DOMException;
    if (!signal.aborted && !isNetwork) throw error;
  }
  return through;
}

async function readStream(options: FollowOptions, place: Place, signal: AbortSignal, heard: () => void): Promise<void> {
  const late = new AbortController();
  const cancel = options.wake(greetingLimit, () => late.abort());
  try {
    for await (const event of options.queue.events(place.cursor, AbortSignal.any([signal, late.signal]))) {
      cancel();
      heard();
      await take(options, place, event);
    }
  } finally {
    cancel();
  }
}

async function askUntil(
  options: FollowOptions,
  place: Place,
  until: number,
  signal: AbortSignal,
  heard: () => void,
): Promise<void> {
  for (let wait = 0; !signal.aborted && options.now() < until; wait = pollWait) {
    const asked = options.now();
    const { events, cursor } = await options.queue.poll(place.cursor, wait, signal);
    heard();
    if (wait === 0) await take(options, place, { cursor, status: null });
    for (const event of events) await take(options, place, event);
    place.cursor = cursor;
    // Something that answers for the server without waiting must not be asked a thousand times.
    const early = events.length === 0 && options.now() - asked < wait * 500;
    if (early) await options.sleep(deviceDelay(1, options.random()), signal);
  }
}

/** A greeting says that the server is there and where the log stands. */
async function take(options: FollowOptions, place: Place, { cursor, status }: QueueEvent): Promise<void> {
  place.failures = 0;
  place.cursor = cursor;
  if (status === null) return options.connected();
  options.channel?.postMessage(status);
  await options.hear(status);
}
