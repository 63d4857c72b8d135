import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { nextVersion } from '../../../src/server/odata/changes/version.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

type Entry = Record<string, unknown>;
type Delta = { value: Entry[]; '@odata.deltaLink'?: string; '@odata.nextLink'?: string; '@odata.context': string };

const tracking = { prefer: 'odata.track-changes' };
const SET = 'http://localhost:80/api/data/v9.2/$metadata#contacts';
const DAY = 86_400_000;

/** One side waits until the other says so. */
function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

forEachEngine('Change tracking', (engine) => {
  let database: Database;
  let client: Client;
  let now: Date;

  beforeEach(async () => {
    // In the past, so that nobody's sign-in expires while days go by.
    now = new Date('2020-11-21T08:00:00Z');
    database = await engine.open();
    client = (await createWorld(database, { now: () => now })).as(dana);
  });

  /** The path and options of an absolute link. */
  const follow = (link: string | undefined, headers = {}) => {
    expect(link).toMatch(/^http:\/\/localhost:80\/api\/data\/v9\.2\/\w+\?/);
    return client.get<Delta>(link!.replace('http://localhost:80/api/data/v9.2/', ''), headers);
  };
  const person = (lastname: string) => client.create('contacts', { lastname });
  const start = async (path = 'contacts?$select=lastname') => {
    const { body, headers } = await client.get<Delta>(path, tracking);
    expect(headers['preference-applied']).toBe('odata.track-changes');
    return body;
  };
  const seen = ({ value }: Delta) =>
    value.map(({ reason, id, lastname }) => (reason === 'deleted' ? `deleted ${id as string}` : lastname));

  test('a story: create, change, delete', async () => {
    const berg = await person('Berg');
    const olsen = await person('Olsen');
    const first = await start();
    expect(seen(first).sort()).toEqual(['Berg', 'Olsen']);
    expect(first['@odata.context']).toBe(`${SET}(lastname)`);

    const quiet = await follow(first['@odata.deltaLink']);
    expect(quiet.body).toMatchObject({ '@odata.context': `${SET}(lastname)/$delta`, value: [] });

    await client.send('DELETE', `contacts(${olsen})`);
    const dahl = await person('Dahl');
    await client.send('PATCH', `contacts(${berg})`, { lastname: 'Bergmann' });
    const second = await follow(quiet.body['@odata.deltaLink']);
    expect(second.body.value).toEqual([
      { '@odata.etag': expect.any(String), lastname: 'Dahl', contactid: dahl },
      { '@odata.etag': expect.any(String), lastname: 'Bergmann', contactid: berg },
      { '@odata.context': `${SET}/$deletedEntity`, id: olsen, reason: 'deleted' },
    ]);

    const third = await follow(second.body['@odata.deltaLink']);
    expect(third.body.value).toEqual([]);
    // A link may be followed again, by somebody who lost the answer.
    expect((await follow(quiet.body['@odata.deltaLink'])).body.value).toHaveLength(3);
  });

  test('what came and went in between is told as deleted; what came back is not', async () => {
    const kept = await person('Kept');
    const { '@odata.deltaLink': link } = await start();
    const brief = await person('Brief');
    await client.send('DELETE', `contacts(${brief})`);
    await client.send('DELETE', `contacts(${kept})`);
    await client.send('PATCH', `contacts(${kept})`, { lastname: 'Again' });
    expect(seen((await follow(link)).body)).toEqual(['Again', `deleted ${brief}`]);
  });

  test('what goes by a cascade is told as well, and who loses a link has changed', async () => {
    const firm = await client.create('accounts', { name: 'Firm' });
    const berg = await client.create('contacts', {
      lastname: 'Berg',
      'parentcustomerid_account@odata.bind': `accounts(${firm})`,
    });
    const olsen = await person('Olsen');
    const other = await client.create('accounts', {
      name: 'Other',
      'primarycontactid@odata.bind': `contacts(${olsen})`,
    });
    const { '@odata.deltaLink': contacts } = await start();
    const { '@odata.deltaLink': accounts } = await start('accounts?$select=_primarycontactid_value');
    await client.send('DELETE', `accounts(${firm})`);
    await client.send('DELETE', `contacts(${olsen})`);
    expect(seen((await follow(contacts)).body)).toEqual([`deleted ${berg}`, `deleted ${olsen}`]);
    expect((await follow(accounts)).body.value).toMatchObject([
      { accountid: other, _primarycontactid_value: null },
      { id: firm, reason: 'deleted' },
    ]);
  });

  test('pages: all rows, then changes and deletions together', async () => {
    const size = { prefer: 'odata.maxpagesize=2' };
    for (const name of ['A', 'B', 'C']) await person(name);
    const found: unknown[] = [];
    let page = (
      await client.get<Delta>('contacts?$select=lastname', { prefer: 'odata.track-changes,odata.maxpagesize=2' })
    ).body;
    expect(page['@odata.deltaLink']).toBeUndefined();
    const elsewhere = await follow(
      page['@odata.nextLink']!.replace('contacts?$select=lastname', 'accounts?$select=name'),
    );
    expect(elsewhere.status).toBe(400);
    found.push(...seen(page));
    // Made while the pages are turned: it may come at once or with the first delta, but it comes.
    const late = await person('Late');
    page = (await follow(page['@odata.nextLink'], size)).body;
    found.push(...seen(page));
    const link = page['@odata.deltaLink'] ?? (await follow(page['@odata.nextLink'], size)).body['@odata.deltaLink'];
    expect(found.sort()).toEqual(expect.arrayContaining(['A', 'B', 'C']));
    expect(seen((await follow(link)).body)).toContain('Late');

    const gone = [late, await person('D'), await person('E')];
    await person('F');
    await person('G');
    for (const id of gone) await client.send('DELETE', `contacts(${id})`);
    const count = await client.get(`contacts/$count?${link!.split('?')[1]!.split('&')[1]!}`);
    expect(count.text).toBe('5');
    const all: unknown[] = [];
    let answer = await follow(link, size);
    for (;;) {
      expect(answer.body.value.length).toBeLessThanOrEqual(2);
      all.push(...seen(answer.body));
      if (answer.body['@odata.nextLink'] === undefined) break;
      expect(answer.body['@odata.deltaLink']).toBeUndefined();
      answer = await follow(answer.body['@odata.nextLink'], size);
    }
    expect(all).toEqual(['F', 'G', ...gone.map((id) => `deleted ${id}`)]);
    expect((await follow(answer.body['@odata.deltaLink'])).body.value).toEqual([]);
  });

  test('a token expires after as many days as the organization says, and traces are swept away after that', async () => {
    const old = await person('Old');
    const { '@odata.deltaLink': link } = await start();
    await client.send('DELETE', `contacts(${old})`);
    now = new Date(now.getTime() + 7 * DAY);
    expect(seen((await follow(link)).body)).toEqual([`deleted ${old}`]);
    now = new Date(now.getTime() + 1000);
    const late = await follow(link);
    expect(late.status).toBe(400);
    expect(late.body).toMatchObject({ error: { code: '0x80044352' } });

    const traces = async () =>
      (await sql<{ id: string }>`select id from deleted_row`.execute(database.db)).rows.map(({ id }) => id);
    expect(await traces()).toEqual([old]);
    now = new Date(now.getTime() + DAY);
    const next = await person('Next');
    await client.send('DELETE', `contacts(${next})`);
    expect(await traces()).toEqual([next]);

    await sql`update organization set expirechangetrackingindays = 30`.execute(database.db);
    expect((await follow(link)).status).toBe(200);
  });

  // SQLite has one writer at a time: there is nobody to overtake.
  if (engine.engine === 'postgres')
    test('a writer who commits late is not missed', async () => {
      const slow = await person('Slow');
      const quick = await person('Quick');
      let { '@odata.deltaLink': link } = await start();
      const written = signal();
      const release = signal();
      const writer = database.transaction(async (trx) => {
        const version = await nextVersion(trx, 'postgres');
        await sql`update contact set lastname = 'Slow, changed', versionnumber = ${version} where contactid = ${slow}`.execute(
          trx,
        );
        written.give();
        await release.given;
        // A second number of the same transaction.
        const another = await nextVersion(trx, 'postgres');
        await sql`update contact set lastname = 'Slow, changed twice', versionnumber = ${another} where contactid = ${slow}`.execute(
          trx,
        );
      });
      await written.given;
      await client.send('PATCH', `contacts(${quick})`, { lastname: 'Quick, changed' });
      const during = await follow(link);
      expect(seen(during.body)).toEqual(['Quick, changed']);
      link = during.body['@odata.deltaLink'];
      release.give();
      await writer;
      // Told twice is allowed, not told is not.
      expect(seen((await follow(link)).body)).toEqual(['Quick, changed', 'Slow, changed twice']);
      const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory'`.execute(database.db);
      expect(rows).toEqual([]);
    });
});

