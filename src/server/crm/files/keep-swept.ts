import type { FastifyInstance } from 'fastify';
import type { Database } from '../../db/open.ts';
import { sweepUploads } from '../../odata/files/uploads.ts';

const HOUR = 60 * 60 * 1000;

/** Sweeps away uploads that nobody ended, now and every hour, for as long as the server runs. */
export function keepSwept(server: FastifyInstance, { database, now }: { database: Database; now: () => Date }): void {
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
  const timer = setInterval(sweep, HOUR);
  timer.unref();
  sweep();
  server.addHook('onClose', async () => {
    clearInterval(timer);
    await swept;
  });
}
