import { sql, type Transaction } from 'kysely';
import { afterAll, expect, test } from '@jest/globals';
import { isUnavailable } from '../../../src/server/db/errors.ts';
import { openDatabase, type Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine('a process that is stopped in the middle of a transaction', ({ engine, blank }) => {
  if (engine === 'sqlite') {
    test.skip('stops alone: nobody else writes its file', () => undefined);
    return;
  }
  const opened: Database[] = [];
  afterAll(async () => {
    for (const database of opened) await database.close();
  });

  const lock = (trx: Transaction<object>) => sql`select pg_advisory_xact_lock(17)`.execute(trx);

  test('is ended by the database, and whoever waits for its lock goes on', async () => {
    const location = await blank();
    const [frozen, other] = [
      await openDatabase(location, { idleSeconds: 0.2 }),
      await openDatabase(location, { idleSeconds: 0.2 }),
    ];
    opened.push(frozen, other);
    let thaw = (): void => undefined;
    let held = (): void => undefined;
    const holding = new Promise<void>((resolve) => (held = resolve));
    const late = frozen.transaction(async (trx) => {
      await lock(trx);
      held();
      await new Promise<void>((resolve) => (thaw = resolve));
      await lock(trx);
    });
    await holding;
    await other.transaction(lock);
    thaw();
    expect(isUnavailable(await late.catch((error: unknown) => error))).toBe(true);
    await frozen.transaction(lock);
  });
});
