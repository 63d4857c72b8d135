// One private PostgreSQL for a whole test run: a temporary cluster on a Unix socket, gone afterwards. Its address is in
// TEST_POSTGRES_URL; without PostgreSQL on this machine the variable stays unset and engines.ts says what was skipped.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const INSTALLED = '/usr/lib/postgresql';

function findBinaries() {
  if (!existsSync(INSTALLED)) return undefined;
  const versions = readdirSync(INSTALLED).filter((version) => existsSync(join(INSTALLED, version, 'bin', 'initdb')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(INSTALLED, newest, 'bin');
}

export function hasPostgres() {
  return findBinaries() !== undefined;
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
 * @param {string} parent where its directory is made
 * @returns {{ url: string; data: string; start: () => void; stop: () => void } | undefined} nothing where PostgreSQL is not
 * installed; `start` starts it again after it died
 */
export function startCluster(options, parent = tmpdir()) {
  const binaries = findBinaries();
  if (binaries === undefined) return undefined;
  const directory = mkdtempSync(join(parent, 'alongside-pg-'));
  if (process.getuid?.() === 0) {
    const id = (kind) => Number(spawnSync('id', [kind, 'postgres'], { encoding: 'utf8' }).stdout);
    chownSync(directory, id('-u'), id('-g'));
  }
  const data = join(directory, 'data');
  const shape = ['-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  run(join(binaries, 'initdb'), ['-D', data, ...shape]);
  const all = `-k ${directory} -c listen_addresses= ${options}`;
  const start = () =>
    run(join(binaries, 'pg_ctl'), ['-D', data, '-w', '-o', all, '-l', join(directory, 'log'), 'start']);
  start();
  return {
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`,
    data,
    start,
    stop() {
      run(join(binaries, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * A database that was brought up to date once: copying it takes a tenth of the time. The copies begin as empty as it is.
 * @param {string} address of a database of the same server
 */
async function createTemplate(address) {
  const { openDatabase } = await import('../../src/server/db/open.ts');
  const name = `test_template_${randomUUID().replaceAll('-', '')}`;
  const query = async (text) => {
    const client = new pg.Client({ connectionString: address });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await query(`create database ${name}`);
  const url = new URL(address);
  url.pathname = `/${name}`;
  await (await openDatabase({ url: url.href })).close();
  return { name, drop: () => query(`drop database ${name}`) };
}

export default async function startPostgres() {
  // Tests need no power-cut safety; what is measured and shipped keeps fsync on.
  const given = process.env['TEST_POSTGRES_URL'];
  const cluster =
    given === undefined ? startCluster('-c fsync=off -c full_page_writes=off -c max_connections=200') : undefined;
  const address = given ?? cluster?.url;
  if (address === undefined) return;
  const template = await createTemplate(address);
  process.env['TEST_POSTGRES_URL'] = address;
  process.env['TEST_POSTGRES_TEMPLATE'] = template.name;
  globalThis.stopPostgres = cluster?.stop ?? template.drop;
}
