import { afterEach, describe, expect, test } from '@jest/globals';
import type { Change } from '../../src/model/change.ts';
import { CrmError } from '../../src/model/errors.ts';
import { ledgerLife } from '../../src/model/schedule.ts';
import { createBreaker } from '../../src/server/queue/breaker.ts';
import { leaseTime } from '../../src/server/queue/claim.ts';
import { processClock } from '../../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../../src/server/queue/ledger.ts';
import type { Timers } from '../../src/server/queue/timers.ts';
import { createWorker } from '../../src/server/queue/worker.ts';
import { regardChange, result, trackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';

const dana = 'd0a7a000-0001-4000-8000-000000000001';
const unavailable = (code: 'unavailable' | 'throttled' = 'unavailable', retryAfter?: number) =>
  new CrmError(code, 'Not now.', retryAfter === undefined ? {} : { retryAfter });

/** The ledger, telling of every call that begins (1) and ends (-1). */
function watched(ledger: Ledger, tell: (change: 1 | -1) => void): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        const answer: unknown = Reflect.apply(member, target, given);
        if (!(answer instanceof Promise)) return answer;
        tell(1);
        return answer.finally(() => tell(-1));
      };
    },
  });
}

forEachEngine('the worker', ({ open }) =>
  describe('at work', () => {
    const endings: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const end of endings.splice(0)) await end();
    });

    /** Ledger, breaker and worker as the product composes them, with a clock that the test turns. */
    const start = async (concurrency = 2) => {
      const opened = await open();
      const database: typeof opened = {
        ...opened,
        transaction(work) {
          world.commits += 1;
          return opened.transaction(work);
        },
        commit(statements) {
          world.commits += 1;
          return opened.commit(statements);
        },
      };
      let now = Date.parse('2026-11-21T08:00:00.000Z');
      const alarms = new Map<object, { at: number; ring: () => void }>();
      const timers: Timers = {
        after(delay, ring) {
          const alarm = {};
          alarms.set(alarm, { at: now + delay, ring });
          return () => void alarms.delete(alarm);
        },
        now: () => now,
      };
      const reported: unknown[] = [];
      const report = (error: unknown) => void reported.push(error);
      const world = {
        carried: [] as Change[],
        probes: 0,
        commits: 0,
        givenUp: [] as string[],
        /** Calls to the CRM under way, and what each waits for. */
        atOnce: 0,
        takes: null as Promise<void> | null,
        crm: (() => null) as (change: Change | 'probe') => CrmError | null,
        slow: Promise.resolve(),
      };
      let busy = 0;
      const ledger = watched(
        createLedger(
          database,
          processClock(() => now),
        ),
        (change) => {
          busy += change;
        },
      );
      const probe = async () => {
        world.probes += 1;
        const error = world.crm('probe');
        if (error) throw error;
      };
      const breaker = createBreaker({ probe, release: () => ledger.releaseOutage(), timers, report });
      const apply = async (change: Change, _owner: string, check: () => Promise<void>) => {
        world.atOnce += 1;
        await world.takes;
        world.atOnce -= 1;
        await check();
        const error = world.crm(change);
        if (error) throw error;
        world.carried.push(change);
        await world.slow;
        return result;
      };
      const worker = createWorker({
        ledger,
        breaker,
        apply,
        giveUp: async ({ change }) => void world.givenUp.push(change.id),
        random: () => 0.5,
        timers,
        report,
        concurrency,
      });
      endings.push(async () => {
        breaker.stop();
        await worker.stop();
        expect(reported).toEqual([]);
      });
      /** Lets time pass in small steps, so that everything that was due has happened. */
      const pass = async (milliseconds: number, step = 500) => {
        for (let left = milliseconds; left >= 0; left -= step) {
          for (const [alarm, { at, ring }] of alarms) {
            if (at > now) continue;
            alarms.delete(alarm);
            ring();
          }
          // A real database takes its own time: the next step waits until nothing is asked of it any more.
          for (let calm = 0; calm < 20; calm = busy > 0 ? 0 : calm + 1)
            await new Promise((resolve) => setImmediate(resolve));
          now += Math.min(step, left);
        }
      };
      const until = async (condition: () => boolean | Promise<boolean>) => {
        // Real databases answer in real time: the product's clock stands still meanwhile.
        for (const end = Date.now() + 4_000; Date.now() < end;) {
          if (await condition()) return;
          await pass(0);
        }
        throw new Error('it did not happen');
      };
      return {
        world,
        ledger,
        /** The process is stopped for so long: nothing rings, and it notices nothing. */
        freeze: (milliseconds: number) => void (now += milliseconds),
        reported,
        stop: () => worker.stop(),
        pass,
        until,
        isDone: async (id: string) => (await ledger.accept(dana, { ...trackChange({}), id })).state,
      };
    };

    test('carries out what is accepted', async () => {
      const { world, ledger, until } = await start();
      const change = trackChange({});
      await ledger.accept(dana, change);
      await until(() => world.carried.length === 1);
      expect(world.carried).toEqual([change]);
    });

    test('the end of one Change and the claim of the next are one commit, however quick the CRM is', async () => {
      const { world, ledger, until } = await start(1);
      let answer = (): void => undefined;
      world.takes = new Promise((resolve) => (answer = resolve));
      for (let number = 0; number < 20; number += 1) await ledger.accept(dana, trackChange({}, `m1.${number}`));
      await until(() => world.atOnce === 1);
      world.commits = 0;
      answer();
      await until(async () => world.carried.length === 20 && (await ledger.untilDue()) === null);
      // Each its own, one that claims the first, and one or two that find nothing left.
      expect(world.commits).toBeLessThanOrEqual(23);
    });

    test('what takes longer than a lease stays with its worker', async () => {
      const { world, ledger, until, pass, isDone } = await start();
      let answer = (): void => undefined;
      world.slow = new Promise((resolve) => (answer = resolve));
      const change = trackChange({});
      await ledger.accept(dana, change);
      await until(() => world.carried.length === 1);
      await pass(3 * leaseTime, 5_000);
      expect(await ledger.claim(5)).toEqual([]);
      answer();
      await until(async () => (await isDone(change.id)) === 'done');
      expect(world.carried).toEqual([change]);
    });

    test('a worker that was stopped for longer than its lease does not write with what it knew before', async () => {
      const { world, ledger, until, pass, freeze, isDone } = await start();
      let found = (): void => undefined;
      world.takes = new Promise((resolve) => (found = resolve));
      const change = trackChange({});
      await ledger.accept(dana, change);
      await until(() => world.atOnce === 1);
      await pass(0); // it has looked for more
      freeze(leaseTime + 1);
      const [taken] = await ledger.claim(1); // another worker, which carries it out
      found();
      await pass(5_000);
      expect(world.carried).toEqual([]);
      await ledger.finish(taken!, { state: 'done', result });
      await until(async () => (await isDone(change.id)) === 'done');
    });

    test('a worker that slept over the answer that its claim stands begins anew', async () => {
      const { world, ledger, until, pass, freeze } = await start();
      const told: string[] = [];
      const stands = ledger.stands.bind(ledger);
      const putOff = ledger.putOff.bind(ledger);
      ledger.stands = async (claim) => {
        const standing = await stands(claim);
        freeze(leaseTime);
        ledger.stands = stands;
        return standing;
      };
      ledger.putOff = (...given) => (told.push('put off'), putOff(...given));
      world.crm = () => (told.push('written'), null);
      let found = (): void => undefined;
      world.takes = new Promise((resolve) => (found = resolve));
      await ledger.accept(dana, trackChange({}));
      await until(() => world.atOnce === 1);
      await pass(1_000);
      found();
      await until(() => world.carried.length === 1);
      expect(told).toEqual(['put off', 'written']);
    });

    test.each([
      ['the second after it was asked for', 999, 0],
      ['any moment after that', 1_000, 1],
      ['the second after it was renewed', leaseTime / 3 + 999, 0],
      ['any moment after that', leaseTime / 3 + 1_000, 1],
    ])('in %s (%i ms), a claim is asked after %i times before a write', async (_, milliseconds, times) => {
      const { world, ledger, until, pass } = await start();
      const stands = ledger.stands.bind(ledger);
      let asked = 0;
      ledger.stands = (claim) => {
        asked += 1;
        return stands(claim);
      };
      let found = (): void => undefined;
      world.takes = new Promise((resolve) => (found = resolve));
      await ledger.accept(dana, trackChange({}));
      await until(() => world.atOnce === 1);
      await pass(milliseconds, 500);
      found();
      await until(() => world.carried.length === 1);
      expect(asked).toBe(times);
    });

    test('a database that is away for a moment is asked again', async () => {
      const { world, ledger, reported, pass, until } = await start();
      const claim = ledger.claim.bind(ledger);
      let asked = 0;
      const away = Object.assign(new Error('the database system is starting up'), { code: '57P03' });
      ledger.claim = async () => {
        asked += 1;
        throw away;
      };
      await ledger.accept(dana, trackChange({}));
      await until(() => asked > 0);
      await pass(60_000);
      expect(asked).toBeGreaterThan(20);
      ledger.claim = claim;
      await pass(3_000);
      await until(() => world.carried.length === 1);
      expect(reported.splice(0)).toContain(away);
    });

    test('an end that our own database does not take is written when it is back, and nobody is suspected', async () => {
      const { world, ledger, reported, pass, until, isDone } = await start();
      const well = { ...ledger };
      const away = Object.assign(new Error('the database system is starting up'), { code: '57P03' });
      let tried = 0;
      ledger.finish = async () => {
        tried += 1;
        throw away;
      };
      ledger.renew = () => Promise.reject(away);
      const change = trackChange({});
      await ledger.accept(dana, change);
      await until(() => tried > 0);
      // Nobody can claim either while the database is away.
      ledger.claim = () => Promise.reject(away);
      await pass(3 * leaseTime, 5_000);
      Object.assign(ledger, well);
      await pass(5_000);
      await until(async () => (await isDone(change.id)) === 'done');
      expect(tried).toBeGreaterThan(3);
      expect(world.carried).toEqual([change]);
      expect(new Set(reported.splice(0))).toEqual(new Set([away]));
    });

    test('a worker that is to stop finishes what is under way, and leaves the rest to others', async () => {
      const { world, ledger, until, pass, stop, isDone } = await start(1);
      let answer = (): void => undefined;
      world.slow = new Promise((resolve) => (answer = resolve));
      const [first, second] = [trackChange({}, 'm1.a'), trackChange({}, 'm1.b')];
      await ledger.accept(dana, first);
      await until(() => world.carried.length === 1);
      await ledger.accept(dana, second);
      let stopped = false;
      const stopping = stop().then(() => (stopped = true));
      await pass(10_000);
      expect(stopped).toBe(false);
      answer();
      await stopping;
      expect(await isDone(first.id)).toBe('done');
      await ledger.accept(dana, trackChange({}, 'm1.c'));
      await pass(10_000);
      expect(world.carried).toEqual([first]);
      expect((await ledger.claim(5)).map(({ change }) => change.lane)).toEqual(['m1.b', 'm1.c']);
    });

    test('a worker that is to stop does not wait for a database that is away', async () => {
      const { ledger, reported, until, stop } = await start();
      const away = Object.assign(new Error('the database system is starting up'), { code: '57P03' });
      let tried = 0;
      ledger.finish = async () => {
        tried += 1;
        throw away;
      };
      await ledger.accept(dana, trackChange({}));
      await until(() => tried === 1);
      await stop();
      expect(new Set(reported.splice(0))).toEqual(new Set([away]));
    });

    test('an end that the database will never take is tried again later, and kills nobody', async () => {
      const { world, ledger, reported, until, pass, isDone } = await start();
      const well = { ...ledger };
      const defect = new Error('a defect of ours');
      ledger.finish = () => Promise.reject(defect);
      const change = trackChange({});
      await ledger.accept(dana, change);
      await until(async () => (await ledger.pending([change.lane]))[0]?.reason?.code === 'unavailable');
      expect(reported.splice(0)).toEqual([defect]);
      Object.assign(ledger, well);
      await pass(5_000);
      await until(async () => (await isDone(change.id)) === 'done');
      expect(world.carried).toHaveLength(2);
    });

    test('rests while the CRM is away, asks for it, and is done within five seconds of its return', async () => {
      const { world, ledger, pass, until, isDone } = await start();
      world.crm = () => unavailable();
      const changes = ['m1.a', 'm1.b', 'm1.c'].map((key) => trackChange({}, key));
      for (const change of changes) await ledger.accept(dana, change);
      await until(() => world.probes > 0);
      await pass(20 * 60 * 1000);
      expect(world.carried).toEqual([]);
      world.crm = () => null;
      await pass(5_000);
      await until(() => world.carried.length === 3);
      for (const { id } of changes) expect(await isDone(id)).toBe('done');
    });

    test('one poisonous change neither opens the breaker nor stands before the others', async () => {
      const { world, ledger, until } = await start();
      const poison = trackChange({}, 'm1.poison');
      world.crm = (change) => (change !== 'probe' && change.id === poison.id ? unavailable() : null);
      await ledger.accept(dana, poison);
      const well = ['m1.a', 'm1.b', 'm1.c'].map((key) => trackChange({}, key));
      for (const change of well) await ledger.accept(dana, change);
      await until(() => world.carried.length === 3);
      expect((await ledger.pending(['m1.poison']))[0]).toMatchObject({
        state: 'queued',
        reason: { code: 'unavailable' },
      });
    });

    test('does not knock before the time a throttling CRM asked for', async () => {
      const { world, ledger, pass, until } = await start();
      world.crm = () => unavailable('throttled', 30_000);
      await ledger.accept(dana, trackChange({}));
      await until(async () => (await ledger.pending(['m1.one']))[0]?.reason?.code === 'throttled');
      await pass(29_000);
      expect(world.probes).toBe(0);
      world.crm = () => null;
      await pass(3_000);
      await until(() => world.carried.length === 1);
    });

    test('hands back what cannot pass, and what did not pass for five days', async () => {
      const { world, ledger, pass, until, isDone } = await start();
      world.crm = () => new CrmError('forbidden', 'You may not.');
      const refused = trackChange({}, 'm1.a');
      await ledger.accept(dana, refused);
      await until(async () => (await isDone(refused.id)) === 'refused');

      const late = trackChange({}, 'm1.b');
      world.crm = (change) => (change === 'probe' ? null : unavailable());
      await ledger.accept(dana, late);
      await until(async () => (await ledger.pending(['m1.b']))[0]?.reason?.code === 'unavailable');
      await pass(ledgerLife, 3_600_000);
      await until(async () => {
        await pass(3_600_000, 3_600_000);
        return (await isDone(late.id)) === 'refused';
      });
      expect(await ledger.accept(dana, late)).toMatchObject({ state: 'refused', reason: { code: 'expired' } });
      await until(() => world.givenUp.length > 0);
      expect(world.givenUp).toEqual([late.id]);
    });

    test('after an outage one change goes first, and the others follow it', async () => {
      const { world, ledger, pass, until } = await start(8);
      world.crm = () => unavailable();
      const changes = Array.from({ length: 16 }, (_, number) => trackChange({}, `m1.${number}`));
      for (const change of changes) await ledger.accept(dana, change);
      await until(() => world.probes > 0 && world.atOnce === 0);
      await pass(60_000);
      world.crm = () => null;
      let open = (): void => undefined;
      world.takes = new Promise((resolve) => (open = resolve));
      await pass(5_000);
      await until(() => world.atOnce > 0);
      await pass(2_000);
      expect(world.atOnce).toBe(1);
      open();
      world.takes = null;
      await until(() => world.carried.length === changes.length);
    });

    test('what builds on a refused track is refused with its name when the CRM does not know the mail', async () => {
      const { world, ledger, until } = await start();
      const track = trackChange({}, 'm1.a');
      const regard = regardChange({ after: track.id }, 'm1.a');
      const alone = regardChange({ after: trackChange({}).id }, 'm1.b');
      world.crm = (change) =>
        change === 'probe'
          ? null
          : change.kind === 'track'
            ? new CrmError('forbidden', 'You may not.')
            : new CrmError('not-found', 'The e-mail is no longer in the CRM.');
      for (const change of [track, regard, alone]) await ledger.accept(dana, change);
      await until(async () => (await ledger.pending(['m1.a', 'm1.b'])).length === 0);
      expect(await ledger.accept(dana, regard)).toMatchObject({
        state: 'refused',
        reason: { code: 'blocked', message: expect.stringContaining('You may not.') },
      });
      expect(await ledger.accept(dana, alone)).toMatchObject({ state: 'refused', reason: { code: 'not-found' } });
    });
  }),
);
