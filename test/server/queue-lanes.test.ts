import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Change } from '../../src/model/change.ts';
import type { Database } from '../../src/server/db/open.ts';
import { clockOf, processClock } from '../../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../../src/server/queue/ledger.ts';
import { regardChange, result } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';

const dana = 'd0a7a000-0001-4000-8000-000000000001';
const reason = { code: 'unavailable' as const, message: 'The CRM answered 503.' };
const lanes = Array.from({ length: 8 }, (_, number) => `m1.lane${number}`);

/** What must be true of the table after every step: each lane that has queued rows has one head, its oldest. */
async function expectHeads(database: Database): Promise<void> {
  const { rows } = await sql<{ lane: string }>`select lane from ledger_change where state = 'queued' group by lane
    having sum(head) <> 1 or min(seq) <> min(case when head = 1 then seq end)`.execute(database.db);
  expect(rows).toEqual([]);
  const heads = await sql`select seq from ledger_change where head = 1 and state <> 'queued'`.execute(database.db);
  expect(heads.rows).toEqual([]);
}

forEachEngine('lanes', ({ engine, open }) => {
  const openLedgers = async (count: number): Promise<{ database: Database; ledgers: Ledger[] }> => {
    const database = await open();
    const clock = processClock(() => Date.now());
    return { database, ledgers: Array.from({ length: count }, () => createLedger(database, clock)) };
  };

  test('sixteen claimers carry every lane out in order, while others add to it', async () => {
    const { database, ledgers } = await openLedgers(16);
    const given = new Map<string, string[]>(lanes.map((lane) => [lane, []]));
    const carried = new Map<string, string[]>(lanes.map((lane) => [lane, []]));
    const busy = new Set<string>();
    let accepted = 0;
    let done = 0;
    const total = lanes.length * 10;
    const add = async (lane: string, ledger: Ledger) => {
      for (let count = 0; count < 10; count += 1) {
        const change = regardChange({}, lane);
        await ledger.accept(dana, change);
        given.get(lane)!.push(change.id);
        accepted += 1;
      }
    };
    const carry = async (ledger: Ledger, number: number) => {
      while (done < total) {
        const claims = await ledger.claim(1 + (number % 3));
        for (const claim of claims) {
          const { lane, id } = claim.change;
          expect(busy.has(lane)).toBe(false);
          busy.add(lane);
          await new Promise((resolve) => setImmediate(resolve));
          busy.delete(lane);
          if (number % 4 === 0 && claim.attempts === 1) {
            await ledger.putOff(claim, 0, reason, false);
            continue;
          }
          carried.get(lane)!.push(id);
          done += 1;
          expect(await ledger.finish(claim, { state: 'done', result })).toBe(true);
        }
        if (claims.length === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([...lanes.map((lane, number) => add(lane, ledgers[number]!)), ...ledgers.map(carry)]);
    expect(accepted).toBe(total);
    expect(carried).toEqual(given);
    await expectHeads(database);
  });

  test('two inserts into one empty lane have one head', async () => {
    const { database, ledgers } = await openLedgers(8);
    for (let round = 0; round < 10; round += 1)
      await Promise.all(ledgers.map((ledger) => ledger.accept(dana, regardChange({}, `m1.race${round}`))));
    await expectHeads(database);
  });

  test('the same change handed to several processes at once is one', async () => {
    const { database, ledgers } = await openLedgers(8);
    const change = regardChange({}, 'm1.same');
    const statuses = await Promise.all([...ledgers, ...ledgers].map((ledger) => ledger.accept(dana, change)));
    expect(new Set(statuses.map(({ id, state }) => `${id} ${state}`)).size).toBe(1);
    const { rows } = await sql`select id from ledger_change`.execute(database.db);
    expect(rows).toHaveLength(1);
  });

  test('a reader who goes on from its cursor misses nothing that several writers log', async () => {
    const { ledgers } = await openLedgers(6);
    const changes: Change[] = [];
    let writing = true;
    const seen: string[] = [];
    const read = async () => {
      let cursor = 0;
      for (let last = false; !last;) {
        last = !writing;
        for (const event of await ledgers[0]!.events(dana, cursor, 7)) {
          cursor = event.cursor;
          seen.push((JSON.parse(event.status) as { id: string }).id);
          last = false;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const write = async (ledger: Ledger, number: number) => {
      for (let count = 0; count < 20; count += 1) {
        const change = regardChange({}, `m1.writer${number}`);
        changes.push(change);
        await ledger.accept(dana, change);
      }
    };
    const reading = read();
    await Promise.all(ledgers.map(write));
    writing = false;
    await reading;
    expect(seen.toSorted()).toEqual(changes.map(({ id }) => id).toSorted());
  });

  test('a reader in another process hears of it when it looks', async () => {
    const { ledgers } = await openLedgers(2);
    const [here, there] = ledgers as [Ledger, Ledger];
    await here.lookForNews();
    const heard: string[] = [];
    here.subscribe((owners) => heard.push(...owners));
    await there.accept(dana, regardChange({}, 'm1.news'));
    expect(heard).toEqual([]);
    await here.lookForNews();
    await here.lookForNews();
    expect(heard).toEqual([dana]);
  });

  if (engine === 'postgres')
    describe('beside a program of the version before', () => {
      test('what it added and finished without heads is mended', async () => {
        const { database, ledgers } = await openLedgers(1);
        const [ledger] = ledgers as [Ledger];
        const [first, second, alone] = [regardChange({}, 'm1.a'), regardChange({}, 'm1.a'), regardChange({}, 'm1.b')];
        for (const change of [first, second, alone]) await ledger.accept(dana, change);
        await sql`update ledger_change set state = 'done' where id = ${first.id}`.execute(database.db);
        await sql`update ledger_change set head = 0 where id = ${alone.id}`.execute(database.db);
        await ledger.purge();
        await expectHeads(database);
        expect((await ledger.claim(9)).map(({ change }) => change.id)).toEqual([second.id, alone.id]);
      });

      test('time is the database’s, whatever the clock of this machine says', async () => {
        const database = await open();
        const hour = 60 * 60 * 1000;
        const slow = createLedger(
          database,
          clockOf('postgres', () => Date.now() - 24 * hour),
        );
        const fast = createLedger(
          database,
          clockOf('postgres', () => Date.now() + hour),
        );
        await fast.accept(dana, regardChange({}, 'm1.a'));
        const [claim] = await slow.claim(1);
        expect(claim!.age).toBeLessThan(hour / 2);
        expect(await fast.claim(1)).toEqual([]);
        await fast.putOff(claim!, hour, reason, false);
        const wait = (await slow.untilDue())!;
        expect(wait).toBeGreaterThan(hour / 2);
        expect(wait).toBeLessThanOrEqual(hour);
      });
    });
});
