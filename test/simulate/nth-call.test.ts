import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openDatabase, type Database } from '../../src/server/db/open.ts';
import { crmOrigin } from './places.ts';
import type { CallFate } from './program.ts';
import { play, type Run } from './run.ts';
import type { Fault, PaneName, Scenario, ServerName } from './scenario.ts';
import type { TroubleKind } from './trouble.ts';

// A run that is given up goes on under the next one's clock.
jest.setTimeout(600_000);

/**
 * The whole way of one tracked mail with its attachments: the pane records it and cannot reach the CRM, the ledger takes over,
 * a daemon carries it out. Each call that any of these programs makes (a statement or transaction, a use of the device's
 * store, a digest, the mail host) and each message it sends fails once at its first, second, third ... use, until a run passes
 * in which nothing is left to fail; then the same with everything from that use on failing until all is healed. Meanwhile the
 * Change is nowhere lost; in the end it is in the CRM once (check/invariants).
 */

const scenario: Scenario = {
  seed: 1,
  webLocks: true,
  gestures: [{ at: 2_000, pane: "Dana's pane 1", act: { kind: 'track', mail: 1, regarding: 0 } }],
  faults: [],
  lasts: 14_000,
};

const crmAway: Fault = {
  kind: 'trouble',
  at: 0,
  lasts: 6_000,
  from: "Dana's pane 1",
  to: crmOrigin,
  troubles: ['away'],
  chance: 1,
};

const programs: readonly (PaneName | ServerName)[] = ["Dana's pane 1", 'the web server', 'daemon 1', 'daemon 2'];
const fates: readonly CallFate[] = ['fails', 'killed-before', 'killed-after', 'frozen'];
const troubles: readonly TroubleKind[] = [
  'cut-before',
  'cut-after',
  'stuck',
  'sign-in page for an answer',
  'half an answer',
];

describe('every outside call fails in its turn', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openDatabase({ file: ':memory:' });
  });
  afterAll(() => database.close());

  const playWith = (fault: Fault, webLocks: boolean): Promise<Run> =>
    play({ ...scenario, webLocks, faults: [crmAway, fault] }, database);

  /** @returns what was found wrong, with the use at which it was */
  const failEach = async (webLocks: boolean, faultAt: (nth: number) => Fault, usesOf: (run: Run) => number) => {
    const found: string[] = [];
    let nth = 1;
    for (; ; nth += 1) {
      const run = await playWith(faultAt(nth), webLocks);
      found.push(...run.violations.map(({ invariant, sentence }) => `use ${nth}: ${invariant}: ${sentence}`));
      if (usesOf(run) < nth) return { found, uses: nth - 1 };
    }
  };

  const calls = programs.flatMap((program) => fates.map((fate) => ({ program, fate })));
  test.each(calls)('a call of $program: $fate', async ({ program, fate }) => {
    const { found, uses } = await failEach(
      true,
      (nth) => ({ kind: 'call', program, nth, fate, back: 1_000 }),
      (run) => run.calls.get(program) ?? 0,
    );
    expect(found).toEqual([]);
    expect(uses).toBeGreaterThan(5);
  });

  test.each(programs)('every call of %s from the nth on, until it is healed', async (program) => {
    const { found } = await failEach(
      true,
      (nth) => ({ kind: 'call', program, nth, fate: 'fails', back: 1_000, onwards: true }),
      (run) => run.calls.get(program) ?? 0,
    );
    expect(found).toEqual([]);
  });

  test.each(fates)('a call of a pane whose browser refuses Web Locks: %s', async (fate) => {
    const { found } = await failEach(
      false,
      (nth) => ({ kind: 'call', program: "Dana's pane 1", nth, fate, back: 1_000 }),
      (run) => run.calls.get("Dana's pane 1") ?? 0,
    );
    expect(found).toEqual([]);
  });

  const messages = programs.flatMap((from) => troubles.map((trouble) => ({ from, trouble })));
  test.each(messages)('a message of $from: $trouble', async ({ from, trouble }) => {
    for (const onwards of trouble === 'cut-before' ? [false, true] : [false]) {
      const { found } = await failEach(
        true,
        (nth) => ({ kind: 'message', from, nth, trouble, onwards }),
        (run) => run.messages.get(from) ?? 0,
      );
      expect(found).toEqual([]);
    }
  });
});
