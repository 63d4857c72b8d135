import { cpus } from 'node:os';

/** One JSON line per figure: the value, its unit, the goal, and the conditions under which it was measured. */
export function print(
  name: string,
  value: number,
  unit: string,
  goal: number,
  conditions: Record<string, unknown>,
): void {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  console.log(
    JSON.stringify({
      name,
      value: Math.round(value * 10) / 10,
      unit,
      goal,
      met: value <= goal,
      ...conditions,
      ...machine,
    }),
  );
}

/** The value below which `share` of the samples lie (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
