// npm run bench -- mailbox-flood: a mailbox with 100,000 new mails and nine small ones beside it, read by a daemon that reads one at a
// time, in simulated time, on an SQLite file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../src/server/db/open.ts';
import type { MailboxClaim } from '../src/server/mailbox/claim.ts';
import { createDaemon } from '../src/server/mailbox/daemon.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import { runMailbox } from '../src/server/mailbox/run.ts';
import { openMailboxStore, type MailboxStore } from '../src/server/mailbox/store.ts';
import { processClock } from '../src/server/queue/clock.ts';
import { createLedger } from '../src/server/queue/ledger.ts';
import { atMost, percentile } from './figure.ts';
import { enterMailbox, mailboxServices } from './mailbox-services.ts';
import { residentMemoryOf } from './resident.ts';
import { createTimedMailbox } from './timed-mailbox.ts';
import { createVirtualTime } from './virtual-time.ts';

const mails = Number(process.env['BENCH_MAILS'] ?? 100_000);
const small = 9;
const minute = 60_000;
const started = Date.UTC(2026, 10, 16);
const never = () => false;
/** Decided without asking the CRM, which is not there. */
const isPrivate = () => true;

async function countOpen({ tables }: MailboxStore): Promise<number> {
  const { rows } = await sql<{ open: number }>`select count(*) as open from mailbox_item where state = 'new'`.execute(
    tables,
  );
  return rows[0]?.open ?? 0;
}

/** @returns the time until all was decided, in minutes of the clock, and how late the others were, in seconds */
async function flood(database: Database): Promise<{ minutes: number; lateness: number[]; runs: number }> {
  const time = createVirtualTime(started);
  const now = () => time.now();
  const clock = processClock(now);
  const store = openMailboxStore(database, clock);
  const threads = createMailReader();
  const reader = { ...threads, read: (bytes: Uint8Array) => time.during(threads.read(bytes)) };
  const common = {
    now,
    sleep: (wait: number) => time.sleep(wait),
    kept: 1e12,
    isAway: never,
    isPoison: never,
    isPrivate,
  };
  const source = async ({ owner, address }: MailboxClaim) =>
    owner === '0'
      ? createTimedMailbox({ ...common, address, first: started - mails, every: 1, most: mails })
      : createTimedMailbox({ ...common, address, first: started, every: 5 * minute });
  const services = mailboxServices({ store, ledger: createLedger(database, clock), reader, source, rules: [], now });
  for (let number = 0; number <= small; number += 1)
    await enterMailbox(store, `person${number}@contoso.example`, number.toString(), now());
  const planned = new Map<string, number>();
  const lateness: number[] = [];
  let runs = 0;
  const daemon = createDaemon({
    ...{ store, timers: time.timers, report: services.report, concurrency: 1 },
    async run(claim) {
      if (claim.owner === '0') runs += 1;
      else lateness.push((claim.startedAt - (planned.get(claim.id) ?? started)) / 1_000);
      const completion = await runMailbox(services, claim);
      if (completion?.trouble != null) throw new Error(completion.trouble.message);
      if (completion !== null)
        planned.set(claim.id, completion.again ? now() : claim.startedAt + (completion.wait ?? 0));
      return completion;
    },
  });
  let minutes = 0;
  do await time.passUntil(started + (minutes += 5) * minute);
  while (runs < mails / 100 || (await countOpen(store)) > 0);
  await Promise.all([daemon.stop(), time.passUntil(now() + minute)]);
  await threads.close();
  return { minutes, lateness, runs };
}

const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-flood-'));
const database = await openDatabase({ file: join(directory, 'flood.sqlite') });
try {
  const memory = residentMemoryOf([process.pid]);
  const before = memory.now();
  memory.forget();
  const { minutes, lateness, runs } = await flood(database);
  const conditions = { mails, small, runs, minutes, concurrency: 1, clock: 'simulated', engine: 'sqlite' };
  const most = percentile(lateness, 1);
  atMost('mailboxes: lateness of nine small ones beside a flood, p99', percentile(lateness, 0.99), 's', 5, {
    ...conditions,
    most,
    looks: lateness.length,
  });
  atMost('mailboxes: additional memory for a flood', (memory.highest() - before) / 1024 / 1024, 'MB', 64, conditions);
} finally {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
}
