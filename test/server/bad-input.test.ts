import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../src/server/db/open.ts';
import { registerQueue } from '../../src/server/queue/start.ts';
import { account, contact, inAddresses } from '../bad-input/addresses.ts';
import { addressOf, type BadInput } from '../bad-input/bad-input.ts';
import { inBatches } from '../bad-input/batches.ts';
import { inBodies } from '../bad-input/bodies.ts';
import { inColumns } from '../bad-input/columns.ts';
import { inHeaders } from '../bad-input/headers.ts';
import { forEachEngine } from './engines.ts';
import { createWorld, dana, type World } from './world.ts';

/** What must not be read in an answer. */
const INSIDE =
  /\n\s+at \S|\.ts:\d|node_modules|node:|SQLITE_|syntax error at or near|\bselect [\w".*, ]+ from "|[Cc]annot read propert|is not a function|\[object Object\]/;
const LONGEST_MESSAGE = 400;
const all = [...inAddresses(), ...inHeaders(), ...inBodies(), ...inColumns(), ...inBatches()];
const places = [...new Set(all.map(({ where }) => where))];
const directory = mkdtempSync(join(tmpdir(), 'alongside-bad-input-'));
afterAll(() => rmSync(directory, { recursive: true }));

forEachEngine('Whatever a stranger sends', ({ open }) => {
  let database: Database;
  let world: World;
  let token: string;
  beforeAll(async () => {
    database = await open();
    world = await createWorld(database, { limits: null, pages: { directory, config: {} } });
    registerQueue(world.app, {
      database,
      crm: { url: 'http://localhost:1', token: () => Promise.resolve(''), fetch },
      tenantId: 't',
      now: Date.now,
      random: () => 0,
      report: () => undefined,
    });
    token = await world.token(dana);
    await world.as(dana).create('accounts', { accountid: account, name: 'Before' });
    await world.as(dana).create('contacts', { contactid: contact, lastname: 'Before' });
  });
  afterAll(() => world.app.close());

  const ask = async (input: BadInput) => {
    const { statusCode: status, body } = await world.app.inject({
      method: input.method as 'GET',
      url: addressOf(input),
      headers: { authorization: `Bearer ${token}`, ...input.headers },
      ...(input.body === undefined ? {} : { payload: input.body }),
    });
    return { status, body };
  };

  test.each(places)('%s: it is refused as documented, changes nothing, and the next is answered', async (place) => {
    const before = await stored(database);
    const wrong: unknown[] = [];
    for (const input of all.filter(({ where }) => where === place)) {
      const { status, body } = await ask(input);
      const faults = faultsOf(input, status, body);
      if (faults.length > 0) wrong.push({ name: input.name, status, body: body.slice(0, 300), faults });
    }
    expect(wrong).toEqual([]);
    expect(await stored(database)).toEqual(before);
    expect((await world.as(dana).get('WhoAmI')).status).toBe(200);
  });
});

function faultsOf({ status: wanted, word, path }: BadInput, status: number, body: string): string[] {
  const { code, message } = errorIn(path === '$batch' ? (/^\{"error".*$/m.exec(body)?.[0] ?? body) : body);
  const checks: [string, boolean][] = [
    [`not ${wanted ?? 'a refusal'}`, wanted === undefined ? status >= 400 && status < 500 : status === wanted],
    ['no documented code', /^(?:0x[\da-f]{8})?$/i.test(code)],
    ['no message, or a long one', message !== '' && message.length <= LONGEST_MESSAGE],
    [`no "${word}" in the message`, message.includes(word)],
    ['the inside is shown', !INSIDE.test(body)],
  ];
  return checks.filter(([, right]) => !right).map(([fault]) => fault);
}

function errorIn(body: string): { code: string; message: string } {
  try {
    const { error } = JSON.parse(body) as { error: { code: string; message: string } };
    return { code: error.code, message: error.message };
  } catch {
    return { code: 'none', message: '' };
  }
}

/** How many rows each table has, and the newest version of those that are asked for. */
async function stored({ db, engine }: Database): Promise<unknown> {
  const catalogue =
    engine === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_schema where type = 'table' order by name`
      : sql<{ name: string }>`select table_name as name from information_schema.tables
          where table_schema = current_schema() and table_type = 'BASE TABLE' order by table_name`;
  const { rows: tables } = await catalogue.execute(db);
  const counts = tables.map(({ name }) => sql`select ${name} as name, count(*) as n from ${sql.table(name)}`);
  const versions = ['account', 'contact'].map(
    (name) => sql`select ${`versions of ${name}`} as name, sum(versionnumber) as n from ${sql.table(name)}`,
  );
  return (await sql`${sql.join([...counts, ...versions], sql` union all `)}`.execute(db)).rows;
}
