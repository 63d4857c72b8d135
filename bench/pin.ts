import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Servers and their clients do not take each other's time. */
export const cores = { server: 0, clients: 1 };

/** Binds a process, with all its threads, to a core. @returns the core, or `null` where that cannot be done */
export function pin(pid: number, core: number): number | null {
  if (cpus().length < 2) return null;
  return spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]).status === 0 ? core : null;
}
