// npm run bench -- mails: 3,000 mails of a tracked folder become e-mails of the CRM: found and handed over by the daemon, read in a
// thread, carried out by the ledger's worker over HTTP, correlated, stored. Every commit is flushed. On SQLite files once with everything
// in one process, and once with the CRM in a process and a file of its own, as for a daemon beside a CRM; then in one process on
// PostgreSQL where there is one. One JSON line each.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database, type DatabaseLocation } from '../src/server/db/open.ts';
import { createDaemon } from '../src/server/mailbox/daemon.ts';
import { settleEnds } from '../src/server/mailbox/ends.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import type { FolderRule } from '../src/server/mailbox/rules.ts';
import { runMailbox } from '../src/server/mailbox/run.ts';
import { openMailboxStore } from '../src/server/mailbox/store.ts';
import { clockOf } from '../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../src/server/queue/ledger.ts';
import { startWorker } from '../src/server/queue/start.ts';
import { timers } from '../src/server/queue/timers.ts';
import { startCluster } from '../test/server/postgres.setup.js';
import { dana } from '../test/server/world.ts';
import { atMost } from './figure.ts';
import { fullMailbox } from './mail-data.ts';
import { enterMailbox, mailboxServices } from './mailbox-services.ts';
import { forkCrm, openCrm, secondsOf, type MailsCrm } from './mails-crm.ts';

const mails = Number(process.env['BENCH_MAILS'] ?? 3_000);

const report = (error: unknown): never => {
  throw error;
};

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

/** Where the CRM is: in the daemon's process and database, or in a process and database of its own. */
type Layout = 'one process' | 'two processes';

async function measure(layout: Layout, location: DatabaseLocation): Promise<void> {
  const database = await openDatabase(location);
  const crm = layout === 'one process' ? await openCrm(database) : await forkCrm(newFile('crm'));
  const ledger = createLedger(database, clockOf(database.engine, Date.now));
  const worker = startWorker(ledger, {
    ...{ database, tenantId: 'bench', now: Date.now, random: Math.random, report },
    crm: { url: crm.url, token: async () => crm.token, fetch, together: true },
  });
  const usedBefore = await used(crm, layout);
  const began = performance.now();
  await trackAll(database, ledger);
  const seconds = (performance.now() - began) / 1_000;
  atMost(`mails: ${mails} parsed, correlated and tracked, ${layout}`, seconds, 's', 10, {
    engine: database.engine,
    cpuSeconds: (await used(crm, layout, mails)) - usedBefore,
    withFiles: Math.ceil(mails / 10),
  });
  await worker.stop();
  await crm.close();
  await database.close();
}

/** Seconds of processor time of all threads and processes. */
async function used(crm: MailsCrm, layout: Layout, mails = 0): Promise<number> {
  const ofCrm = await crm.check(mails);
  return layout === 'one process' ? ofCrm : ofCrm + secondsOf(process.cpuUsage());
}

const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-mails-'));
const newFile = (name: string) => join(mkdtempSync(join(directory, name)), `${name}.sqlite`);
try {
  await measure('one process', { file: newFile('mails') });
  await measure('two processes', { file: newFile('mails') });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const cluster = startCluster('-c shared_buffers=256MB');
try {
  if (cluster !== undefined) await measure('one process', cluster);
} finally {
  cluster?.stop();
}
