import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

/** One process of the product, as production runs it. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: () => number;
  /** Starts it (again, at the same address). Resolves when /healthz answers. */
  start(): Promise<void>;
  /** SIGKILL. Resolves when it is dead. */
  kill(): Promise<void>;
  /** SIGTERM: what runs is finished. */
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
  isRunning(): boolean;
  /** What it wrote about itself, the last of it. */
  readonly said: () => string;
}

const children = new Set<ChildProcess>();

/** For a drill that ends before it has tidied up. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

const root = fileURLToPath(new URL('../../', import.meta.url));

export async function createProcess(
  role: 'web' | 'daemon' | 'all',
  environment: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let said = '';
  const alive = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals) => {
    if (!alive()) return;
    child?.kill(signal);
    await until(`the ${role} ends`, () => !alive());
  };
  const start = async () => {
    const env = { PATH: process.env['PATH'], LOG_LEVEL: 'error', REQUEST_LIMITS: 'off', PUBLIC_URL: url };
    child = spawn(process.execPath, ['--no-warnings', 'src/server/main.ts', '--role', role], {
      cwd: root,
      env: { ...env, ...environment, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = child;
    children.add(started);
    started.once('exit', () => children.delete(started));
    const listen = (text: Buffer) => {
      said = (said + text.toString()).slice(-2_000);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    await until(`the ${role} is ready`, async () => {
      if (!alive()) throw new Error(`The ${role} ended before it was ready: ${said}`);
      const answer = await fetch(`${url}/healthz`).catch(() => null);
      return answer?.ok === true;
    });
  };
  return {
    url,
    pid: () => child?.pid ?? 0,
    start,
    // A frozen process dies of SIGKILL as well, but never hears SIGTERM.
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    isRunning: alive,
    said: () => said,
  };
}

/**
 * A port below those that the system hands out for outgoing connections: while a process is dead, one of these could take its
 * place; whoever asks a dead one whether it is back may even end up connected to itself.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
