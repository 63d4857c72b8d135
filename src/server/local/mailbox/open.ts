// Opens everything that belongs to mail in a data directory, with the sample or a person's own mail in it.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Identity } from '../identity.ts';
import { deliverSample } from '../sample/mailbox.ts';
import { catalogue } from './catalogue.ts';
import { createChangeLog } from './change-log.ts';
import { createDrafts } from './drafts.ts';
import { openMailPath } from '../../mailbox/folder/mail-path.ts';
import type { MailPath } from '../../mailbox/folder/mail-path.ts';
import { createMailboxes } from './mailboxes.ts';
import { createProperties } from './properties.ts';
import { createSending } from './sending.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';

export interface MailOptions {
  dataDir: string;
  /** A person's own mail instead of the sample. */
  mail?: string | undefined;
  identity: Pick<Identity, 'mailboxesOf'>;
  now: () => number;
  log: (sentence: string) => void;
  /** Told when new mail was found below the mail path. */
  changed: () => void;
}

/** One pass at a time; a wish during a pass is dropped, the next look will see it. */
const createIndexer = (store: Store, path: MailPath, options: MailOptions) => {
  let running: Promise<void> | null = null;
  let stopped = false;
  let last = Number.NEGATIVE_INFINITY;
  const pass = async () => {
    const changed = await catalogue(store, path, {
      stopped: () => stopped,
      progress: (mails) => {
        if (mails % 1000 === 0) options.log(`Reading ${path.path}: ${mails} mails so far.`);
        options.changed();
      },
      problem: options.log,
    });
    if (changed) options.changed();
  };
  const run = () => {
    if (stopped) return Promise.resolve();
    last = options.now();
    running ??= pass()
      .catch((error: unknown) => options.log(`${path.path} could not be read: ${String(error)}`))
      .finally(() => (running = null));
    return running;
  };
  const stop = async () => {
    stopped = true;
    await running;
  };
  return { run, stop, isDue: () => options.now() - last > 15_000 };
};

/** @throws NotMail, MailboxUnusable: each with a sentence for people. */
export const openMail = async (options: MailOptions) => {
  const path = options.mail === undefined ? null : await openMailPath(resolve(options.mail));
  mkdirSync(options.dataDir, { recursive: true });
  const store = openStore(join(options.dataDir, 'mailbox.sqlite'));
  const indexer = path ? createIndexer(store, path, options) : null;
  if (indexer) void indexer.run();
  else await deliverSample(store, options.identity, options.now());
  return {
    store,
    kind: path?.kind ?? 'sample mailbox',
    mailboxes: createMailboxes(store, path?.path ?? 'sample'),
    drafts: createDrafts(store, options.now),
    properties: createProperties(store),
    changeLog: createChangeLog(store),
    sending: createSending(store, options.now),
    /** Looks for new mail below the mail path, at most every 15 seconds, in the background. */
    look: () => {
      if (indexer?.isDue()) void indexer.run();
    },
    /** When the pass that is running, if any, is through. */
    settled: () => indexer?.run() ?? Promise.resolve(),
    close: async () => {
      await indexer?.stop();
      store.close();
    },
  };
};

export type Mail = Awaited<ReturnType<typeof openMail>>;
