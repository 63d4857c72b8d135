import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The product as `npm start` starts it, in a process of its own, with a data directory of its own. */
export interface RunningStack {
  readonly addinUrl: string;
  readonly hostUrl: string;
  /** Milliseconds from the start of the process to the first 200 of /healthz. */
  readonly ready: number;
  readonly pid: number;
  token(): Promise<string>;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const ports = { addin: 3810, host: 3811 };

export function newDataDir(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'alongside-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function startStack(dataDir: string, mail?: string): Promise<RunningStack> {
  const began = performance.now();
  const env = { ...process.env, PORT: String(ports.addin), HOST_PORT: String(ports.host), DATA_DIR: dataDir };
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=8', 'scripts/start.js', ...(mail === undefined ? [] : ['--mail', mail])],
    {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const addinUrl = `http://localhost:${ports.addin}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error('The stack did not start.');
    const answer = await fetch(`${addinUrl}/healthz`).catch(() => null);
    if (answer?.ok === true) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    addinUrl,
    hostUrl: `http://localhost:${ports.host}`,
    ready: performance.now() - began,
    pid: child.pid ?? 0,
    token: () => tokenOf(addinUrl),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function tokenOf(addinUrl: string): Promise<string> {
  const response = await fetch(`${addinUrl}/identity/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: addinUrl },
    body: '{}',
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  return accessToken;
}

const batchSize = 500;

/** Fills the CRM through its own Web API: `$batch` with one change set each. */
export async function createContacts(stack: RunningStack, count: number): Promise<void> {
  const token = await stack.token();
  for (let from = 0; from < count; from += batchSize) {
    const lines: string[] = ['--b', 'Content-Type: multipart/mixed; boundary=c', ''];
    for (let number = from; number < Math.min(from + batchSize, count); number += 1) {
      lines.push(
        '--c',
        'Content-Type: application/http',
        'Content-Transfer-Encoding: binary',
        `Content-ID: ${number - from + 1}`,
        '',
      );
      lines.push('POST contacts HTTP/1.1', 'Content-Type: application/json', '', JSON.stringify(contact(number)));
    }
    lines.push('--c--', '', '--b--', '');
    const response = await fetch(`${stack.addinUrl}/api/data/v9.2/$batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/mixed; boundary=b' },
      body: lines.join('\r\n'),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The CRM answered ${response.status}: ${text.slice(0, 300)}`);
  }
}

export function addressOf(number: number): string {
  return `person${number}@company${number % 5000}.example`;
}

function contact(number: number) {
  return {
    firstname: `Given${number}`,
    lastname: `Family${number}`,
    emailaddress1: addressOf(number),
    jobtitle: 'Head of Testing',
    telephone1: `+49 451 ${100000 + number}`,
  };
}
