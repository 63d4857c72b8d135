// Several deliveries in one batch: one flush of the disk on SQLite, and still each succeeds or fails by itself.
import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import type { Place } from '../../../src/server/odata/answer/ask.ts';
import { shareCommit } from '../../../src/server/odata/batch/share-commit.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana } from '../world.ts';

const delivery = (MessageId: string, more: object = {}) => ({
  ...{ MessageId, Subject: `About ${MessageId}`, From: 'kim@fabrikam.example', To: dana.address },
  ...{ ReceivedOn: '2026-11-20T08:15:00Z', Body: '<p>Hello</p>', ...more },
});

const path = 'emails(00000000-0000-0000-0000-000000000000)/Microsoft.Dynamics.CRM.DeliverPromoteEmail';

function batchOf(requests: readonly { path: string; body?: object }[]): string {
  const parts = requests.map(({ path, body }) => [
    ...['--b', 'Content-Type: application/http', 'Content-Transfer-Encoding: binary', ''],
    ...[`${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`, 'Content-Type: application/json', ''],
    body === undefined ? '' : JSON.stringify(body),
  ]);
  return [...parts.flat(), '--b--', ''].join('\r\n');
}

/** The same database, which counts the transactions that are opened from outside. */
function counting(database: Database) {
  const count = { transactions: 0 };
  const counted: Database = {
    ...database,
    transaction: (work) => {
      count.transactions += 1;
      return database.transaction(work);
    },
  };
  return { counted, count };
}

forEachEngine('Deliveries in one batch', ({ open, engine }) => {
  async function start() {
    const { counted, count } = counting(await open());
    const crm = (await createWorld(counted)).as(dana);
    await crm.get('WhoAmI');
    const send = async (requests: Parameters<typeof batchOf>[0], prefer = 'odata.continue-on-error') => {
      const before = count.transactions;
      const headers = { 'content-type': 'multipart/mixed; boundary=b', prefer };
      const { text } = await crm.send('POST', '$batch', batchOf(requests), headers);
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
      return { statuses, text, transactions: count.transactions - before };
    };
    const subjects = async () =>
      (await crm.get<{ value: { subject: string }[] }>('emails?$select=subject&$orderby=subject')).body.value.map(
        ({ subject }) => subject,
      );
    return { send, subjects };
  }

  test('share one commit, and the one that fails takes nothing of the others with it', async () => {
    const { send, subjects } = await start();
    const { statuses, text, transactions } = await send([
      { path, body: delivery('<1@x>') },
      // Another mail under the same id; then one that fails after it has written something.
      { path, body: delivery('<1@x>', { Subject: 'Something else' }) },
      {
        path,
        body: delivery('<2@x>', {
          ExtraProperties: {
            'regardingobjectid_contact_email@odata.bind': '/contacts(00000000-0000-4000-8000-00000000dead)',
          },
        }),
      },
      { path, body: delivery('<3@x>', { Subject: 'Re: About <1@x>', ExtraProperties: { inreplyto: '<1@x>' } }) },
    ]);
    expect(statuses).toEqual([200, 409, 404, 200]);
    expect(text).toContain('0x80040333');
    expect(await subjects()).toEqual(['About <1@x>', 'Re: About <1@x>']);
    expect(transactions).toBe(engine === 'sqlite' ? 1 : 4);
  });

  test('end with the first that fails where the client did not ask to go on', async () => {
    const { send, subjects } = await start();
    const requests = ['<1@x>', '', '<3@x>'].map((id) => ({ path, body: delivery(id) }));
    expect((await send(requests, '')).statuses).toEqual([200, 400]);
    expect(await subjects()).toEqual(['About <1@x>']);
  });

  test('stand between other requests, which see what was done before them', async () => {
    const { send } = await start();
    const count = { path: 'emails/$count' };
    const two = ['<1@x>', '<2@x>'].map((id) => ({ path, body: delivery(id) }));
    const { text, statuses } = await send([count, ...two, count, { path, body: delivery('<3@x>') }, count]);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
    expect([...text.matchAll(/\r\n\r\n\uFEFF?(\d+)\r\n/g)].map(([, number]) => Number(number))).toEqual([0, 2, 3]);
  });

  test('are all lost when their transaction is, and nobody is told otherwise', async () => {
    const database = await open();
    await sql`create table kept (id integer)`.execute(database.db);
    const keep = (id: number) => (place: Place) =>
      place.transaction(async ({ queries }) => sql`insert into kept values (${id})`.execute(queries));
    const place = {
      session: { queries: database.db, engine },
      transaction: (work: (session: never) => Promise<unknown>) =>
        database.transaction((queries) => work({ queries, engine, onCommit: () => undefined } as never)),
    } as unknown as Place;
    // As SQLite does by itself when the disk is full.
    const full = (inside: Place) =>
      inside
        .transaction(async ({ queries }) => {
          await sql`rollback`.execute(queries);
          throw new Error('database or disk is full');
        })
        .catch(() => undefined);
    await expect(shareCommit<unknown>(place, [keep(1), full, keep(3)], () => false)).rejects.toThrow('full');
    expect((await sql`select * from kept`.execute(database.db)).rows).toEqual([]);
    const broken = (inside: Place) =>
      inside
        .transaction(async ({ queries }) => {
          await sql`insert into kept values (5)`.execute(queries);
          throw new Error('after something was written');
        })
        .catch(() => undefined);
    expect(await shareCommit<unknown>(place, [keep(4), broken, keep(6)], () => false)).toHaveLength(3);
    expect((await sql`select * from kept order by id`.execute(database.db)).rows).toEqual([{ id: 4 }, { id: 6 }]);
  });
});
