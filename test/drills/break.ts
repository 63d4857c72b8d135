// npm run drills:break: breaks the product in every known way, and names the tests that notice. `-- 05 19`: only in these.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakTree, readMutations, type NamedMutation } from './mutation.ts';

const root = join(import.meta.dirname, '../..');
const copied = ['src', 'test', 'assets', 'scripts', 'bench', 'manifest.xml', 'package.json', 'jest.config.js'];
const configured = ['tsconfig.json', 'tsconfig.web.json', 'tsconfig.server.json', 'tsconfig.test.json'];

/** A copy, so that a run which is broken off leaves the tree whole. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'alongside-broken-'));
  for (const name of [...copied, ...configured]) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}

/** The first test that fails with the product broken; undefined when none does. Files that do not even run notice nothing. */
function caughtBy({ tests, named }: NamedMutation, copy: string): string | undefined {
  const jest = join(copy, 'node_modules/jest/bin/jest.js');
  const options = ['--experimental-vm-modules', '--no-warnings', jest, '--bail', ...(named ? ['-t', named] : [])];
  const run = spawnSync(process.execPath, [...options, '--', ...tests], { cwd: copy, encoding: 'utf8' });
  return /● (?!Test suite failed to run)(.+)/.exec(run.stderr)?.[1];
}

const copy = copyTree();
const wanted = process.argv.slice(2);
const all = await readMutations();
const mutations = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name.slice(0, 2)));
let caught = 0;
try {
  for (const mutation of mutations) {
    const mend = breakTree(mutation, copy);
    const test = caughtBy(mutation, copy);
    mend();
    if (test !== undefined) caught += 1;
    console.log(`${mutation.name} (${mutation.breaks}): ${test === undefined ? 'NOT CAUGHT' : `caught by ${test}`}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`caught ${caught} / ${mutations.length}`);
process.exitCode = caught === mutations.length ? 0 : 1;
