import { cpus, loadavg } from 'node:os';

type Conditions = Record<string, unknown>;

/** One JSON line: a value that should not be above its goal, with the conditions under which it was measured. */
export function atMost(name: string, value: number, unit: string, goal: number, conditions: Conditions): void {
  print(name, value, unit, { goal, met: value <= goal }, conditions);
}

/** The same for a value that should not be below its goal. */
export function atLeast(name: string, value: number, unit: string, goal: number, conditions: Conditions): void {
  print(name, value, unit, { goal, met: value >= goal }, conditions);
}

function print(
  name: string,
  value: number,
  unit: string,
  verdict: { goal: number; met: boolean },
  conditions: Conditions,
): void {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0], node: process.version };
  console.log(
    JSON.stringify({ name, value: Math.round(value * 10) / 10, unit, ...verdict, ...conditions, ...machine }),
  );
}

/** The value below which `share` of the samples lie (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
