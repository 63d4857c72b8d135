import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isAlive } from './cluster.ts';
import { missingFor } from './stage.ts';
import { until } from './until.ts';

const missing = missingFor({ kind: 'apart', daemons: 1 });

const isRequired = process.env['REQUIRE']?.includes('postgres') === true;

(missing === undefined || isRequired ? describe : describe.skip)(
  `drills that are broken off (${missing ?? 'SIGTERM'})`,
  () => {
    test('leave neither a PostgreSQL nor what it stored', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'alongside-broken-off-'));
      chmodSync(folder, 0o755); // PostgreSQL runs as its own user
      const program = join(import.meta.dirname, 'main.ts');
      const drills = spawn(process.execPath, ['--no-warnings', program, '--place', 'database', '--rounds', '50'], {
        env: { ...process.env, TMPDIR: folder },
        stdio: 'ignore',
      });
      const running = new Promise<number | null>((resolve) => drills.once('exit', resolve));
      try {
        const files = () => readdirSync(folder).map((name) => join(folder, name, 'data/postmaster.pid'));
        await until('PostgreSQL runs', () => files().some(existsSync));
        const postmaster = Number(readFileSync(files().find(existsSync) ?? '', 'utf8').split('\n')[0]);
        drills.kill('SIGTERM');
        expect(await running).toBe(143);
        await until('it is dead', () => !isAlive(postmaster));
        expect(readdirSync(folder)).toEqual([]);
      } finally {
        drills.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      }
    }, 300_000);
  },
);
