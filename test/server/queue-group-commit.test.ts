import { expect, test } from '@jest/globals';
import { createGroupCommit } from '../../src/server/queue/group-commit.ts';

/** A database that commits when the test says so, and refuses the step named `bad`. */
function open(refusal: unknown = new Error('bad row')) {
  const groups: (readonly string[])[] = [];
  const waiting: (() => void)[] = [];
  const run = async (steps: readonly string[]): Promise<void> => {
    groups.push(steps);
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (steps.includes('bad')) throw refusal;
  };
  const commit = createGroupCommit({ run, weigh: (step) => (step.startsWith('heavy') ? 5 * 1024 * 1024 : 0) });
  const settled: string[] = [];
  const ends = new Map<string, Promise<unknown>>();
  const add = (step: string) =>
    void ends.set(
      step,
      commit(step).then(
        () => settled.push(step),
        () => settled.push(`${step} refused`),
      ),
    );
  const after = (step: string) => ends.get(step) ?? Promise.reject(new Error(`Nobody added ${step}.`));
  const flush = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { groups, settled, add, after, flush };
}

test('what arrives during a commit goes together into the next, and nobody is told before it is through', async () => {
  const { groups, settled, add, flush } = open();
  add('a');
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  for (const step of ['b', 'c', 'd']) add(step);
  expect(settled).toEqual([]);
  await flush();
  expect(settled).toEqual(['a']);
  await flush();
  expect(groups).toEqual([['a'], ['b', 'c', 'd']]);
  expect(settled).toEqual(['a', 'b', 'c', 'd']);
});

test('what the last commit let go on, and what is asked for in the same breath, is one commit', async () => {
  const { groups, add, flush, after } = open();
  for (const [step, next] of [
    ['a', 'c'],
    ['b', 'd'],
  ] as const) {
    add(step);
    void after(step).then(async () => {
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
      add(next);
    });
  }
  await flush();
  await flush();
  expect(groups).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('one bad row fails alone', async () => {
  const { settled, add, flush } = open();
  for (const step of ['a', 'bad', 'c']) add(step);
  for (let count = 0; count < 4; count += 1) await flush();
  expect(settled).toEqual(['a', 'bad refused', 'c']);
});

test('when the database is away, all of a group hear so at once', async () => {
  const { groups, settled, add, flush } = open(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
  for (const step of ['a', 'bad', 'c']) add(step);
  await flush();
  expect(groups).toHaveLength(1);
  expect(settled).toEqual(['a refused', 'bad refused', 'c refused']);
});

test('a group is no larger than a transaction should be', async () => {
  const { groups, add, flush } = open();
  for (const step of ['heavy 1', 'heavy 2', 'light', 'heavy 3']) add(step);
  for (let count = 0; count < 3; count += 1) await flush();
  expect(groups).toEqual([['heavy 1'], ['heavy 2', 'light'], ['heavy 3']]);
});