forEachEngine('Change tracking refuses', (engine) => {
  let client: Client;
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
  });

  test.each([
    ['$filter', 'contacts?$filter=lastname eq null', '$filter'],
    ['$orderby', 'contacts?$orderby=lastname', '$orderby'],
    ['$expand', 'contacts?$expand=ownerid', '$expand'],
    ['$top', 'contacts?$top=5', '$top'],
    ['$count', 'contacts?$count=true', '$count'],
    ['a token of nobody', 'contacts?$deltatoken=abc', '$deltatoken'],
    ['a token that is no text', 'contacts?$deltatoken=WzEsMiwzXQ', '$deltatoken'],
    [
      'a token of another table',
      `contacts?$deltatoken=${Buffer.from('["account",1,1]').toString('base64url')}`,
      '$deltatoken',
    ],
    ['a cookie of nobody', 'contacts?$skiptoken=tracking.abc', '$skiptoken'],
    ['a table without change tracking', 'activityparties', 'activityparty'],
    ['an unknown column', 'contacts?$select=colour', 'colour'],
  ])('%s', async (_, path, named) => {
    const { status, body } = await client.get<{ error: { message: string } }>(path, tracking);
    expect(status).toBe(400);
    expect(body.error.message).toContain(named);
  });

  test('the documented code for a table without change tracking', async () => {
    const { body } = await client.get('activityparties', tracking);
    expect(body).toMatchObject({
      error: { code: '0x80072491', message: "Entity activityparty isn't enabled for change tracking." },
    });
  });
});
