// npm run bench -- mailbox-week: the daemon with its ledger and worker over a simulated week, on an SQLite file. One JSON line per
// day, after a collection of garbage: nothing that is in memory, and no table that is purged, grows with the days.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { CrmError } from '../src/model/errors.ts';
import { openDatabase, type Database } from '../src/server/db/open.ts';
import { createDaemon } from '../src/server/mailbox/daemon.ts';
import { settleEnds } from '../src/server/mailbox/ends.ts';
import { checkSilence } from '../src/server/mailbox/heartbeat.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import { purgeMailboxes } from '../src/server/mailbox/purge.ts';
import type { FolderRule } from '../src/server/mailbox/rules.ts';
import { runMailbox } from '../src/server/mailbox/run.ts';
import { openMailboxStore } from '../src/server/mailbox/store.ts';
import { createBreaker } from '../src/server/queue/breaker.ts';
import { processClock } from '../src/server/queue/clock.ts';
import { createLedger } from '../src/server/queue/ledger.ts';
import { createWorker } from '../src/server/queue/worker.ts';
import { atMost } from './figure.ts';
import { enterMailbox, mailboxServices } from './mailbox-services.ts';
import { createTimedMailbox } from './timed-mailbox.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

const mailboxes = Number(process.env['BENCH_MAILBOXES'] ?? 200);
const days = Number(process.env['BENCH_DAYS'] ?? 7);
const mailsPerDay = 10;
const hour = 3_600_000;
const day = 24 * hour;

const report = (error: unknown): never => {
  throw error;
};

const rule: FolderRule = {
  ...{ id: 'r1', folderId: 'inbox', includeSubfolders: false, regarding: null },
  ...{ appliesTo: 'all', since: '2026-01-01T00:00:00Z', origin: 'own' },
};

/** The parts of a server that reads mailboxes, put together as it does, but for its clock, its mailboxes and its CRM. */
async function startDaemon(database: Database, time: VirtualTime): Promise<{ stop(): Promise<void> }> {
  const { timers } = time;
  const now = () => time.now();
  const sleep = (milliseconds: number) => time.sleep(milliseconds);
  const clock = processClock(now);
  const store = openMailboxStore(database, clock);
  const ledger = createLedger(database, clock);
  const threads = createMailReader();
  const reader = { ...threads, read: (bytes: Uint8Array) => time.during(threads.read(bytes)) };
  // A new door to the mailbox each time it is opened, as after every broken line.
  const source = async ({ owner, address }: { owner: string; address: string }) => {
    const number = Number(owner);
    const isAway = () => number % 20 === 3 && (now() / hour) % 24 < 2;
    const every = day / mailsPerDay;
    const first = started + (number / mailboxes) * every;
    return createTimedMailbox({
      address,
      now,
      sleep,
      first,
      every,
      kept: 2 * day,
      isAway,
      isPoison: (mail) => mail % 97 === 1,
      isPrivate: (mail) => mail % 50 === 1,
    });
  };
  const services = mailboxServices({ store, ledger, reader, source, rules: [rule], now });
  for (let number = 0; number < mailboxes; number += 1)
    await enterMailbox(store, `person${number}@contoso.example`, number.toString(), now());
  let carried = 0;
  const worker = createWorker({
    ...{ ledger, timers, report, random: Math.random, concurrency: 4 },
    breaker: createBreaker({ probe: async () => undefined, release: () => ledger.releaseOutage(), timers, report }),
    async apply({ id }) {
      await sleep(20);
      carried += 1;
      if (carried % 211 === 0) throw new CrmError('refused', 'The CRM does not want it.');
      if (carried % 83 === 0) throw new CrmError('unavailable', 'Not now.');
      const none = { etag: null, regarding: null, previousRegarding: null, leftOut: [] };
      return { ...none, recordId: id, already: false };
    },
  });
  const daemon = createDaemon({
    ...{ store, timers, report, concurrency: 32 },
    run: (claim) => runMailbox(services, claim),
  });
  time.every(5_000, () => void settleEnds(store).catch(report));
  time.every(60_000, () => void checkSilence(store).catch(report));
  time.every(hour, () => void Promise.all([ledger.purge(), purgeMailboxes(store, 2)]).catch(report));
  return {
    async stop() {
      await Promise.all([daemon.stop(), worker.stop(), time.passUntil(time.now() + hour)]);
      await threads.close();
    },
  };
}

async function countRows({ db }: Database): Promise<Record<string, number>> {
  const names = ['mailbox_item', 'mailbox_copy', 'mailbox_alert', 'ledger_change', 'ledger_event'];
  const counts: Record<string, number> = {};
  for (const name of names) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.id(name)}`.execute(db);
    counts[name] = rows[0]?.count ?? 0;
  }
  const { rows } = await sql<{
    count: number;
  }>`select count(*) as count from mailbox_item where subject is not null`.execute(db);
  return { ...counts, subjects: rows[0]?.count ?? 0 };
}

function measureHeap(): { heap: number; outside: number; resident: number } {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const [heap = 0, outside = 0, resident = 0] = [heapUsed, external, rss].map(
    (bytes) => Math.round(bytes / 104_858) / 10,
  );
  return { heap, outside, resident };
}

if (globalThis.gc === undefined) throw new Error('It needs --expose-gc.');
const started = Date.UTC(2026, 10, 16);
const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-week-'));
const database = await openDatabase({ file: join(directory, 'week.sqlite') });
try {
  const time = createVirtualTime(started);
  const running = await startDaemon(database, time);
  const heaps: number[] = [];
  for (let passed = 1; passed <= days; passed += 1) {
    await time.passUntil(started + passed * day);
    const memory = measureHeap();
    heaps.push(memory.heap);
    console.log(JSON.stringify({ day: passed, ...memory, ...(await countRows(database)) }));
  }
  // On the first day statements are prepared, and functions compiled.
  const growth = (heaps.at(-1) ?? 0) - (heaps[1] ?? 0);
  atMost('mailboxes: growth of the heap, second to last day', growth, 'MB', 2, { mailboxes, days, mailsPerDay });
  await running.stop();
} finally {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
}
