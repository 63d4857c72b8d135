import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of a drill's own, small enough to be full. */
export interface Disk {
  readonly path: string;
  /** Not a byte is left. */
  fill(): void;
  clear(): void;
  remove(): void;
}

/** Whether this user may mount one. */
export const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

/** @param megabytes how large it is */
export function mountDisk(megabytes: number): Disk {
  const path = mkdtempSync(join(tmpdir(), 'alongside-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', path]);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      // By halves: what is left is not known, since others write meanwhile.
      for (let size = 1024 * 1024; size >= 1;) {
        try {
          appendFileSync(ballast, Buffer.alloc(size));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          size = Math.floor(size / 2);
        }
      }
    },
    clear: () => rmSync(ballast, { force: true }),
    remove() {
      execFileSync('umount', ['--lazy', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
