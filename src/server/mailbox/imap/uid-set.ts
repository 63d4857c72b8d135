/**
 * UIDs as ranges, lowest first, disjoint and not touching: what IMAP calls a sequence set (RFC 3501, 9). Thousands of mails of
 * an ordinary folder are a handful of ranges, so a set can live in a cursor.
 */
export type UidSet = readonly UidRange[];
type UidRange = readonly [first: number, last: number];

const mostUid = 0xffff_ffff;

/** Numbers in any order, also repeated. */
export function uidSet(uids: Iterable<number>): UidSet {
  const sorted = Float64Array.from(uids).sort();
  const ranges: [number, number][] = [];
  for (const uid of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && uid <= last[1] + 1) last[1] = Math.max(last[1], uid);
    else ranges.push([uid, uid]);
  }
  return ranges;
}

/** As IMAP writes it: `1:5,7`. */
export function formatUids(set: UidSet): string {
  return set.map(([first, last]) => (first === last ? String(first) : `${String(first)}:${String(last)}`)).join(',');
}

/** Undefined for what is no set of UIDs as `formatUids` writes it. */
export function parseUids(text: string): UidSet | undefined {
  if (text === '') return [];
  const ranges: UidRange[] = [];
  let above = 0;
  for (const part of text.split(',')) {
    const match = /^([1-9]\d{0,9})(?::([1-9]\d{0,9}))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first <= above || last < first || last > mostUid) return undefined;
    ranges.push([first, last]);
    above = last;
  }
  return ranges;
}

export function sizeOf(set: UidSet): number {
  return set.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The lowest `most` of them, and the others. */
export function takeLowest(set: UidSet, most: number): { taken: UidSet; rest: UidSet } {
  const taken: UidRange[] = [];
  let room = most;
  for (const [index, [first, last]] of set.entries()) {
    const end = Math.min(last, first + room - 1);
    if (end >= first) taken.push([first, end]);
    room -= end - first + 1;
    if (end < last) return { taken, rest: [[end + 1, last], ...set.slice(index + 1)] };
  }
  return { taken, rest: [] };
}

export function takeHighest(set: UidSet, most: number): UidSet {
  return takeLowest(set, Math.max(0, sizeOf(set) - most)).rest;
}

export function isIn(set: UidSet, uid: number): boolean {
  return set.some(([first, last]) => first <= uid && uid <= last);
}

export function listUids(set: UidSet): number[] {
  return set.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** All that is in `set` and not in `other`. */
export function subtract(set: UidSet, other: UidSet): UidSet {
  const left: UidRange[] = [];
  let next = 0;
  for (const [first, last] of set) {
    let from = first;
    while (next < other.length && (other[next]?.[1] ?? 0) < from) next += 1;
    for (let index = next; index < other.length && from <= last; index += 1) {
      const [otherFirst, otherLast] = other[index] ?? [0, 0];
      if (otherFirst > last) break;
      if (otherFirst > from) left.push([from, otherFirst - 1]);
      from = otherLast + 1;
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
}

export function join(...sets: readonly UidSet[]): UidSet {
  const ranges = sets.flat().sort(([one], [other]) => one - other);
  const joined: [number, number][] = [];
  for (const [first, last] of ranges) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}
