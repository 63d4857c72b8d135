import { sql, type Transaction } from 'kysely';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { isWorthRepeating } from '../../../src/server/db/errors.ts';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine('a transaction that clashes with another writer', ({ engine, open }) => {
  let database: Database;
  beforeEach(async () => {
    database = await open();
    await sql`create table if not exists diary (entry text)`.execute(database.db);
    await sql`delete from diary`.execute(database.db);
  });
  const note = (trx: Transaction<object>, entry: string) => sql`insert into diary values (${entry})`.execute(trx);
  const diary = async () =>
    (await sql<{ entry: string }>`select entry from diary order by entry`.execute(database.db)).rows.map(
      ({ entry }) => entry,
    );
  const clash = () => Object.assign(new Error('could not serialize access'), { code: '40001' });

  test.each([1, 4])('is run again from its beginning, and leaves nothing of %i tries that clashed', async (clashes) => {
    let tries = 0;
    const answer = await database.transaction(async (trx) => {
      await note(trx, `try ${(tries += 1)}`);
      if (tries <= clashes) throw clash();
      return tries;
    });
    expect(answer).toBe(clashes + 1);
    expect(await diary()).toEqual([`try ${clashes + 1}`]);
  });

  test('is given up the fifth time, with nothing written; another error is no clash and not tried again', async () => {
    const tried: string[] = [];
    const failing = (error: Error) =>
      database.transaction(async (trx) => {
        tried.push(error.message);
        await note(trx, error.message);
        throw error;
      });
    await expect(failing(clash())).rejects.toThrow('could not serialize access');
    await expect(failing(new Error('a defect'))).rejects.toThrow('a defect');
    expect(tried).toEqual([...Array.from({ length: 5 }, () => 'could not serialize access'), 'a defect']);
    expect(await diary()).toEqual([]);
  });

  describe('in fact', () => {
    if (engine === 'sqlite') {
      test.skip('cannot: one connection writes, one transaction after the other', () => undefined);
      return;
    }
    test('two that wait for each other are both through, one of them at its second try', async () => {
      const lock = (trx: Transaction<object>, key: number) => sql`select pg_advisory_xact_lock(${key})`.execute(trx);
      let tries = 0;
      let locked = 0;
      const seen: unknown[] = [];
      const holding: (() => void)[] = [];
      const both = new Promise<void>((resolve) => holding.push(resolve));
      const crossing = (name: string, first: number, second: number) =>
        database.transaction(async (trx) => {
          tries += 1;
          await lock(trx, first);
          locked += 1;
          if (locked === 2) holding[0]!();
          await both;
          await lock(trx, second).catch((error: unknown) => {
            seen.push(isWorthRepeating(error));
            throw error;
          });
          await note(trx, name);
        });
      await Promise.all([crossing('one', 17, 18), crossing('other', 18, 17)]);
      expect({ tries, seen, diary: await diary() }).toEqual({ tries: 3, seen: [true], diary: ['one', 'other'] });
    });
  });
});
