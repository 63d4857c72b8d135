import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { ChangeStatus } from '../../src/model/change.ts';
import type { Database } from '../../src/server/db/open.ts';
import { toBase64 } from '../../src/server/queue/base64.ts';
import { leaseTime, mostDeaths } from '../../src/server/queue/claim.ts';
import { processClock } from '../../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../../src/server/queue/ledger.ts';
import { openStates } from '../../src/server/queue/parked.ts';
import { createWorker } from '../../src/server/queue/worker.ts';
import { regardChange, result, trackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';

const dana = 'd0a7a000-0001-4000-8000-000000000001';
const miguel = 'd0a7a000-0002-4000-8000-000000000002';
const refused = { state: 'refused', reason: { code: 'forbidden', message: 'You may not.' } } as const;
const day = 24 * 60 * 60 * 1000;

forEachEngine('what the ledger could not carry out', ({ open }) => {
  let now = 0;
  const start = async (): Promise<{ ledger: Ledger; database: Database }> => {
    now = Date.parse('2026-11-21T08:00:00.000Z');
    const database = await open();
    return {
      database,
      ledger: createLedger(
        database,
        processClock(() => now),
      ),
    };
  };
  const listed = async (ledger: Ledger, owner = dana) =>
    (await ledger.list(owner, openStates, 0, 100)).changes.map(({ id, state, reason }) => [id, state, reason?.code]);

  test('a change that kills its worker is parked alone after the fifth time; its lane and the others go on', async () => {
    const { ledger } = await start();
    const poison = trackChange({}, 'm1.a');
    const behind = regardChange({}, 'm1.a');
    const other = trackChange({}, 'm1.b');
    for (const change of [poison, behind, other]) await ledger.accept(dana, change);
    const [first, well] = await ledger.claim(2);
    expect([first!.change.id, well!.change.id]).toEqual([poison.id, other.id]);
    await ledger.finish(well!, { state: 'done', result });
    const heard: string[] = [];
    ledger.subscribe((owners) => heard.push(...owners));
    for (let deaths = 1; deaths < mostDeaths; deaths += 1) {
      now += leaseTime + 1;
      expect(await ledger.claim(9)).toMatchObject([{ change: { id: poison.id }, deaths }]);
    }
    now += leaseTime + 1;
    expect(await ledger.claim(9)).toMatchObject([{ change: { id: behind.id }, deaths: 0 }]);
    expect(heard).toEqual([dana]);
    expect(await ledger.accept(dana, poison)).toMatchObject({ state: 'refused', reason: { code: 'poison' } });
  });

  test('what was under way with a change that kills its worker is not parked with it', async () => {
    const { ledger } = await start();
    const changes = ['m1.a', 'm1.b', 'm1.c', 'm1.d'].map((lane) => trackChange({}, lane));
    for (const change of changes) await ledger.accept(dana, change);
    const [, poison] = changes;
    const breaker = {
      isClosed: () => true,
      failed: async () => false,
      onClose: () => undefined,
      stop: () => undefined,
    };
    for (let life = 0; life < 12; life += 1) {
      now += leaseTime + 1;
      // A worker that carries out what it claims until it meets the one that ends it; then nobody hears of it again.
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const dead = { isDead: false };
      const never = new Promise<never>(() => undefined);
      const alive = new Proxy(ledger, {
        get: (target, name: keyof Ledger) =>
          dead.isDead && name !== 'subscribe' ? () => never : (Reflect.get(target, name) as unknown),
      });
      createWorker({
        ...{ ledger: alive, breaker, random: () => 0.5, report: () => undefined, concurrency: 4 },
        timers: {
          now: () => now,
          after: () => {
            void ledger.untilDue().then((wait) => (wait === null || wait > 0 ? end() : undefined));
            return () => undefined;
          },
        },
        apply: async ({ id }) => {
          if (id !== poison!.id) return result;
          dead.isDead = true;
          end();
          return never;
        },
      });
      await ended;
      dead.isDead = true;
    }
    const states = await Promise.all(changes.map((change) => ledger.accept(dana, change)));
    expect(states.map(({ state, reason }) => [state, reason?.code])).toEqual([
      ['done', undefined],
      ['refused', 'poison'],
      ['done', undefined],
      ['done', undefined],
    ]);
  });

  test('an end, even a failure, takes the suspicion away', async () => {
    const { ledger } = await start();
    await ledger.accept(dana, trackChange({}));
    await ledger.claim(1);
    now += leaseTime + 1;
    const [claim] = await ledger.claim(1);
    expect(claim!.deaths).toBe(1);
    await ledger.putOff(claim!, 0, { code: 'unavailable', message: '' }, false);
    expect(await ledger.claim(1)).toMatchObject([{ deaths: 0 }]);
  });

  test.each([
    ['of a newer version', '{"kind":"teleport","id":"x"}'],
    ['cut in the middle', '{"kind":"track","id":'],
    ['no object at all', 'null'],
  ])('a row that nobody can read, %s, is parked and kept, and stands before nobody', async (_name, body) => {
    const { ledger, database } = await start();
    const [broken, behind] = [trackChange({}, 'm1.a'), regardChange({}, 'm1.a')];
    for (const change of [broken, behind]) await ledger.accept(dana, change);
    await sql`update ledger_change set body = ${body} where id = ${broken.id}`.execute(database.db);
    expect(await ledger.claim(9)).toMatchObject([{ change: { id: behind.id } }]);
    expect(await listed(ledger)).toEqual([
      [broken.id, 'refused', 'unreadable'],
      [behind.id, 'queued', undefined],
    ]);
    const { rows } = await sql`select body from ledger_change where id = ${broken.id}`.execute(database.db);
    expect(rows).toEqual([{ body }]);
    // The program that can read it is started, and its person tries again.
    await sql`update ledger_change set body = ${JSON.stringify(broken)} where id = ${broken.id}`.execute(database.db);
    await ledger.finish((await ledger.claim(9))[0] ?? { ...(await reclaim(ledger)) }, { state: 'done', result });
    await ledger.retry(dana, broken.id);
    expect(await ledger.claim(9)).toMatchObject([{ change: { id: broken.id } }]);
  });
  const reclaim = async (ledger: Ledger) => {
    now += leaseTime + 1;
    const [claim] = await ledger.claim(9);
    return claim!;
  };

  test('a result or reason of another version is told as far as it can be', async () => {
    const { ledger, database } = await start();
    const change = trackChange({});
    await ledger.accept(dana, change);
    await ledger.finish((await ledger.claim(1))[0]!, { state: 'done', result });
    await sql`update ledger_change set result = '{}'`.execute(database.db);
    expect(await ledger.accept(dana, change)).toMatchObject({ state: 'done', result: null });
    await sql`update ledger_change set state = 'refused', reason_code = 'gremlins', reason_message = 'So.'`.execute(
      database.db,
    );
    expect(await ledger.accept(dana, change)).toMatchObject({ reason: { code: 'refused', message: 'So.' } });
  });

  test('refused stays listed for its owner until it is dropped or tried again, however long that takes', async () => {
    const { ledger } = await start();
    const changes = ['m1.a', 'm1.b', 'm1.c'].map((lane) => trackChange({}, lane));
    for (const change of changes) {
      await ledger.accept(dana, change);
      await ledger.putAttachment(dana, change.id, 0, new Uint8Array([1, 2, 3]));
    }
    for (const claim of await ledger.claim(9)) await ledger.finish(claim, refused);
    now += 400 * day;
    await ledger.purge();
    const [a, b, c] = changes;
    expect(await listed(ledger)).toEqual(changes.map(({ id }) => [id, 'refused', 'forbidden']));
    expect(await listed(ledger, miguel)).toEqual([]);
    expect(await ledger.parked(dana, ['m1.a', 'm1.x'])).toMatchObject([{ id: a!.id }]);
    expect(await ledger.parked(miguel, ['m1.a'])).toEqual([]);

    expect(await ledger.retry(dana, a!.id)).toMatchObject({ state: 'queued', reason: null });
    expect(await ledger.retry(dana, a!.id)).toMatchObject({ state: 'queued' });
    const [again] = await ledger.claim(9);
    expect(again).toMatchObject({ change: { id: a!.id }, age: 0, attempts: 1 });
    expect(await text(toBase64((await ledger.attachment(a!.id, 0))!).stream())).toBe('AQID');
    await expect(ledger.drop(dana, a!.id)).rejects.toMatchObject({ status: 409 });
    await ledger.finish(again!, { state: 'done', result });
    expect(await ledger.retry(dana, a!.id)).toMatchObject({ state: 'done', result });
    await expect(ledger.drop(dana, a!.id)).rejects.toMatchObject({ status: 409 });

    await ledger.drop(dana, b!.id);
    await ledger.drop(dana, b!.id);
    expect(await ledger.accept(dana, b!)).toMatchObject({ state: 'refused', reason: { code: 'dropped' } });
    await expect(ledger.retry(dana, b!.id)).rejects.toMatchObject({ status: 409 });
    expect(await ledger.attachment(b!.id, 0)).toBeNull();
    expect(await listed(ledger)).toEqual([[c!.id, 'refused', 'forbidden']]);
    const last = (await ledger.events(dana, 0, 100)).at(-1)!;
    expect(JSON.parse(last.status)).toMatchObject({ id: b!.id, state: 'refused', reason: { code: 'dropped' } });
  });

  test('the list comes in pages', async () => {
    const { ledger } = await start();
    const changes = ['m1.a', 'm1.b', 'm1.c', 'm1.d', 'm1.e'].map((lane) => trackChange({}, lane));
    for (const change of changes) await ledger.accept(dana, change);
    const pages: string[][] = [];
    for (let after: number | null = 0; after !== null;) {
      const { changes: page, next } = await ledger.list(dana, ['queued'], after, 2);
      pages.push(page.map(({ id }) => id));
      after = next;
    }
    const ids = changes.map(({ id }) => id);
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect(await ledger.list(dana, ['refused'], 0, 2)).toEqual({ changes: [], next: null });
  });

  test('nobody else drops it or tries it again, nor learns that it is there', async () => {
    const { ledger } = await start();
    const change = trackChange({});
    await ledger.accept(dana, change);
    const missing = await ledger.drop(miguel, trackChange({}).id).catch((error: unknown) => error);
    await expect(ledger.drop(miguel, change.id)).rejects.toEqual(missing);
    await expect(ledger.retry(miguel, change.id)).rejects.toEqual(missing);
    expect(missing).toMatchObject({ status: 404 });
    expect(await ledger.claim(1)).toHaveLength(1);
  });

  test('tried again, it goes behind what is under way in its lane', async () => {
    const { ledger } = await start();
    const [first, second] = [trackChange({}, 'm1.a'), regardChange({}, 'm1.a')];
    for (const change of [first, second]) await ledger.accept(dana, change);
    const [claim] = await ledger.claim(1);
    await ledger.finish(claim!, refused);
    const [running] = await ledger.claim(9);
    await ledger.retry(dana, first.id);
    expect(await ledger.claim(9)).toEqual([]);
    expect(await ledger.finish(claim!, { state: 'done', result })).toBe(false);
    await ledger.finish(running!, { state: 'done', result });
    expect(await ledger.claim(9)).toMatchObject([{ change: { id: first.id } }]);
  });

  test('a waiting change is dropped, and the next of its lane takes its place', async () => {
    const { ledger } = await start();
    const [first, second, third] = [trackChange({}, 'm1.a'), regardChange({}, 'm1.a'), regardChange({}, 'm1.a')];
    for (const change of [first, second, third]) await ledger.accept(dana, change);
    await ledger.drop(dana, first.id);
    await ledger.drop(dana, third.id);
    expect(await ledger.claim(9)).toMatchObject([{ change: { id: second.id } }]);
  });

  test('a worker that died holds nothing back from being dropped', async () => {
    const { ledger } = await start();
    const change = trackChange({});
    await ledger.accept(dana, change);
    const [dead] = await ledger.claim(1);
    now += leaseTime + 1;
    await ledger.drop(dana, change.id);
    expect(await ledger.finish(dead!, { state: 'done', result })).toBe(false);
    expect(await ledger.claim(1)).toEqual([]);
  });

  test('what waited long is tried at once when its person asks', async () => {
    const { ledger } = await start();
    const change = trackChange({});
    await ledger.accept(dana, change);
    const [claim] = await ledger.claim(1);
    await ledger.putOff(claim!, 5 * 60_000, { code: 'unavailable', message: '' }, false);
    expect(await ledger.claim(1)).toEqual([]);
    await ledger.retry(dana, change.id);
    expect(await ledger.claim(1)).toHaveLength(1);
  });

  test('names the refused track that a change builds on, over what lies between', async () => {
    const { ledger } = await start();
    const track = trackChange({}, 'm1.a');
    const first = regardChange({ after: track.id }, 'm1.a');
    const second = regardChange({ after: first.id }, 'm1.a');
    for (const change of [track, first, second]) await ledger.accept(dana, change);
    const [claim] = await ledger.claim(1);
    await ledger.finish(claim!, refused);
    const [waiting] = await ledger.claim(1);
    expect(await ledger.blockedBy(waiting!)).toMatchObject({ id: track.id, reason: { code: 'forbidden' } });
    await ledger.finish(waiting!, refused);
    const [last] = await ledger.claim(1);
    expect(await ledger.blockedBy(last!)).toMatchObject({ id: track.id } satisfies Partial<ChangeStatus>);
    // Somebody else's of the same mail says nothing about this one.
    const stranger = regardChange({ after: track.id }, 'm1.a');
    await ledger.finish(last!, refused);
    await ledger.accept(miguel, stranger);
    expect(await ledger.blockedBy((await ledger.claim(1))[0]!)).toBeNull();
  });

  test('forgets results after 90 days, events after 30, and bytes that nobody claimed after one', async () => {
    const { ledger, database } = await start();
    const [done, dropped, waiting] = [trackChange({}, 'm1.a'), trackChange({}, 'm1.b'), trackChange({}, 'm1.c')];
    for (const change of [done, dropped, waiting]) await ledger.accept(dana, change);
    await ledger.finish((await ledger.claim(1))[0]!, { state: 'done', result });
    await ledger.drop(dana, dropped.id);
    for (const { id } of [waiting, trackChange({})]) await ledger.putAttachment(dana, id, 0, new Uint8Array([1]));
    const cut = (async function* () {
      yield new Uint8Array(3 * 1024 * 1024);
      throw new Error('the line broke');
    })();
    await expect(ledger.putAttachment(dana, waiting.id, 1, cut)).rejects.toThrow('the line broke');
    expect(await ledger.attachment(waiting.id, 1)).toBeNull();
    const counts = async () => {
      await ledger.purge();
      const { rows } = await sql`select (select count(*) from ledger_change) as changes,
        (select count(*) from ledger_event) as events, (select count(*) from ledger_attachment) as attachments,
        (select count(*) from ledger_chunk) as chunks`.execute(database.db);
      return rows[0];
    };
    expect(await counts()).toEqual({ changes: 3, events: 5, attachments: 2, chunks: 5 });
    now += 2 * day;
    expect(await counts()).toEqual({ changes: 3, events: 5, attachments: 1, chunks: 1 });
    now += 29 * day;
    expect(await counts()).toMatchObject({ changes: 3, events: 0 });
    now += 60 * day;
    expect(await counts()).toEqual({ changes: 1, events: 0, attachments: 1, chunks: 1 });
  });
});
