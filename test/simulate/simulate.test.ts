import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { playStories } from './stories.ts';

jest.setTimeout(600_000);

/** What fails here is told as short as it still fails, with the line that plays it again. */
describe('whatever goes wrong, no change is lost, doubled or out of order', () => {
  const root = join(import.meta.dirname, '../..');
  const play = (...given: string[]) => playStories(root, ...given);
  const fine = { said: expect.stringContaining('nothing broken'), status: 0 };

  test.each([1, 101, 201, 301, 401])('in the hundred stories from seed %i', (first) => {
    expect(play('--seed', String(first), '--runs', '100')).toEqual(fine);
  });

  const anywhere = 1_000 + Math.floor(Math.random() * 2 ** 30);
  test(`nor in fifty of this run, from seed ${anywhere}`, () => {
    expect(play('--seed', String(anywhere), '--runs', '50')).toEqual(fine);
  });

  test('one seed tells one story', () => {
    const again = () => play('--seed', '7', '--runs', '1', '--story');
    expect(again()).toEqual(again());
  });
});
