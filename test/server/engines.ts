import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import pg from 'pg';
import type { Engine } from '../../src/server/db/engine.ts';
import { openDatabase, type Database, type DatabaseLocation } from '../../src/server/db/open.ts';

export interface EngineUnderTest {
  engine: Engine;
  /** A new, empty database, brought up to date; closed after the tests of the group. */
  open: () => Promise<Database>;
  /** A place where no database was yet; who opens it closes it. */
  blank: () => Promise<DatabaseLocation>;
}

/** Runs a group of tests on SQLite, and on PostgreSQL where postgres.setup.js found one. */
export function forEachEngine(name: string, body: (engine: EngineUnderTest) => void): void {
  describe(`${name}, on SQLite`, () =>
    body({ engine: 'sqlite', open: closing(async () => openDatabase({ file: ':memory:' })), blank: newFile }));
  const address = process.env['TEST_POSTGRES_URL'];
  if (address !== undefined) {
    const open = closing(async () => openDatabase({ url: await newDatabase(address) }));
    const blank = async () => ({ url: await newDatabase(address, 'template1') });
    describe(`${name}, on PostgreSQL`, () => body({ engine: 'postgres', open, blank }));
  } else if (process.env['REQUIRE']?.includes('postgres') === true) {
    test(`${name}, on PostgreSQL`, () => {
      throw new Error('REQUIRE names postgres, but no PostgreSQL was found in /usr/lib/postgresql.');
    });
  } else {
    test.skip(`${name}, on PostgreSQL: not installed here; "apt-get install postgresql" brings it`, () => undefined);
  }
}

function closing(open: () => Promise<Database>): () => Promise<Database> {
  const opened: Database[] = [];
  afterAll(async () => {
    for (const database of opened) await database.close();
  });
  return async () => {
    const database = await open();
    opened.push(database);
    return database;
  };
}

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

async function newFile(): Promise<DatabaseLocation> {
  const directory = mkdtempSync(join(tmpdir(), 'alongside-engines-'));
  directories.push(directory);
  return { file: join(directory, 'crm.db') };
}

/** A copy of a database that was brought up to date, or of `template`. @returns its address */
export async function newDatabase(
  address: string,
  template = process.env['TEST_POSTGRES_TEMPLATE'] ?? 'template1',
): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  await client.query(`create database ${name} template ${template}`);
  await client.end();
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}
