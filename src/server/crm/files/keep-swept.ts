import type { FastifyInstance } from 'fastify';
import type { Database } from '../../db/open.ts';
import { sweepUploads } from '../../odata/files/uploads.ts';

const HOUR = 60 * 60 * 1000;

/** Calls back each time that so many milliseconds have passed; answers how to stop. */
export type Every = (period: number, ring: () => void) => () => void;

/** Sweeps away uploads that nobody ended, now and every hour, for as long as the server runs. */
export function keepSwept(
  server: FastifyInstance,
  { database, now, every = byTheClock }: { database: Database; now: () => Date; every?: Every },
): void {
  const { engine } = database;
  const sweepAll = async (): Promise<void> => {
    let more = true;
    while (more) more = await database.transaction((queries) => sweepUploads({ queries, engine, now }));
  };
  let swept = Promise.resolve();
  const sweep = () => {
    swept = swept.then(sweepAll).catch((error: unknown) => {
      server.log.error({ err: error }, 'unexpected error while uploads were swept');
    });
  };
  const stop = every(HOUR, sweep);
  sweep();
  server.addHook('onClose', async () => {
    stop();
    await swept;
  });
}

const byTheClock: Every = (period, ring) => {
  const timer = setInterval(ring, period);
  timer.unref();
  return () => clearInterval(timer);
};
