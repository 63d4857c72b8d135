// npm run bench -- mails: 3,000 mails from their bytes to e-mails of the CRM: read in a thread, accepted by the ledger, carried out by its
// worker over HTTP, correlated and stored, on an SQLite file with every commit flushed. One JSON line per figure.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../src/server/db/open.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import { registerQueue, startWorker, type QueueOptions } from '../src/server/queue/start.ts';
import type { Ledger } from '../src/server/queue/ledger.ts';
import { createWorld, daemon, dana, type World } from '../test/server/world.ts';
import { acceptedMail } from './crm-in-process.ts';
import { atMost } from './figure.ts';
import { customer, customers, mailOf } from './mail-data.ts';

const mails = Number(process.env['BENCH_MAILS'] ?? 3_000);
const atOnce = 8;

const report = (error: unknown): never => {
  throw error;
};

async function knowPeople(world: World): Promise<void> {
  const crm = world.as(dana);
  for (let number = 0; number < customers; number += 1)
    await crm.create('contacts', { lastname: `Abercrombie ${number}`, emailaddress1: customer(number) });
}

/** Reads all mails and hands them to the ledger, some at once. */
async function handOver(ledger: Ledger): Promise<void> {
  const reader = createMailReader();
  let next = 0;
  const carry = async (): Promise<void> => {
    for (let number = next++; number < mails; number = next++) {
      const read = await reader.read(mailOf(number));
      const change = await acceptedMail(read);
      for (const [index, { bytes }] of read.attachments.entries())
        await ledger.putAttachment(dana.objectId, change.id, index, bytes);
      await ledger.accept(dana.objectId, change);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, carry));
  await reader.close();
}

async function untilDone({ db }: Database): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ open: number; failed: number }>`select count(*) as open,
        count(*) filter (where state <> 'queued') as failed from ledger_change where state <> 'done'`.execute(db);
    if (rows[0]?.open === 0) return;
    if (rows[0] !== undefined && rows[0].failed > 0) throw new Error(`${rows[0].failed} mails were refused.`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
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
  };
  const options = { database, crm, tenantId: 'bench', now: Date.now, random: Math.random, report };
  const ledger = registerQueue(world.app, options);
  url = await world.app.listen({ port: 0, host: '127.0.0.1' });
  await knowPeople(world);
  const worker = startWorker(ledger, options);
  const before = process.cpuUsage();
  const began = performance.now();
  await handOver(ledger);
  const handed = performance.now() - began;
  await untilDone(database);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await checkThreads(database);
  atMost(`mails: ${mails} parsed, correlated and tracked`, seconds, 's', 10, {
    engine: 'sqlite',
    handedOverAfter: Math.round(handed) / 1_000,
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
