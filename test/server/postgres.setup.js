// One private PostgreSQL for a whole test run: a temporary cluster on a Unix socket, gone afterwards. Its address is in
// TEST_POSTGRES_URL; without PostgreSQL on this machine the variable stays unset and engines.ts says what was skipped.
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const INSTALLED = '/usr/lib/postgresql';

function findBinaries() {
  if (!existsSync(INSTALLED)) return undefined;
  const versions = readdirSync(INSTALLED).filter((version) => existsSync(join(INSTALLED, version, 'bin', 'initdb')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(INSTALLED, newest, 'bin');
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
function run(command, args) {
  const [file, ...rest] =
    process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', command, ...args] : [command, ...args];
  execFileSync(file, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/**
 * A private cluster in a temporary directory, on a Unix socket.
 * @param {string} options further options of the postgres command
 * @returns {{ url: string; stop: () => void } | undefined} nothing where PostgreSQL is not installed
 */
export function startCluster(options) {
  const binaries = findBinaries();
  if (binaries === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'alongside-pg-'));
  if (process.getuid?.() === 0) {
    const id = (kind) => Number(spawnSync('id', [kind, 'postgres'], { encoding: 'utf8' }).stdout);
    chownSync(directory, id('-u'), id('-g'));
  }
  const data = join(directory, 'data');
  const shape = ['-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  run(join(binaries, 'initdb'), ['-D', data, ...shape]);
  const all = `-k ${directory} -c listen_addresses= ${options}`;
  run(join(binaries, 'pg_ctl'), ['-D', data, '-w', '-o', all, '-l', join(directory, 'log'), 'start']);
  return {
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`,
    stop() {
      run(join(binaries, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export default async function startPostgres() {
  if (process.env['TEST_POSTGRES_URL'] !== undefined) return;
  // Tests need no power-cut safety; what is measured and shipped keeps fsync on.
  const cluster = startCluster('-c fsync=off -c full_page_writes=off -c max_connections=200');
  if (cluster === undefined) return;
  process.env['TEST_POSTGRES_URL'] = cluster.url;
  globalThis.stopPostgres = cluster.stop;
}
