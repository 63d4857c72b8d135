import type { Run } from './run.ts';
import type { Scenario } from './scenario.ts';

/** The places of the gestures and faults of a scenario that are kept. */
export interface Part {
  readonly gestures: readonly number[];
  readonly faults: readonly number[];
}

export function wholeOf({ gestures, faults }: Scenario): Part {
  return { gestures: [...gestures.keys()], faults: [...faults.keys()] };
}

export function partOf(scenario: Scenario, { gestures, faults }: Part): Scenario {
  return {
    ...scenario,
    gestures: scenario.gestures.filter((_, index) => gestures.includes(index)),
    faults: scenario.faults.filter((_, index) => faults.includes(index)),
  };
}

/**
 * Leaves out one gesture or fault after the other for as long as one of the same invariants is still broken. Everybody has a
 * source of chance of their own, so what is left does what it did before.
 */
export async function shrink(scenario: Scenario, found: Run, play: (part: Scenario) => Promise<Run>): Promise<Part> {
  const broken = new Set(found.violations.map(({ invariant }) => invariant));
  const fails = async (part: Part): Promise<boolean> =>
    (await play(partOf(scenario, part))).violations.some(({ invariant }) => broken.has(invariant));
  let part = wholeOf(scenario);
  for (let smaller = true; smaller;) {
    smaller = false;
    for (const kind of ['faults', 'gestures'] as const) {
      for (const index of [...part[kind]].reverse()) {
        const without = { ...part, [kind]: part[kind].filter((other) => other !== index) };
        if (!(await fails(without))) continue;
        part = without;
        smaller = true;
      }
    }
  }
  return part;
}
