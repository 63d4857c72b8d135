import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from '@jest/globals';
import { isUnavailable } from '../../../src/server/db/errors.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine('a connection that breaks in the middle of a transaction', ({ engine, open }) => {
  if (engine === 'sqlite') {
    test.skip('is none: the file is opened by this process', () => undefined);
    return;
  }

  test('ends the transaction, not the process, and the next one works', async () => {
    const database = await open();
    const own = async (queries = database.db) =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(queries)).rows[0]!.pid;
    const broken = database.transaction(async (trx) => {
      const pid = await own(trx);
      await sql`select pg_terminate_backend(${pid})`.execute(database.db);
      // Nothing runs on it while it breaks: then nobody but a listener hears of it.
      while ((await sql`select 1 from pg_stat_activity where pid = ${pid}`.execute(database.db)).rows.length > 0)
        await delay(5);
      await delay(5);
      await own(trx);
    });
    expect(isUnavailable(await broken.catch((error: unknown) => error))).toBe(true);
    expect(await own()).toBeGreaterThan(0);
  });
});
