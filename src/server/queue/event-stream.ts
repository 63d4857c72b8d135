import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Ledger } from './ledger.ts';
import { eventPage } from './long-poll.ts';

/** Between comments on a quiet stream; the reader takes one silent for 40 s for dead. */
const heartbeat = 15_000;

/**
 * Server-sent events (WHATWG HTML 9.2): a greeting with the cursor from which the stream goes on, every event of the owner
 * since then, then live.
 */
export function streamEvents(ledger: Ledger, owner: string, after: number, reply: FastifyReply): FastifyReply {
  const stream = new PassThrough();
  let cursor = after;
  let sending: Promise<void> | null = null;
  let again = false;

  const send = async (): Promise<void> => {
    do {
      again = false;
      const events = await ledger.events(owner, cursor, eventPage);
      for (const event of events) {
        cursor = event.cursor;
        stream.write(`id: ${event.cursor}\ndata: ${event.status}\n\n`);
      }
      again ||= events.length === eventPage;
    } while (again && !stream.destroyed);
  };
  const news = (): void => {
    again = true;
    sending ??= send()
      .catch((error: unknown) => {
        stream.destroy(error instanceof Error ? error : new Error('the event log could not be read'));
      })
      .finally(() => {
        sending = null;
        if (again && !stream.destroyed) news();
      });
  };

  stream.write(`id: ${cursor}\ndata: null\n\n`);
  const unsubscribe = ledger.subscribe((owners) => owners.has(owner) && news());
  const timer = setInterval(() => {
    stream.write(': still here\n\n');
    news();
  }, heartbeat);
  stream.once('close', () => {
    clearInterval(timer);
    unsubscribe();
  });
  news();
  return reply
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    .send(stream);
}
