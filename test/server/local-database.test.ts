// The local stack over a PostgreSQL of somebody's own: filled with the sample once, and not again after a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startLocal } from '../../src/server/local/start.ts';
import type { Local } from '../../src/server/local/start.ts';
import { newDatabase } from './engines.ts';

let dataDir: string;
let local: Local | null = null;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'alongside-database-'));
});
afterEach(async () => {
  await local?.stop();
  rmSync(dataDir, { recursive: true });
});

const restart = async (databaseUrl: string | undefined) => {
  await local?.stop();
  local = null;
  local = await startLocal({ port: 0, hostPort: 0, dataDir, databaseUrl, log: () => {} });
};

const contacts = async () => {
  const headers = { authorization: `Bearer ${await local!.token()}`, 'content-type': 'application/json' };
  const call = (method: string, path: string, body?: object) =>
    fetch(`${local!.addinUrl}/api/data/v9.2/${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const found = await call('GET', 'contacts?$select=contactid,jobtitle&$orderby=contactid');
  return { call, rows: ((await found.json()) as { value: { contactid: string; jobtitle: string }[] }).value };
};

const tellsTheStory = async (databaseUrl: string | undefined) => {
  await restart(databaseUrl);
  const { rows, call } = await contacts();
  expect(rows).toHaveLength(11);
  const hannah = rows[0]!.contactid;
  expect((await call('PATCH', `contacts(${hannah})`, { jobtitle: 'Director' })).status).toBe(204);
  await restart(databaseUrl);
  const after = (await contacts()).rows;
  expect(after).toHaveLength(11);
  expect(after[0]).toMatchObject({ contactid: hannah, jobtitle: 'Director' });
};

test('the sample is posted once: what a person changed stays changed over a restart', () => tellsTheStory(undefined));

const address = process.env['TEST_POSTGRES_URL'];
const required = process.env['REQUIRE']?.includes('postgres') === true;
const onPostgres =
  address !== undefined || required
    ? 'the same with DATABASE_URL, on PostgreSQL'
    : 'the same with DATABASE_URL: no PostgreSQL here; "apt-get install postgresql" brings it';
(address === undefined && !required ? test.skip : test)(onPostgres, async () => {
  if (address === undefined) throw new Error('REQUIRE names postgres, but no PostgreSQL was found.');
  await tellsTheStory(await newDatabase(address));
});
