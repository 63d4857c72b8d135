/** Randomness that can be had again: the same seed makes the same requests. */
export interface Random {
  /** From 0 up to, and without, `below`. */
  int(below: number): number;
  chance(of: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Between `least` and `most` of them. */
  many<T>(least: number, most: number, make: () => T): T[];
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    int,
    chance: (of) => next() < of,
    pick: (items) => items[int(items.length)]!,
    many: (least, most, make) => Array.from({ length: least + int(most - least + 1) }, make),
  };
}
