import { text } from 'node:stream/consumers';
import { sql } from 'kysely';
import { expect, test } from '@jest/globals';
import type { ChangeStatus } from '../../src/model/change.ts';
import { isUniqueViolation } from '../../src/server/db/errors.ts';
import { toBase64 } from '../../src/server/queue/base64.ts';
import { leaseTime, type Claim } from '../../src/server/queue/claim.ts';
import { processClock } from '../../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../../src/server/queue/ledger.ts';
import { kim, regardChange, result, trackChange, untrackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';

const dana = 'd0a7a000-0001-4000-8000-000000000001';
const miguel = 'd0a7a000-0002-4000-8000-000000000002';
const reason = { code: 'unavailable' as const, message: 'The CRM answered 503.' };

const claimOne = async (ledger: Ledger): Promise<Claim | null> => (await ledger.claim(1))[0] ?? null;

forEachEngine('the ledger', ({ open }) => {
  let now = 0;
  const openLedger = async (): Promise<Ledger> => {
    now = Date.parse('2026-11-21T08:00:00.000Z');
    return createLedger(
      await open(),
      processClock(() => now),
    );
  };

  test('accepts a change once and answers every repetition with what became of it', async () => {
    const ledger = await openLedger();
    const change = trackChange({});
    expect(await ledger.accept(dana, change)).toMatchObject({ id: change.id, state: 'queued', position: 0 });
    await ledger.accept(dana, change);
    const claim = await claimOne(ledger);
    expect(claim?.change).toEqual(change);
    expect(await claimOne(ledger)).toBeNull();
    await ledger.finish(claim!, { state: 'done', result });
    expect(await ledger.accept(dana, change)).toMatchObject({ state: 'done', result });
    expect(await claimOne(ledger)).toBeNull();
  });

  test('gives the next claim what the last one tried, unless its outcome was heard', async () => {
    const ledger = await openLedger();
    const tried = { recordId: '0e000000-0000-4000-8000-000000000001', regarding: kim };
    const given = { ...tried, regarding: null };
    await ledger.accept(dana, regardChange({ tried: given }));
    const first = await claimOne(ledger);
    expect(first?.change.tried).toEqual(given); // on the device, before it was handed over
    expect(await ledger.note(first!, tried)).toBe(true);
    now += leaseTime + 1;
    const second = await claimOne(ledger);
    expect(second?.change.tried).toEqual(tried);
    expect(await ledger.note(first!, null)).toBe(false);
    expect(await ledger.note(second!, null)).toBe(true);
    now += leaseTime + 1;
    const third = await claimOne(ledger);
    expect(third?.change.tried).toBeUndefined();
    await ledger.note(third!, tried);
    await ledger.finish(third!, { state: 'conflict', reason });
    await ledger.retry(dana, third!.change.id); // its person wants it now, whatever was before
    expect((await claimOne(ledger))?.change.tried).toBeUndefined();
  });

  test('no program writes a change twice or gives a lane two heads, nor does the database let one', async () => {
    const database = await open();
    const ledger = createLedger(
      database,
      processClock(() => now),
    );
    await ledger.accept(dana, trackChange({}, 'm1.a'));
    const copy = (id: string, lane: string) =>
      sql`insert into ledger_change (id, owner, lane, kind, body, state, head, attempts, deaths, outage, due_at, generation,
          accepted_at, changed_at)
        select ${sql.raw(id)}, owner, ${sql.raw(lane)}, kind, body, state, head, attempts, deaths, outage, due_at, generation,
          accepted_at, changed_at from ledger_change`
        .execute(database.db)
        .catch((error: unknown) => (isUniqueViolation(error) ? 'refused' : error));
    expect(await copy('id', `'m1.b'`)).toBe('refused');
    expect(await copy(`'another'`, 'lane')).toBe('refused');
    expect(await copy(`'another'`, `'m1.b'`)).not.toBe('refused');
  });

  test('a repetition beside a new change of its lane does not take the new one’s place', async () => {
    const ledger = await openLedger();
    const [before, next] = [trackChange({}), regardChange({})];
    await ledger.accept(dana, before);
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    const [again, fresh, once] = await Promise.all([
      ledger.accept(dana, before),
      ledger.accept(dana, next),
      ledger.accept(dana, next),
    ]);
    expect(again.state).toBe('done');
    expect(fresh).toMatchObject({ id: next.id, state: 'queued', position: 0 });
    expect(once).toEqual(fresh);
    expect((await claimOne(ledger))?.change).toEqual(next);
  });

  test('tells nobody about somebody else’s change', async () => {
    const ledger = await openLedger();
    const change = trackChange({});
    await ledger.accept(dana, change);
    await expect(ledger.accept(miguel, change)).rejects.toMatchObject({ status: 403 });
    expect(await ledger.events(miguel, 0, 10)).toEqual([]);
  });

  test('keeps a lane in order and lets other lanes pass', async () => {
    const ledger = await openLedger();
    const [track, regard, other] = [trackChange({}, 'm1.a'), regardChange({}, 'm1.a'), trackChange({}, 'm1.b')];
    for (const change of [track, regard, other]) await ledger.accept(dana, change);
    const first = await claimOne(ledger);
    const second = await claimOne(ledger);
    expect([first?.change.id, second?.change.id]).toEqual([track.id, other.id]);
    expect(await claimOne(ledger)).toBeNull();
    await ledger.putOff(first!, 5_000, reason, false);
    expect(await claimOne(ledger)).toBeNull();
    now += 5_000;
    const again = await claimOne(ledger);
    expect(again).toMatchObject({ change: { id: track.id }, attempts: 2 });
    await ledger.finish(again!, { state: 'refused', reason });
    expect((await claimOne(ledger))?.change.id).toBe(regard.id);
  });

  test('a worker that froze beyond its lease changes nothing any more', async () => {
    const ledger = await openLedger();
    await ledger.accept(dana, trackChange({}));
    const frozen = (await claimOne(ledger))!;
    now += leaseTime - 1;
    expect(await ledger.renew(frozen)).toBe(true);
    now += leaseTime + 1;
    const fresh = (await claimOne(ledger))!;
    expect(fresh.generation).toBe(frozen.generation + 1);
    expect(await ledger.finish(frozen, { state: 'refused', reason })).toBe(false);
    expect(await ledger.renew(frozen)).toBe(false);
    expect(await ledger.finish(fresh, { state: 'done', result })).toBe(true);
  });

  test('an outage holds changes back without counting against them, and lets all go at once', async () => {
    const ledger = await openLedger();
    await ledger.accept(dana, trackChange({}, 'm1.a'));
    await ledger.accept(dana, trackChange({}, 'm1.b'));
    const [outage, own] = [(await claimOne(ledger))!, (await claimOne(ledger))!];
    await ledger.putOff(outage, 600_000, reason, true);
    await ledger.putOff(own, 600_000, reason, false);
    await ledger.releaseOutage();
    expect(await claimOne(ledger)).toMatchObject({ change: { id: outage.change.id }, attempts: 1 });
    expect(await claimOne(ledger)).toBeNull();
  });

  test('says in its log word for word what it would answer', async () => {
    const ledger = await openLedger();
    const odd = {
      code: 'unavailable' as const,
      message: `He said: "50 %", it\\'s\n<b>\u{1F4EC}</b> and \0\uD83D no more`,
    };
    const [late, gone, over] = [trackChange({}, 'm1.a'), regardChange({}, 'm1.b'), untrackChange({}, 'm1.c')];
    /** The last event about it, and what a question is answered in the same moment. */
    const heard = async ({ id }: { readonly id: string }) => {
      const said = (await ledger.events(dana, 0, 100)).map(({ status }) => JSON.parse(status) as ChangeStatus);
      const change = [late, gone, over].find((one) => one.id === id)!;
      const answer = await ledger.accept(dana, change);
      return [said.findLast((one) => one.id === id), { ...answer, position: null }];
    };
    const steps: readonly (() => Promise<unknown>)[] = [
      () => Promise.all([late, gone, over].map((change) => ledger.accept(dana, change))),
      async () => ledger.putOff((await claimOne(ledger))!, 1_001, odd, false),
      async () => ledger.finish((await claimOne(ledger))!, { state: 'conflict', reason: odd }),
      async () => ledger.finish((await claimOne(ledger))!, { state: 'done', result: { ...result, regarding: kim } }),
      () => ledger.retry(dana, gone.id),
      () => ledger.drop(dana, gone.id),
    ];
    for (const step of steps) {
      now += 1_357;
      await step();
      for (const change of [late, gone, over]) {
        const [said, answered] = await heard(change);
        expect(said).toEqual(answered);
      }
    }
    const events = await ledger.events(dana, 0, 100);
    expect(events).toHaveLength(3 + 5);
  });

  test('what is asked of it in one breath is one commit; what comes while that is under way, one more', async () => {
    const opened = await open();
    let commits = 0;
    const counted = <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      commits += 1;
      return answer;
    };
    const ledger = createLedger(
      {
        ...opened,
        transaction: (work) => counted(opened.transaction(work)),
        commit: (statements) => counted(opened.commit(statements)),
      },
      processClock(() => now),
    );
    /** As requests do that came together: each is so many steps from the ledger. */
    const handOver = async (place: number) => {
      for (let turn = 0; turn < place; turn += 1) await Promise.resolve();
      return ledger.accept(dana, trackChange({}, `m1.${place}`));
    };
    const handOverAll = () => Promise.all(Array.from({ length: 16 }, (_, place) => handOver(place)));
    await handOverAll();
    expect(commits).toBe(1);
    const [first] = await Promise.all([ledger.claim(1), handOverAll(), ledger.claim(3)]);
    expect(commits).toBe(2);
    const late = new Promise((resolve) => setImmediate(resolve)).then(handOverAll);
    await Promise.all([ledger.finish(first[0]!, { state: 'done', result }), late]);
    expect(commits).toBeLessThanOrEqual(4);
  });

  test('logs every step for the one who waits, behind a cursor that loses nothing', async () => {
    const ledger = await openLedger();
    let news = 0;
    ledger.subscribe(() => (news += 1));
    const change = trackChange({ regarding: kim });
    await ledger.accept(dana, change);
    const claim = (await claimOne(ledger))!;
    await ledger.putOff(claim, 1_000, reason, false);
    now += 1_000;
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    const events = await ledger.events(dana, 0, 10);
    const said = events.map(({ status }) => JSON.parse(status) as ChangeStatus);
    expect(said.map(({ state, reason: why }) => [state, why?.code ?? null])).toEqual([
      ['queued', null],
      ['queued', 'unavailable'],
      ['done', null],
    ]);
    expect(await ledger.events(dana, events[1]!.cursor, 10)).toEqual([events[2]]);
    expect(await ledger.lastCursor()).toBe(events[2]!.cursor);
    expect(news).toBe(3);
  });

  test('keeps attachments until the change is done, and one person’s apart from another’s', async () => {
    const ledger = await openLedger();
    const change = trackChange({});
    await ledger.putAttachment(dana, change.id, 0, new Uint8Array([1, 2, 3]));
    await ledger.putAttachment(dana, change.id, 0, new Uint8Array([1, 2, 3]));
    await expect(ledger.putAttachment(miguel, change.id, 0, new Uint8Array([9]))).rejects.toMatchObject({
      status: 403,
    });
    await ledger.accept(dana, change);
    const stored = (await ledger.attachment(change.id, 0))!;
    expect(await text(toBase64(stored).stream())).toBe('AQID');
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    expect(await ledger.attachment(change.id, 0)).toBeNull();
  });

  test('remembers who untracked a mail and kept the record, until that person tracks it again', async () => {
    const ledger = await openLedger();
    await ledger.accept(dana, untrackChange({ keepRecord: true }, 'm1.a'));
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    expect([...(await ledger.kept(dana, ['m1.a', 'm1.b']))]).toEqual(['m1.a']);
    expect((await ledger.kept(miguel, ['m1.a'])).size).toBe(0);
    await ledger.accept(dana, trackChange({}, 'm1.a'));
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    expect((await ledger.kept(dana, ['m1.a'])).size).toBe(0);
    // Also where the record was removed with it: a rule would bring it back.
    await ledger.accept(dana, untrackChange({ keepRecord: false }, 'm1.a'));
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    expect([...(await ledger.untracked(dana, ['m1.a']))]).toEqual(['m1.a']);
    // What the pane calls kept is a record that is there: a colleague who tracks the mail now is seen.
    expect((await ledger.kept(dana, ['m1.a'])).size).toBe(0);
    await ledger.accept(dana, trackChange({}, 'm1.a'));
    await ledger.finish((await claimOne(ledger))!, { state: 'done', result });
    expect((await ledger.untracked(dana, ['m1.a'])).size).toBe(0);
  });

  test('a held change is not due before its time', async () => {
    const ledger = await openLedger();
    await ledger.accept(dana, untrackChange({ holdUntil: '2026-11-21T08:00:10.000Z' }));
    expect(await claimOne(ledger)).toBeNull();
    expect(await ledger.untilDue()).toBe(10_000);
    now += 10_000;
    expect(await claimOne(ledger)).not.toBeNull();
  });
});
