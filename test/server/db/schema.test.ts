import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../../../src/server/db/open.ts';
import { crmModel } from '../../../src/server/odata/tables/crm-model.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine('The schema', (engine) => {
  test('has a column for everything that the model says is stored', async () => {
    const { db } = await engine.open();
    for (const table of crmModel.tables.values()) {
      const columns = [...table.columns.values()].filter(({ constant }) => constant === undefined);
      const names = columns.flatMap(({ name, from, folded, targets = [] }) => [
        from ?? name,
        ...(folded === undefined ? [] : [`${name}_folded`]),
        ...(targets.length > 1 ? [`${name}_type`] : []),
      ]);
      const list = sql.join(names.map((name) => sql.ref(name)));
      await expect(sql`select ${list} from ${sql.table(table.name)} limit 1`.execute(db)).resolves.toMatchObject({
        rows: expect.any(Array),
      });
    }
  });

  test('a transaction that fails leaves nothing', async () => {
    const database = await engine.open();
    const failing = database.transaction(async (trx) => {
      await sql`insert into role (roleid, versionnumber, name) values ('r', 1, 'half')`.execute(trx);
      throw new Error('half way');
    });
    await expect(failing).rejects.toThrow('half way');
    expect((await sql`select * from role`.execute(database.db)).rows).toEqual([]);
  });

  test('names fold to the same text inside the database as outside', async () => {
    const { db } = await engine.open();
    const { rows } = await sql<{
      folded: string;
    }>`select crm_fold(${'Ærø ÉCOLE Łódź ΣΊΣΥΦΟΣ İstanbul ﬁne'}) as folded`.execute(db);
    const { fold } = await import('../../../src/server/db/fold.ts');
    expect(rows[0]?.folded.replace(/ς/g, 'σ')).toBe(fold('Ærø ÉCOLE Łódź ΣΊΣΥΦΟΣ İstanbul ﬁne').replace(/ς/g, 'σ'));
  });
});

const directory = mkdtempSync(join(tmpdir(), 'alongside-db-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('one process owns a data directory, and gives it back', async () => {
  const file = join(directory, 'owned', 'crm.db');
  const first = await openDatabase({ file });
  await expect(openDatabase({ file })).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await first.close();
  await (await openDatabase({ file })).close();
});

test('a database of a newer version is refused with a sentence', async () => {
  const file = join(directory, 'newer', 'crm.db');
  const first = await openDatabase({ file });
  await sql`insert into kysely_migration (name, timestamp) values ('9999-tomorrow', '')`.execute(first.db);
  await first.close();
  await expect(openDatabase({ file })).rejects.toMatchObject({
    code: 'newer',
    message: expect.stringContaining('newer version of Alongside'),
  });
});

test('a file that is no database is refused with a sentence', async () => {
  const file = join(directory, 'letter.db');
  writeFileSync(file, 'Dear Sir or Madam, this is a letter and not a database, however long one looks at it.');
  await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'unreadable' });
});

test('a PostgreSQL that does not answer is named', async () => {
  await expect(openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
    code: 'unreachable',
  });
});
