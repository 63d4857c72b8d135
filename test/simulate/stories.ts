import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What `npm run simulate` says with these arguments, in the tree at `root`, without the line of its duration. */
export function playStories(
  root: string,
  ...given: string[]
): { readonly said: string; readonly status: number | null } {
  const main = join(root, 'test/simulate/main.ts');
  // Not in this process: its timers are replaced by simulated ones, and outside of jest a story takes half the time.
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--no-warnings', main, ...given], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { said: (stdout + stderr).replace(/, \d+ ms$/m, ''), status };
}
