import { sql } from 'kysely';
import { afterAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type World } from '../world.ts';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Twenty thousand contacts, and a filter that is long work for each of them. */
const everyone = `insert into contact (contactid, fullname, fullname_folded, description, statecode, statuscode, ownerid, ownerid_type, createdon, modifiedon, versionnumber)
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
  select '00000000-0000-4000-8000-' || substr('000000000000' || i, length('' || i) + 1), 'Name ' || i, 'name ' || i, 'Some lines about number ' || i, 0, 1,
    systemuserid, 'systemuser', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', i from n, (select systemuserid from systemuser order by createdon limit 1) as owner`;
const slow = (count: number) =>
  Array.from({ length: count }, (_, index) => `contains(description,'x${index}%y%z')`).join(' or ');

async function open(location: Parameters<typeof openDatabase>[0], seconds: number): Promise<World> {
  const database = await openDatabase(location, { seconds });
  const world = await createWorld(database);
  closing.push(async () => {
    await world.app.close();
    await database.close();
  });
  await world.as(dana).get('WhoAmI');
  await database.transaction(async (queries) => {
    if (database.engine === 'postgres') await sql`set local statement_timeout = 0`.execute(queries);
    await sql.raw(everyone).execute(queries);
  });
  return world;
}

async function refuses(world: World): Promise<void> {
  const waiting = world.as(dana).get(`contacts?$select=fullname&$filter=${encodeURIComponent(slow(480))}`);
  // Somebody who asks meanwhile is answered, on SQLite as soon as the long one is over.
  const other = world.as(dana).get('contacts(00000000-0000-4000-8000-000000000007)?$select=fullname');
  expect(await waiting).toMatchObject({
    status: 400,
    body: { error: { code: '0x80044151', message: expect.stringContaining('SQL timeout expired') } },
  });
  expect(await other).toMatchObject({ status: 200, body: { fullname: 'Name 7' } });
  expect((await world.as(dana).get(`contacts/$count?$filter=contains(fullname,'Name 19')`)).text).toBe('1111');
}

forEachEngine('the limit of a statement', ({ blank }) =>
  test('a query that would take minutes is refused, others are answered', async () => {
    await refuses(await open(await blank(), 1));
  }, 60_000),
);

test('lambdas, counts, sorting and folded text are all under the clock', async () => {
  const world = await open({ file: ':memory:' }, 1);
  const clock = { milliseconds: 0 };
  const database = await openDatabase({ file: ':memory:' }, { seconds: 5, clock: () => (clock.milliseconds += 60) });
  closing.push(() => database.close());
  const late = await createWorld(database);
  await late.as(dana).get('WhoAmI');
  await database.transaction(async (queries) => {
    if (database.engine === 'postgres') await sql`set local statement_timeout = 0`.execute(queries);
    await sql.raw(everyone).execute(queries);
  });
  const paths = [
    `contacts?$select=fullname&$filter=contains(description,'abc')`,
    `contacts?$select=fullname&$orderby=jobtitle&$top=1`,
    `contacts/$count?$filter=statecode eq 0 and jobtitle eq null and description ne 'a'`,
    `accounts?$select=name&$filter=account_parent_account/any() or name eq 'a'`,
    `accounts?$select=name&$filter=contact_customer_accounts/any(c:contains(c/description,'abc'))`,
  ];
  for (const path of paths) expect([path, (await world.as(dana).get(path)).status]).toEqual([path, 200]);
  const codes = await Promise.all(
    paths.map(async (path) => (await late.as(dana).get<{ error?: { code: string } }>(path)).body.error?.code),
  );
  // Every reading of this clock is sixty milliseconds later: 5,300 rows are too many, the empty table of accounts is not.
  expect(codes).toEqual(['0x80044151', '0x80044151', '0x80044151', undefined, '0x80044151']);
  await late.app.close();
}, 60_000);
