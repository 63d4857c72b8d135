// The figures of the ledger: direct calls in this process for enqueue, drain and claim. SQLite, and PostgreSQL beside it where it is installed, both with
// every commit flushed. One JSON line per figure.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase, type Database, type DatabaseLocation } from '../src/server/db/open.ts';
import { createBreaker } from '../src/server/queue/breaker.ts';
import { clockOf } from '../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../src/server/queue/ledger.ts';
import { timers } from '../src/server/queue/timers.ts';
import { createWorker } from '../src/server/queue/worker.ts';
import { startCluster } from '../test/server/postgres.setup.js';
import { result } from '../test/sync/samples.ts';
import { atLeast, atMost, percentile } from './figure.ts';
import { addBacklog, owner, trackOf } from './ledger-data.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 5);
const backlog = Number(process.env['BENCH_BACKLOG'] ?? 1_000_000);
const drained = 5_000;
const claims = 2_000;

const report = (error: unknown): never => {
  throw error;
};

/** Callers that hand over one Change after the other, each waiting until it is committed. */
async function enqueue(ledger: Ledger, callers: number): Promise<number> {
  let count = 0;
  const end = performance.now() + seconds * 1_000;
  const call = async (): Promise<void> => {
    while (performance.now() < end) {
      await ledger.accept(owner, trackOf());
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return count / seconds;
}

/** A worker against a CRM that answers at once; Changes per second until nothing is left. */
async function drain(ledger: Ledger, concurrency: number): Promise<number> {
  let left = 0;
  const fill = async (): Promise<void> => {
    for (let number = 0; number < drained / 50; number += 1)
      await Promise.all(Array.from({ length: 50 }, () => ledger.accept(owner, trackOf())));
    left = drained;
  };
  await fill();
  const began = performance.now();
  const breaker = createBreaker({
    probe: async () => undefined,
    release: () => ledger.releaseOutage(),
    timers,
    report,
  });
  await new Promise<void>((resolve) => {
    const worker = createWorker({
      ledger,
      breaker,
      apply: async (_change, _owner, check) => {
        await check(); // as before the one write of a track
        left -= 1;
        if (left === 0) void worker.stop().then(resolve);
        return result;
      },
      random: Math.random,
      timers,
      report,
      concurrency,
    });
  });
  return (drained * 1_000) / (performance.now() - began);
}

async function claimOften(ledger: Ledger): Promise<number[]> {
  const latencies: number[] = [];
  for (let number = 0; number < claims; number += 1) {
    const began = performance.now();
    const [claim] = await ledger.claim(1);
    latencies.push(performance.now() - began);
    if (claim === undefined) throw new Error('Nothing was due.');
    await ledger.finish(claim, { state: 'done', result });
  }
  return latencies;
}

async function empty(database: Database): Promise<void> {
  await sql`delete from ledger_change`.execute(database.db);
  await sql`delete from ledger_event`.execute(database.db);
}

async function measureClaims(database: Database, ledger: Ledger, conditions: Record<string, unknown>): Promise<void> {
  const hour = 60 * 60 * 1_000;
  const cases = {
    'all due': [{ lanes: backlog, depth: 1, dueIn: 0 }],
    'a lane of 100,000 held up': [
      { lanes: 1, depth: backlog / 10, dueIn: hour },
      { lanes: (backlog * 9) / 10, depth: 1, dueIn: 0 },
    ],
    'a lane of 100,000 going on': [{ lanes: 1, depth: backlog / 10, dueIn: 0 }],
    'all but a few not due': [
      { lanes: backlog, depth: 1, dueIn: hour },
      { lanes: claims, depth: 1, dueIn: 0 },
    ],
  };
  for (const [name, parts] of Object.entries(cases)) {
    for (const [index, part] of parts.entries()) await addBacklog(database, `${name} ${index}`, part);
    // A million rows did not come this minute: what they leave to be written is written before.
    if (database.engine === 'postgres') await sql`checkpoint`.execute(database.db);
    const latencies = await claimOften(ledger);
    atMost(`ledger: claim, ${name}, p99`, percentile(latencies, 0.99), 'ms', 15, {
      ...conditions,
      backlog,
      p50: Math.round(percentile(latencies, 0.5) * 10) / 10,
    });
    await empty(database);
  }
}

async function measure(engine: 'sqlite' | 'postgres', location: DatabaseLocation): Promise<void> {
  const database = await openDatabase(location, { seconds: 600 });
  const ledger = createLedger(database, clockOf(engine, Date.now));
  const conditions = { engine, calls: 'direct' };
  try {
    for (const [callers, goal] of [
      [1, 1_000],
      [16, engine === 'sqlite' ? 3_000 : 5_000],
    ] as const) {
      const perSecond = await enqueue(ledger, callers);
      atLeast('ledger: durable enqueue', perSecond, 'changes/s', goal, { ...conditions, callers });
      await empty(database);
    }
    for (const [concurrency, goal] of [
      [1, 1_000],
      [50, 3_000],
    ] as const) {
      const perSecond = await drain(ledger, concurrency);
      atLeast('ledger: drain, instant CRM', perSecond, 'changes/s', goal, { ...conditions, concurrency });
      await empty(database);
    }
    await measureClaims(database, ledger, conditions);
  } finally {
    await database.close();
  }
}

const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-ledger-'));
try {
  await measure('sqlite', { file: join(directory, 'ledger.sqlite') });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const cluster = startCluster('-c shared_buffers=256MB');
if (cluster !== undefined) {
  try {
    await measure('postgres', { url: cluster.url });
  } finally {
    cluster.stop();
  }
}
