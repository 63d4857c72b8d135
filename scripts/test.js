// npm test: lint and type check side by side, then the build that the browser tests open, then every test. Arguments are
// passed to jest. Ends with one line of counts. Needs no network after `npm ci`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const node = process.execPath;
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error('The tests need Node 24; run them with "npm test", which brings it along.');
  process.exit(1);
}

/** Runs a step and resolves with its exit code; its output is shown as it comes, or at the end when `quietly`. */
function run(name, args, { quietly = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: root,
      stdio: ['ignore', quietly ? 'pipe' : 'inherit', quietly ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env },
    });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('close', (code) => {
      if (quietly) console.log(`${name}: ${code === 0 ? 'fine' : 'FAILED'}`);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code ?? 1);
    });
  });
}

const bin = (name) => join(root, 'node_modules', ...name.split('/'));
const tsc = (project) => [bin('typescript/bin/tsc'), '-p', project];

async function check() {
  const lint = (async () =>
    (await run('lint', [bin('eslint/bin/eslint.js'), '.'], { quietly: true })) ||
    (await run('format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'], {
      quietly: true,
    })) ||
    (await run('dead code', [bin('knip/bin/knip.js')], { quietly: true })))();
  const types = (async () => {
    for (const project of ['tsconfig.web.json', 'tsconfig.server.json', 'tsconfig.test.json']) {
      const code = await run(`types (${project})`, tsc(project), { quietly: true });
      if (code !== 0) return code;
    }
    return run('build', [join(root, 'scripts/build.js')], { quietly: true });
  })();
  return (await Promise.all([lint, types])).every((code) => code === 0);
}

async function test(jestArguments) {
  const folder = mkdtempSync(join(tmpdir(), 'alongside-test-'));
  const file = join(folder, 'results.json');
  const env = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' };
  const code = await run('tests', [bin('jest/bin/jest.js'), '--json', `--outputFile=${file}`, ...jestArguments], {
    env,
  });
  const results = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(folder, { recursive: true });
  const brokenFiles = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
  );
  return {
    passed: results.numPassedTests,
    failed:
      results.numFailedTests +
      brokenFiles.length +
      (code !== 0 && results.numFailedTests + brokenFiles.length === 0 ? 1 : 0),
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

const checked = await check();
const counts = checked ? await test(process.argv.slice(2)) : { passed: 0, failed: 1, skipped: 0 };
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);
