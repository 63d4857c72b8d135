import { expect, test } from '@jest/globals';
import { askTogether } from '../../src/api/ask-together.ts';

test('who asks in the same breath is answered by one question, each with their own answer', async () => {
  const asked: (readonly number[])[] = [];
  const double = askTogether(async (numbers: readonly number[]) => {
    asked.push(numbers);
    return numbers.map((number) => number * 2);
  }, setImmediate);
  expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6]);
  expect(await double(4)).toBe(8);
  expect(asked).toEqual([[1, 2, 3], [4]]);
});

test('a failure that may be the fault of one is found out one by one, any other is everybody’s', async () => {
  const asked: (readonly string[])[] = [];
  const ask = (words: readonly string[]) => {
    asked.push(words);
    if (words.includes('away')) return Promise.reject(new Error('away'));
    return words.includes('bad') ? Promise.reject(new Error('bad')) : Promise.resolve(words);
  };
  const say = askTogether(ask, setImmediate, (error) => error instanceof Error && error.message === 'bad');
  const states = async (words: string[]) =>
    (await Promise.allSettled(words.map(say))).map((end) => (end.status === 'fulfilled' ? end.value : 'failed'));
  expect(await states(['a', 'bad', 'c'])).toEqual(['a', 'failed', 'c']);
  expect(await states(['a', 'away', 'c'])).toEqual(['failed', 'failed', 'failed']);
  expect(asked).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c'], ['a', 'away', 'c']]);
});

test('an answer that is missing is nobody’s', async () => {
  const ask = askTogether(async () => ['one'], setImmediate);
  await expect(Promise.all([ask(1), ask(2)])).rejects.toThrow('not an answer for every question');
});
