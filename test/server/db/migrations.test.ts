import { expect, test } from '@jest/globals';
import { sql, type Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Engine } from '../../../src/server/db/engine.ts';
import { crmTables } from '../../../src/server/db/migrations/0001-crm.ts';
import { ledgerTables } from '../../../src/server/db/migrations/0002-ledger.ts';
import { openDatabase, type DatabaseLocation } from '../../../src/server/db/open.ts';
import { kyselyOverPostgres, openPool } from '../../../src/server/db/postgres.ts';
import { kyselyOverSqlite, openSqlite } from '../../../src/server/db/sqlite.ts';
import { createStatementClock } from '../../../src/server/db/time-limit.ts';
import { forEachEngine } from '../engines.ts';

/** A database as the first two steps made it. */
async function openEarly(location: DatabaseLocation, engine: Engine): Promise<Kysely<object>> {
  const clock = createStatementClock(() => 0);
  const db =
    'url' in location
      ? kyselyOverPostgres(openPool(location.url, 30))
      : kyselyOverSqlite(openSqlite(location.file, clock), clock);
  const getMigrations = async () => ({
    '0001-crm': { up: (migrating: Kysely<object>) => crmTables.up(migrating, engine) },
    '0002-ledger': { up: (migrating: Kysely<object>) => ledgerTables.up(migrating, engine) },
  });
  const { error } = await new Migrator({ db, provider: { getMigrations } }).migrateToLatest();
  if (error !== undefined) throw new Error('The early steps failed', { cause: error });
  return db;
}

/** The tables that hold rows of the CRM, with their keys. */
const filled = new Map([
  ...[
    'account',
    'contact',
    'lead',
    'opportunity',
    'incident',
    'queue',
    'team',
    'role',
    'systemuser',
    'businessunit',
  ].map((name) => [name, `${name}id`] as const),
  ...['email', 'appointment', 'task', 'phonecall'].map((name) => [name, 'activityid'] as const),
  ['organization', 'organizationid'],
  ['activityparty', 'activitypartyid'],
  ['activitymimeattachment', 'activitymimeattachmentid'],
]);

/** Everything that a statement could meet: columns in their order, indexes, triggers and views. */
async function shape(db: Kysely<object>, engine: Engine): Promise<unknown[]> {
  const texts =
    engine === 'sqlite'
      ? [`select type, name, sql from sqlite_schema order by tbl_name, rowid`]
      : [
          `select table_name, ordinal_position, column_name, data_type, collation_name, is_nullable, is_identity
            from information_schema.columns where table_schema = 'public' order by 1, 2`,
          `select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2`,
          `select viewname, definition from pg_views where schemaname = 'public' order by 1`,
          `select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
            where connamespace = 'public'::regnamespace order by 1, 2`,
        ];
  const found = [];
  for (const text of texts) found.push(...(await sql.raw(text).execute(db)).rows);
  return found;
}

/** How many rows are found by what they are called now, and by what they were called before. */
async function searched(db: Kysely<object>): Promise<number[]> {
  await sql`insert or ignore into contact (contactid, versionnumber, fullname_folded) values ('contact of before', 1, 'ana')`.execute(
    db,
  );
  await sql`update contact set fullname_folded = 'berta'`.execute(db);
  // The index holds trigrams without their places: it is asked for three letters at a time.
  const hits = async (word: string) =>
    (await sql`select rowid from contact_fts where contact_fts match ${word}`.execute(db)).rows.length;
  return [await hits('ber'), await hits('ana')];
}

forEachEngine('The steps of the schema', ({ engine, open, blank }) => {
  test('leave a database with rows of before and a new one alike, and the rows in it', async () => {
    const location = await blank();
    const early = await openEarly(location, engine);
    for (const [table, key] of filled)
      await sql`insert into ${sql.table(table)} (${sql.ref(key)}, versionnumber) values (${`${table} of before`}, 1)`.execute(
        early,
      );
    await sql`update contact set fullname = 'Ana', fullname_folded = 'ana'`.execute(early);
    await early.destroy();

    const grown = await openDatabase(location);
    const empty = await openDatabase(await blank());
    const expected = await shape(empty.db, engine);
    expect(expected.length).toBeGreaterThan(300);
    expect(await shape(grown.db, engine)).toEqual(expected);
    // The tests' own databases are the same, too.
    expect(await shape((await open()).db, engine)).toEqual(expected);
    for (const [table, key] of filled) {
      const { rows } = await sql`select ${sql.ref(key)} as key from ${sql.table(table)}`.execute(grown.db);
      expect(rows).toEqual([{ key: `${table} of before` }]);
    }
    if (engine === 'sqlite') expect(await searched(grown.db)).toEqual([1, 0]);
    if (engine === 'sqlite') expect(await searched(empty.db)).toEqual([1, 0]);
    await grown.close();
    await empty.close();
  });

  test('have names of their own; a database that knows the former names is brought along', async () => {
    const location = await blank();
    const first = await openDatabase(location);
    const names = async () =>
      (await sql<{ name: string }>`select name from kysely_migration order by name`.execute(first.db)).rows;
    const numbers = (await names()).map(({ name }) => name.slice(0, 4));
    expect(new Set(numbers).size).toBe(numbers.length);
    // As it was: imports came before keys, by their names, and took the earlier time.
    await sql`update kysely_migration set name = '0007-imports', timestamp = (select timestamp from kysely_migration
      where name = '0006-messages') where name = '0008-imports'`.execute(first.db);
    // Steps that did not exist then are to come after the renamed ones.
    await sql`update kysely_migration set timestamp = (select max(timestamp) from kysely_migration)
      where name > '0009'`.execute(first.db);
    await sql`update kysely_migration set name = '0008-custom' where name = '0009-custom'`.execute(first.db);
    await first.close();
    const again = await openDatabase(location);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(again.db);
    const settled = rows.map(({ name }) => name).filter((name) => /^000[789]/.test(name));
    expect(settled).toEqual(['0007-keys', '0008-imports', '0009-custom']);
    await again.close();
  });
});
