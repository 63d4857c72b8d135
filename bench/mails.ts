// npm run bench -- mails: 3,000 mails of a tracked folder become e-mails of the CRM: found and handed over by the daemon, read in a
// thread, carried out by the ledger's worker over HTTP, correlated, stored. An SQLite file, every commit flushed. One JSON line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../src/server/db/open.ts';
import { createDaemon } from '../src/server/mailbox/daemon.ts';
import { settleEnds } from '../src/server/mailbox/ends.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import type { FolderRule } from '../src/server/mailbox/rules.ts';
import { runMailbox } from '../src/server/mailbox/run.ts';
import { openMailboxStore } from '../src/server/mailbox/store.ts';
import { clockOf } from '../src/server/queue/clock.ts';
import type { Ledger } from '../src/server/queue/ledger.ts';
import { registerQueue, startWorker, type QueueOptions } from '../src/server/queue/start.ts';
import { timers } from '../src/server/queue/timers.ts';
import { createWorld, daemon, dana, type World } from '../test/server/world.ts';
import { atMost } from './figure.ts';
import { customer, customers, fullMailbox } from './mail-data.ts';
import { enterMailbox, mailboxServices } from './mailbox-services.ts';

const mails = Number(process.env['BENCH_MAILS'] ?? 3_000);

const report = (error: unknown): never => {
  throw error;
};

async function knowPeople(world: World): Promise<void> {
  const crm = world.as(dana);
  for (let number = 0; number < customers; number += 1)
    await crm.create('contacts', { lastname: `Abercrombie ${number}`, emailaddress1: customer(number) });
}

const rule: FolderRule = {
  ...{ id: 'r1', folderId: 'inbox', includeSubfolders: false, regarding: null },
  ...{ appliesTo: 'all', since: '2026-01-01T00:00:00Z', origin: 'own' },
};

/** The daemon over one mailbox, until all its mails are tracked. */
async function trackAll(database: Database, ledger: Ledger): Promise<void> {
  const store = openMailboxStore(database, clockOf(database.engine, Date.now));
  await enterMailbox(store, dana.address, dana.objectId);
  const reader = createMailReader();
  const services = mailboxServices({ store, ledger, reader, source: fullMailbox(mails), rules: [rule] });
  const reading = createDaemon({
    ...{ store, timers, report, concurrency: 4 },
    run: async (claim) => {
      const completion = await runMailbox(services, claim);
      if (completion?.trouble != null) throw new Error(completion.trouble.message);
      return completion;
    },
  });
  for (let tracked = 0; tracked < mails;) {
    const ended = await settleEnds(store);
    tracked += ended;
    if (ended === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await reading.stop();
  await reader.close();
}

async function checkThreads({ db }: Database): Promise<void> {
  const { rows } = await sql<{ threads: number; parts: number }>`
    select count(distinct conversationtrackingid) as threads, count(correlatedactivityid) as parts from email`.execute(
    db,
  );
  const threads = Math.ceil(mails / 4);
  if (rows[0]?.threads !== threads || rows[0].parts !== mails - threads)
    throw new Error(`Not the threads they are: ${JSON.stringify(rows[0])}`);
}

async function measure(file: string): Promise<void> {
  const database = await openDatabase({ file });
  const world = await createWorld(database, { limits: null, services: [daemon.objectId] });
  const token = await world.token(daemon);
  let url = '';
  const crm: QueueOptions['crm'] = {
    get url() {
      return url;
    },
    token: async () => token,
    fetch,
    together: true,
  };
  const options = { database, crm, tenantId: 'bench', now: Date.now, random: Math.random, report };
  const ledger = registerQueue(world.app, options);
  url = await world.app.listen({ port: 0, host: '127.0.0.1' });
  await knowPeople(world);
  const worker = startWorker(ledger, options);
  const before = process.cpuUsage();
  const began = performance.now();
  await trackAll(database, ledger);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await checkThreads(database);
  atMost(`mails: ${mails} parsed, correlated and tracked`, seconds, 's', 10, {
    engine: 'sqlite',
    cpuSeconds: (user + system) / 1_000_000,
    withFiles: Math.ceil(mails / 10),
  });
  await worker.stop();
  await world.app.close();
  await database.close();
}

const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-mails-'));
try {
  await measure(join(directory, 'mails.sqlite'));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
