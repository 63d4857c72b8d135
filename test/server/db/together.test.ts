import { sql } from 'kysely';
import { expect, test } from '@jest/globals';
import { isUniqueViolation } from '../../../src/server/db/errors.ts';
import { prepared } from '../../../src/server/db/prepared.ts';
import { runTogether } from '../../../src/server/db/together.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine('statements that go together', ({ engine, open }) => {
  const insert = (mail: string) => sql`insert into ledger_kept (item_key, owner, at) values (${mail}, 'dana', 1)`;
  const read = sql<{ item_key: string }>`select item_key from ledger_kept order by item_key`;

  test('run in their order, each with its answer', async () => {
    const database = await open();
    const [, first, , second] = await database.transaction((trx) =>
      runTogether(trx, engine, [insert('a'), read, insert('b'), read]),
    );
    expect([first?.rows, second?.rows]).toEqual([[{ item_key: 'a' }], [{ item_key: 'a' }, { item_key: 'b' }]]);
  });

  test('the first that fails says why, and nothing of the transaction stays', async () => {
    const database = await open();
    const all = [insert('a'), insert('a'), sql`select no_such_column from ledger_kept`, insert('b')];
    const error = await database.transaction((trx) => runTogether(trx, engine, all)).catch((cause: unknown) => cause);
    expect(isUniqueViolation(error)).toBe(true);
    expect((await read.execute(database.db)).rows).toEqual([]);
    await database.transaction((trx) => runTogether(trx, engine, [insert('c')]));
    expect((await read.execute(database.db)).rows).toEqual([{ item_key: 'c' }]);
  });

  test('may be a transaction as a whole, all of it or nothing', async () => {
    const database = await open();
    const [, answer] = await database.commit([insert('a'), read]);
    expect(answer?.rows).toEqual([{ item_key: 'a' }]);
    const error = await database.commit([insert('b'), insert('a'), insert('c')]).catch((cause: unknown) => cause);
    expect(isUniqueViolation(error)).toBe(true);
    await database.commit([insert('d')]);
    expect((await read.execute(database.db)).rows).toEqual([{ item_key: 'a' }, { item_key: 'd' }]);
  });

  test('stay prepared where that was asked for, also after one of them failed', async () => {
    const database = await open();
    const kept = (mail: string) => prepared(insert(mail));
    for (const mail of ['a', 'b']) await database.commit([kept(mail), kept(`${mail}${mail}`), prepared(read)]);
    await expect(database.commit([kept('c'), kept('a'), kept('d'), prepared(read)])).rejects.toThrow();
    const [, answer] = await database.commit([kept('e'), prepared(read)]);
    expect(answer?.rows).toHaveLength(5);
    if (engine === 'sqlite') return;
    const { rows } = await sql<{ uses: number }>`select sum(generic_plans + custom_plans) as uses
      from pg_prepared_statements group by name`.execute(database.db);
    expect(rows).toHaveLength(2);
  });
});
