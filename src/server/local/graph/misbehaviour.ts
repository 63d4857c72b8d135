// What Microsoft documents that Graph may do, and tests must see it do. Everything is off until somebody asks, and the same
// seed gives the same order.

export interface Misbehaviour {
  /** How many times more each item of a page is said ("delta-query-overview", the note on repeated entities). */
  repeats: number;
  /** How many changes that were said already the next round says again ("Replays"). */
  replays: number;
  /** Items in no order ("$orderby"). */
  shuffled: boolean;
  /** A new item comes with an `@removed` of the same id before it: it was moved out and in again. */
  removedFirst: boolean;
  /** Changed items say their id and what changed, nothing else ("Updated instances"). */
  partial: boolean;
  /** Pages without items, but with a nextLink, before each page. */
  emptyPages: number;
  /** How many items a delta query with $filter answers at most (5,000, "delta-query-messages"). */
  filteredMost: number;
  /** So many of the next requests are answered so, whatever they ask. */
  answers: { status: number; retryAfter?: string; times: number };
  /** Milliseconds before anything is answered. */
  slow: number;
  /** A draft in MIME format gets a Message-ID of the server's own ("Create message", example 3). */
  ownMessageIds: boolean;
  /** Bytes of all files of a message; an administrator chooses ("customize the maximum message size"). */
  largestMessage: number;
  /** The next range of an upload that comes is kept up to so many bytes: it is to be continued from there. */
  keptOfRange: number | null;
  /** An upload session says NextExpectedRanges, as its notes do, and not nextExpectedRanges, as its examples do. */
  capitalRanges: boolean;
}

export const goodBehaviour: Readonly<Misbehaviour> = {
  repeats: 0,
  replays: 0,
  shuffled: false,
  removedFirst: false,
  partial: false,
  emptyPages: 0,
  filteredMost: 5000,
  answers: { status: 503, times: 0 },
  slow: 0,
  ownMessageIds: false,
  largestMessage: 150 * 1024 * 1024,
  keptOfRange: null,
  capitalRanges: false,
};

/** How the end of a token is said: the first as documented for a reset, the others as documented for expired tokens. */
export type ExpiryKind = 'gone' | 'not-found' | 'invalid';

/** A 32-bit xorshift: enough to put a page out of order. */
const randomOf = (seed: number) => {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

export const createMisbehaviour = (seed = 1) => {
  const random = randomOf(seed);
  let current: Misbehaviour = { ...goodBehaviour };
  let expiry: { epoch: number; kind: ExpiryKind } = { epoch: 0, kind: 'gone' };

  return {
    get current() {
      return current;
    },
    set: (wish: Partial<Misbehaviour>) => {
      current = { ...current, ...wish };
    },
    /** From now on, tokens given before this moment are not known any more. */
    expireTokens: (kind: ExpiryKind) => {
      expiry = { epoch: expiry.epoch + 1, kind };
    },
    get expiry() {
      return expiry;
    },
    /** Takes one of the answers that were asked for, or null. */
    takeAnswer: () => {
      const { answers } = current;
      if (answers.times <= 0) return null;
      current = { ...current, answers: { ...answers, times: answers.times - 1 } };
      return answers;
    },
    /** Takes what was asked for of the next range of an upload, or null. */
    takeKept: () => {
      const { keptOfRange } = current;
      current = { ...current, keptOfRange: null };
      return keptOfRange;
    },
    shuffle: <Item>(items: readonly Item[]): Item[] => {
      if (!current.shuffled) return [...items];
      return items
        .map((item) => ({ item, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item);
    },
  };
};

export type Misbehaves = ReturnType<typeof createMisbehaviour>;
