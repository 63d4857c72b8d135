import { readFileSync, writeFileSync } from 'node:fs';

/** Resident memory of processes, in bytes: now, and its highest mark since `forget`. Linux only. */
export function residentMemoryOf(pids: readonly number[]) {
  const read = (pid: number, field: string): number =>
    1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return {
    forget: () => pids.forEach((pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5')),
    now: () => pids.reduce((sum, pid) => sum + read(pid, 'VmRSS'), 0),
    highest: () => pids.reduce((sum, pid) => sum + read(pid, 'VmHWM'), 0),
  };
}
