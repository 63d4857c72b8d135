import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { startCluster } from '../server/postgres.setup.js';
import { until } from './until.ts';

/** A PostgreSQL of a drill's own, with fsync as shipped, that dies when it is told to. */
export interface Cluster {
  /** Of a new, empty database in it. */
  newDatabase(): Promise<string>;
  /** SIGKILL to the postmaster and everything it started, at once. Resolves when none of them is left. */
  kill(): Promise<void>;
  /** Resolves when statements are answered again. */
  start(): Promise<void>;
  /** Ends every session and takes the place of each. */
  crowd(): Promise<{ leave(): Promise<void> }>;
  /** Ends it if it still runs, and removes what it stored. */
  remove(): Promise<void>;
}

/** Undefined where PostgreSQL is not installed. `parent`: where it stores, the temporary directory if left out. */
export function createCluster(parent?: string): Cluster | undefined {
  const cluster = startCluster('-c max_connections=50 -c shared_buffers=32MB -c max_wal_size=64MB', parent);
  if (cluster === undefined) return undefined;
  let databases = 0;
  let removed = false;
  const postmaster = () => Number(readFileSync(join(cluster.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const kill = async () => {
    const family = descendants(postmaster());
    for (const pid of family) signal(pid, 'SIGKILL');
    await until('PostgreSQL is dead', () => family.every((pid) => !isAlive(pid)));
  };
  /** A busy machine takes its time to answer; a dead server would never. */
  const query = async (text: string, patience = 60_000) => {
    const client = new pg.Client({ connectionString: cluster.url, connectionTimeoutMillis: patience });
    // A server that dies meanwhile says so by an event, besides failing the query.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(text);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  return {
    async newDatabase() {
      databases += 1;
      const name = `drill_${databases}`;
      await query(`create database ${name}`);
      const url = new URL(cluster.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    kill,
    async start() {
      // What the dead one shared in memory must be gone first: until then it refuses.
      await until('PostgreSQL starts', () => {
        try {
          if (!removed) cluster.start();
          return true;
        } catch {
          return false;
        }
      });
      // A database that is not up yet looks like one that lost its rows.
      await until('PostgreSQL answers', () =>
        query('select 1', 2_000).then(
          () => true,
          () => false,
        ),
      );
    },
    async crowd() {
      const clients: pg.Client[] = [];
      const take = async () => {
        const client = new pg.Client({ connectionString: cluster.url });
        client.on('error', () => undefined);
        await client.connect();
        clients.push(client);
        return client;
      };
      const first = await take();
      const fill = () =>
        take().then(
          () => true,
          () => false,
        );
      const drop = 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1';
      // Who is dropped comes back at once: the crowd must be quicker.
      await until('there is no place left', async () => {
        while (await fill());
        const { rowCount } = await first.query(drop, ['alongside']);
        return rowCount === 0;
      });
      return {
        async leave() {
          await Promise.all(clients.map((client) => client.end()));
        },
      };
    },
    async remove() {
      removed = true; // a drill that is broken off may be about to start it again
      try {
        cluster.stop(); // ended, not killed, it gives back what it shares in memory
      } catch {
        await kill().catch(() => undefined); // it is dead already
        rmSync(dirname(cluster.data), { recursive: true, force: true });
      }
    },
  };
}

function descendants(pid: number): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid];
  for (const member of family) family.push(...pairs.filter(([, parent]) => parent === member).map(([child]) => child!));
  return family;
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone already
  }
}

export function isAlive(pid: number): boolean {
  try {
    // Field 3 of /proc/PID/stat, behind the name in parentheses: Z has died and only waits for its parent to look.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
