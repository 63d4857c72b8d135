import { setImmediate as looked } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createTurns } from '../../../src/server/odata/turns.ts';

/** Requests that keep the thread for so many milliseconds, and the order in which they are answered. */
function at(milliseconds: number) {
  let clock = 0;
  const turn = createTurns(() => clock);
  const answered: string[] = [];
  const ask = async (name: string): Promise<void> => {
    const before = turn();
    if (before !== undefined) await before;
    clock += milliseconds;
    answered.push(name);
  };
  return { answered, ask };
}

describe('requests that came together', () => {
  test('long ones: whoever comes during one is answered before those who ask again', async () => {
    const { answered, ask } = at(5);
    const first = ['a', 'b'].map(ask);
    expect(answered).toEqual(['a']);
    const late = ask('late');
    const again = first[0]?.then(() => ask('a again'));
    await Promise.all([...first, late, again]);
    expect(answered).toEqual(['a', 'b', 'late', 'a again']);
  });

  test('one long one per look at the sockets, however many wait', async () => {
    const { answered, ask } = at(5);
    const all = Promise.all(['a', 'b', 'c'].map(ask));
    const counts = [answered.length];
    for (let look = 1; look <= 3; look += 1) {
      await looked();
      counts.push(answered.length);
    }
    await all;
    expect(counts[0]).toBe(1);
    expect(counts.at(-1)).toBe(3);
    expect(counts.some((count) => count === 2)).toBe(true);
  });

  test('short ones share a slice, and nothing waits when nobody works', async () => {
    const { answered, ask } = at(0.1);
    const all = Promise.all(['a', 'b', 'c'].map(ask));
    expect(answered).toEqual(['a', 'b', 'c']);
    await all;
    await looked();
    await looked();
    void ask('d');
    expect(answered).toEqual(['a', 'b', 'c', 'd']);
  });
});
