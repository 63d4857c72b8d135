import type { ImapFlow } from 'imapflow';
import { connect, type ImapAccount } from './connection.ts';
import type { SourceError } from '../source.ts';
import { toSourceError } from './errors.ts';
import { openFolder } from './select.ts';

/** Routers forget a silent connection after some minutes; RFC 2177 allows 29. */
const idleFor = 4 * 60_000;
const [shortestPause, longestPause] = [1_000, 5 * 60_000];
/** A connection that held for so long was a good one; a server that hangs up sooner is called less and less often all the same. */
const heldLong = 60_000;

/**
 * Listens to one folder (RFC 2177) on a connection of its own: IDLE hears of the folder that is open, and while it listens a
 * connection can do nothing else. Where the server has no IDLE, imapflow asks every two minutes.
 *
 * A connection that breaks is made anew, less and less often; after the gap it hints, because nobody knows what happened in it.
 */
export async function watchFolder(
  account: ImapAccount,
  folderId: string,
  hint: () => void,
): Promise<() => Promise<void>> {
  let isStopped = false;
  let wake: (() => void) | undefined;
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, milliseconds).unref();
    });
  const listen = async (): Promise<ImapFlow> => {
    const client = await connect(account, { maxIdleTime: idleFor });
    client.on('exists', hint).on('expunge', hint).on('flags', hint);
    try {
      await openFolder(client, folderId);
      return client;
    } catch (error) {
      client.close();
      throw toSourceError(error);
    }
  };

  let client = await listen();
  const keepListening = async (): Promise<void> => {
    let wait = shortestPause;
    for (;;) {
      const began = performance.now();
      await client.idle().catch(() => undefined);
      client.close();
      if (performance.now() - began >= heldLong) wait = shortestPause;
      for (let isBack = false; !isBack; wait = Math.min(wait * 2, longestPause)) {
        // Many that broke at once, because the server was restarted, do not all come back at once.
        if (!isStopped) await pause(wait * (1 + Math.random()));
        if (isStopped) return;
        isBack = await listen().then(
          (next) => {
            client = next;
            return true;
          },
          (error: SourceError) => {
            // A password that is not taken any more is the next run's to meet and to say; guessing on would lock the account.
            if (error.code !== 'unavailable') {
              wait = longestPause;
              hint();
            }
            return false;
          },
        );
      }
      hint();
    }
  };
  const ended = keepListening();
  return async () => {
    isStopped = true;
    wake?.();
    client.close();
    await ended;
  };
}
