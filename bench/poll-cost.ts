import type { Database } from '../src/server/db/open.ts';
import { createDaemon } from '../src/server/mailbox/daemon.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import { runMailbox, type RunServices } from '../src/server/mailbox/run.ts';
import type { MailSource } from '../src/server/mailbox/source.ts';
import { openMailboxStore, type MailboxStore } from '../src/server/mailbox/store.ts';
import { processClock } from '../src/server/queue/clock.ts';
import { createLedger } from '../src/server/queue/ledger.ts';
import { timers } from '../src/server/queue/timers.ts';
import { enterMailbox, folders, mailboxServices } from './mailbox-services.ts';

/** Milliseconds until a mail server answers. */
const answersAfter = 100;
const concurrency = 64;

/** A mailbox to which nothing comes. */
const silent: MailSource = {
  folders: async () => folders,
  changes: (_folder, cursor) =>
    new Promise((resolve) =>
      setTimeout(() => resolve({ items: [], gone: [], cursor: cursor ?? 'start', more: false }), answersAfter),
    ),
  mime: async () => null,
  mark: async () => false,
  count: async () => 0,
  send: async () => undefined,
  close: async () => undefined,
};

export interface PollCost {
  /** CPU milliseconds of this process. */
  readonly perPoll: number;
  readonly pollsPerSecond: number;
}

/** The daemon itself reads so many mailboxes to which nothing came, each of them for the second time. */
export async function measurePolls(database: Database, mailboxes: number): Promise<PollCost> {
  const clock = processClock(Date.now);
  const store = openMailboxStore(database, clock);
  const reader = createMailReader();
  const services = mailboxServices({ store, ledger: createLedger(database, clock), reader, source: silent });
  for (let number = 0; number < mailboxes; number += 1)
    await enterMailbox(store, `person${number}@contoso.example`, number.toString());
  await readAll(store, services, mailboxes);
  await store.tables.updateTable('mailbox_account').set({ next_at: Date.now() }).execute();
  const cpu = process.cpuUsage();
  const began = performance.now();
  await readAll(store, services, mailboxes);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1_000;
  await reader.close();
  return { perPoll: (user + system) / 1_000 / mailboxes, pollsPerSecond: mailboxes / seconds };
}

/** Until each was read once. */
async function readAll(store: MailboxStore, services: RunServices, mailboxes: number): Promise<void> {
  let left = mailboxes;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const daemon = createDaemon({
    ...{ store, timers, concurrency, report: services.report },
    run: async (claim) => {
      const completion = await runMailbox(services, claim);
      if (completion?.trouble != null) throw new Error(completion.trouble.message);
      left -= 1;
      if (left === 0) done();
      return completion;
    },
  });
  await all;
  await daemon.stop();
}
