import { createRandom, type Random } from '../fuzz/random.ts';

/**
 * A source of its own for everything that happens by chance: a fault that is left out while a story is shortened does not
 * change what everybody else does.
 */
export function randomFor(seed: number, name: string): Random {
  let hash = 0x811c9dc5;
  // FNV-1a
  for (const char of `${seed}/${name}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return createRandom(hash);
}

/** A duration around `usual` milliseconds, now and then ten times as long. */
export function around(random: Random, usual: number): number {
  return Math.round(usual * (0.5 + random.int(1000) / 1000) * (random.chance(0.03) ? 10 : 1));
}
