import type { ImapFlow } from 'imapflow';
import { connect, type ImapAccount } from './connection.ts';
import { toSourceError } from './errors.ts';
import { openFolder } from './select.ts';

/** Routers forget a silent connection after some minutes; RFC 2177 allows 29. */
const idleFor = 4 * 60_000;
const [shortestPause, longestPause] = [1_000, 5 * 60_000];

/**
 * Listens to one folder (RFC 2177) on a connection of its own: IDLE hears of the folder that is open, and while it listens a
 * connection can do nothing else. Where the server has no IDLE, imapflow asks every two minutes.
 *
 * A connection that breaks is made anew, less and less often; after the gap it hints, because nobody knows what happened in it.
 */
export async function watchFolder(
  account: ImapAccount & { readonly report: (error: unknown) => void },
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
      await client.idle().catch(() => undefined);
      client.close();
      for (let isBack = false; !isBack; wait = Math.min(wait * 2, longestPause)) {
        if (!isStopped) await pause(wait);
        if (isStopped) return;
        isBack = await listen().then(
          (next) => {
            client = next;
            wait = shortestPause;
            return true;
          },
          (error: unknown) => {
            account.report(error);
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
