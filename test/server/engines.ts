import { randomUUID } from 'node:crypto';
import { afterAll, describe, test } from '@jest/globals';
import pg from 'pg';
import type { Engine } from '../../src/server/db/engine.ts';
import { openDatabase, type Database } from '../../src/server/db/open.ts';

export interface EngineUnderTest {
  engine: Engine;
  /** A new, empty database, brought up to date; closed after the tests of the group. */
  open: () => Promise<Database>;
}

/** Runs a group of tests on SQLite, and on PostgreSQL where postgres.setup.js found one. */
export function forEachEngine(name: string, body: (engine: EngineUnderTest) => void): void {
  describe(`${name}, on SQLite`, () => body(withClosing('sqlite', () => openDatabase({ file: ':memory:' }))));
  const address = process.env['TEST_POSTGRES_URL'];
  if (address !== undefined) {
    describe(`${name}, on PostgreSQL`, () =>
      body(withClosing('postgres', async () => openDatabase({ url: await newDatabase(address) }))));
  } else if (process.env['REQUIRE']?.includes('postgres') === true) {
    test(`${name}, on PostgreSQL`, () => {
      throw new Error('REQUIRE names postgres, but no PostgreSQL was found in /usr/lib/postgresql.');
    });
  } else {
    test.skip(`${name}, on PostgreSQL: not installed here; "apt-get install postgresql" brings it`, () => undefined);
  }
}

function withClosing(engine: Engine, open: () => Promise<Database>): EngineUnderTest {
  const opened: Database[] = [];
  afterAll(async () => {
    for (const database of opened) await database.close();
  });
  return {
    engine,
    async open() {
      const database = await open();
      opened.push(database);
      return database;
    },
  };
}

export async function newDatabase(address: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}
