import { sql } from 'kysely';
import { expect, test } from '@jest/globals';
import { isUnavailable } from '../../../src/server/db/errors.ts';
import { openDatabase } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine('a disk that is full in the middle of a transaction', ({ engine, blank }) => {
  if (engine === 'postgres') {
    test.skip('is the server’s own: npm run drills -- --place full-postgres', () => undefined);
    return;
  }

  test('is told as what it is, keeps nothing of it, and takes the next one when there is room', async () => {
    const database = await openDatabase(await blank());
    const { db } = database;
    await sql`create table ballast (text text)`.execute(db);
    const write = () =>
      database.transaction(async (trx) => {
        for (let page = 0; page < 100; page += 1)
          await sql`insert into ballast values (${'x'.repeat(4_000)})`.execute(trx);
      });
    const pages = (await sql<{ page_count: number }>`pragma page_count`.execute(db)).rows[0]!.page_count;
    // What a full disk does, without one.
    await sql`pragma max_page_count = ${sql.lit(pages + 20)}`.execute(db);
    expect(isUnavailable(await write().catch((error: unknown) => error))).toBe(true);
    await sql`pragma max_page_count = ${sql.lit(pages + 1_000)}`.execute(db);
    await write();
    const { rows } = await sql<{ count: number }>`select count(*) as count from ballast`.execute(db);
    expect(rows[0]?.count).toBe(100);
    await database.close();
  });
});
