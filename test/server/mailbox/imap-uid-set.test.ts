import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatUids,
  isIn,
  join,
  listUids,
  parseUids,
  sizeOf,
  subtract,
  takeHighest,
  takeLowest,
  uidSet,
} from '../../../src/server/mailbox/imap/uid-set.ts';

const uids = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 });
const sorted = (numbers: Iterable<number>) => [...new Set(numbers)].sort((one, other) => one - other);

test('a set of UIDs is what a set of numbers is, and survives being written', () => {
  fc.assert(
    fc.property(uids, uids, fc.nat(70), (some, others, most) => {
      const [all, set, other] = [sorted(some), uidSet(some), uidSet(others)];
      expect(listUids(set)).toEqual(all);
      expect(sizeOf(set)).toBe(all.length);
      expect(parseUids(formatUids(set))).toEqual(set);
      expect(listUids(join(set, other))).toEqual(sorted([...some, ...others]));
      expect(join(set, other)).toEqual(uidSet([...some, ...others]));
      expect(listUids(subtract(set, other))).toEqual(all.filter((uid) => !others.includes(uid)));
      const { taken, rest } = takeLowest(set, most);
      expect([...listUids(taken), ...listUids(rest)]).toEqual(all);
      expect(sizeOf(taken)).toBe(Math.min(most, all.length));
      expect(listUids(takeHighest(set, most))).toEqual(most === 0 ? [] : all.slice(-most));
      expect(all.every((uid) => isIn(set, uid)) && !isIn(set, 61)).toBe(true);
    }),
  );
});

test('a hundred thousand mails in a row are one range', () => {
  expect(formatUids(uidSet(Array.from({ length: 100_000 }, (_, index) => 100_001 - index)))).toBe('2:100001');
});

test.each(['0', '1,1', '2:1', '1:', '5,3', '1:4294967296', '*', '1:*', ' 1', '1,', '-1', '1e3'])(
  'no set: %j',
  (text) => {
    expect(parseUids(text)).toBeUndefined();
  },
);
