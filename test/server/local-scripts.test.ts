// The commands that a person types: npm start and npm run token, as processes of their own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';

const root = fileURLToPath(new URL('../../', import.meta.url));
let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'alongside-scripts-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const run = (script: string, args: string[] = [], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', DATA_DIR: dataDir, ...env },
  });
  let said = '';
  const waiting: (() => void)[] = [];
  const hear = (text: string) => {
    said += text;
    waiting.forEach((look) => look());
  };
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, said })),
  );
  const heard = (words: string) =>
    Promise.race([ended, new Promise<void>((resolve) => waiting.push(() => said.includes(words) && resolve()))]);
  return { child, ended, heard };
};

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

test('npm run token prints a token, and only that, for Dana or for whoever is named', async () => {
  const { code, said } = await run('token.js').ended;
  expect(code).toBe(0);
  expect(decodeJwt(said.trim())).toMatchObject({ preferred_username: 'dana@contoso.example', aud: 'api://alongside' });
  const named = await run('token.js', ['--user', 'Zoe.Martin@contoso.example']).ended;
  expect(decodeJwt(named.said.trim())).toMatchObject({
    preferred_username: 'zoe.martin@contoso.example',
    name: 'Zoe Martin',
  });
});

test.each([
  ['token.js', ['--user', 'nobody'], {}, /"nobody" is not a mail address/],
  ['token.js', ['--user'], {}, /Usage: npm run --silent token/],
  ['start.js', ['--https'], {}, /--https is not there yet/],
  ['start.js', ['--mial', 'x'], {}, /Usage: npm start/],
  ['start.js', [], { PORT: 'http' }, /PORT is a number/],
  ['start.js', [], { PORT: '4000', HOST_PORT: '4000' }, /need one each/],
])('%s %j with %j answers with a sentence and no stack', async (script, args, env, sentence) => {
  const { code, said } = await run(script, args, env).ended;
  expect(code).toBe(1);
  expect(said).toMatch(sentence);
  expect(said).not.toMatch(/^\s+at /m);
});

const { isBuilt } = (await import(join(root, 'scripts/build.js'))) as { isBuilt: () => boolean };

// npm test builds first; without a build this would be a test of webpack. Where everything is required it is no excuse.
const mayRun = isBuilt() || process.env['REQUIRE'] !== undefined;
(mayRun ? test : test.skip)(
  `npm start is ready, says where, and ends with Ctrl-C${mayRun ? '' : ': not built; "npm run build" first'}`,
  async () => {
    const [port, hostPort] = [await freePort(), await freePort()];
    const start = run('start.js', [], { PORT: String(port), HOST_PORT: String(hostPort) });
    await start.heard('Ctrl-C stops everything');
    expect((await fetch(`http://localhost:${port}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${hostPort}/`)).status).toBe(200);
    const events = await fetch(`http://localhost:${hostPort}/local/events`);
    start.child.kill('SIGINT');
    const { code, said } = await start.ended;
    expect(code).toBe(process.platform === 'win32' ? null : 0);
    expect(said).toContain(`http://localhost:${hostPort}`);
    await events.body?.cancel().catch(() => {});
    await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow();
  },
  60_000,
);
