// Between two looks somebody listens: what comes is tracked at once, and nobody listens to what is not his to listen to.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { changeMailbox } from '../../../src/server/mailbox/accounts.ts';
import { claimMailboxes, makeDue, type MailboxClaim } from '../../../src/server/mailbox/claim.ts';
import { readFolders } from '../../../src/server/mailbox/folders.ts';
import { createSecrets } from '../../../src/server/mailbox/secrets.ts';
import { startMailboxes, type MailboxOptions } from '../../../src/server/mailbox/start.ts';
import { SourceError } from '../../../src/server/mailbox/source.ts';
import { createWatches, type Watches } from '../../../src/server/mailbox/watches.ts';
import { sampleMail } from '../../contracts/mail-source.ts';
import { describeDovecot } from '../../dovecot/describe.ts';
import { startDovecot, type Dovecot } from '../../dovecot/dovecot.ts';
import { startProxy, type Proxy } from '../../dovecot/proxy.ts';
import { openTestMailbox } from '../../dovecot/test-mailbox.ts';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { daemon, dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, tenantId, until, type MailboxWorld } from './mailbox-world.ts';
import { ScriptedMailbox } from './scripted-source.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
  await closeWorlds();
});

const key = randomBytes(32).toString('base64');

function start(at: MailboxWorld, database: Database, more: Partial<MailboxOptions> = {}) {
  const running = startMailboxes(at.store, {
    ...{ database, tenantId, ledger: at.ledger, key, now: () => at.now(), random: () => 1, concurrency: 2 },
    listened: 10,
    crm: { url: 'http://localhost', token: () => at.world.token(daemon), fetch: fetchInto(at.world) },
    report: (error) => void at.errors.push(error),
    ...{ graph: null, notifications: null, ours: [], folders: false },
    ...more,
  });
  undo.push(() => running.stop());
  return running;
}

async function imapMailbox(at: MailboxWorld, port: number, user: string, password: string): Promise<string> {
  const id = await at.mailbox(dana, { automatic: 'off' });
  await at.store.tables
    .updateTable('mailbox_account')
    .set({
      source: JSON.stringify({ kind: 'imap', host: '127.0.0.1', port, secure: false, user }),
      secret: createSecrets(key)!.seal(password, id),
    })
    .execute();
  await at.store.tables
    .insertInto('mailbox_rule')
    .values({
      ...{ id: 'all of the inbox', mailbox_id: id, folder_id: 'INBOX', subfolders: 0, apply_to: 'all', enabled: 1 },
      ...{ regarding_table: null, regarding_id: null, regarding_name: null, created_at: 0, changed_at: 0 },
    })
    .execute();
  return id;
}

describeDovecot('a real mail server that tells', () => {
  let dovecot: Dovecot;
  let proxy: Proxy;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(() => dovecot.close());

  forEachEngine('mail that comes between two looks', ({ open }) => {
    test('is tracked without waiting for the next, and nothing listens after the end', async () => {
      proxy = await startProxy(dovecot.port);
      undo.push(() => proxy.close());
      const database = await open();
      const at = await createMailboxWorld(database);
      const mailbox = await openTestMailbox(dovecot);
      undo.push(() => mailbox.close());
      const id = await imapMailbox(at, proxy.port, mailbox.user, dovecot.password);
      const running = start(at, database);
      await until(async () => proxy.sent.includes('IDLE'));
      const { next_at: next } = await at.account(id);
      await mailbox.deliver('inbox', sampleMail('<now@fabrikam.example>'));
      // Past the pause between two hints, and long before the next look.
      at.later(30_000);
      await until(async () => (await at.items(id))[0]?.state === 'tracked');
      expect(at.now()).toBeLessThan(next!);
      expect(at.errors).toEqual([]);
      await running.stop();
      await until(async () => proxy.openConnections === 0);
    });
  });
});

/** Tells of what listens to it. */
class Telling extends ScriptedMailbox {
  readonly hints = new Set<() => void>();
  refuses: SourceError | null = null;
  watch = async (folderId: string, hint: () => void) => {
    if (this.refuses !== null) throw this.refuses;
    this.calls.push(`watch ${folderId}`);
    this.hints.add(hint);
    return async () => void this.hints.delete(hint);
  };
  override close = async () => {
    this.hints.clear();
    this.closed += 1;
  };
}

forEachEngine('listening', ({ open }) => {
  async function listen(at: MailboxWorld, most = 10) {
    const sources = new Map<string, Telling[]>();
    const watches = createWatches({
      ...{ store: at.store, most, hinted: () => undefined, report: (error) => void at.errors.push(error) },
      open: ({ id }) => {
        const source = new Telling();
        sources.set(id, [...(sources.get(id) ?? []), source]);
        return source;
      },
    });
    undo.push(() => watches.close());
    const listeners = (id: string) => (sources.get(id) ?? []).reduce((sum, { hints }) => sum + hints.size, 0);
    return { watches, sources, listeners };
  }

  /** As a process does that reads all mailboxes that are due. */
  async function run(at: MailboxWorld, watches: Watches): Promise<MailboxClaim[]> {
    const claims = await claimMailboxes(at.store, 10);
    for (const claim of claims) {
      watches.claimed(claim);
      await readFolders(at.store, claim, at.source);
      await watches.keep(claim);
    }
    return claims;
  }

  async function dueAgain(at: MailboxWorld, id: string): Promise<void> {
    at.later(120_000);
    await makeDue(at.store, { id }, 'person');
  }

  test('a hint makes the mailbox due, and holds no claim', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    const { watches, sources } = await listen(at);
    await run(at, watches);
    await at.store.tables
      .updateTable('mailbox_account')
      .set({ lease_until: null, next_at: at.now() + 1e6 })
      .execute();
    at.later(30_000);
    for (const hint of sources.get(id)![0]!.hints) hint();
    await until(async () => (await at.account(id)).next_at! <= at.now());
    expect(await claimMailboxes(at.store, 1)).toMatchObject([{ id }]);
  });

  test('of two processes the one that ran the mailbox last listens, and goes on through its own runs', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    const [one, other] = [await listen(at), await listen(at)];
    await run(at, one.watches);
    await dueAgain(at, id);
    await run(at, one.watches);
    await one.watches.review();
    expect([one.listeners(id), one.sources.get(id)!.length]).toEqual([1, 1]);
    await dueAgain(at, id);
    await run(at, other.watches);
    await one.watches.review();
    await other.watches.review();
    expect([one.listeners(id), other.listeners(id)]).toEqual([0, 1]);
  });

  test('who changes the password or switches the mailbox off is not listened to any more', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    const { watches, sources, listeners } = await listen(at);
    const secrets = createSecrets(key);
    await run(at, watches);
    await changeMailbox({ store: at.store, secrets }, await at.account(id), {
      credentials: { kind: 'password', password: 'a new one' },
    });
    await watches.review();
    expect(listeners(id)).toBe(0);
    await run(at, watches);
    expect([listeners(id), sources.get(id)!.length]).toEqual([1, 2]);
    await changeMailbox({ store: at.store, secrets }, await at.account(id), { enabled: false });
    await watches.review();
    expect(listeners(id)).toBe(0);
  });

  test('never more than agreed, and a place that becomes free is taken', async () => {
    const at = await createMailboxWorld(await open());
    const [hers, his] = [await at.mailbox(dana), await at.mailbox(miguel)];
    const { watches, listeners } = await listen(at, 1);
    await run(at, watches);
    expect(listeners(hers) + listeners(his)).toBe(1);
    const [taken, waiting] = listeners(hers) === 1 ? [hers, his] : [his, hers];
    await watches.drop(taken);
    await at.store.tables.updateTable('mailbox_account').set({ next_at: null }).where('id', '=', taken).execute();
    await dueAgain(at, waiting);
    await run(at, watches);
    expect([listeners(taken), listeners(waiting)]).toEqual([0, 1]);
    await watches.close();
    expect(listeners(waiting)).toBe(0);
  });

  test('a mailbox that refuses to tell keeps no place, and is asked again after its next run', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    const refusing = new Telling();
    refusing.refuses = new SourceError('throttled', 'Too many connections.');
    const watches = createWatches({
      ...{ store: at.store, most: 1, hinted: () => undefined, report: (error) => void at.errors.push(error) },
      open: () => refusing,
    });
    undo.push(() => watches.close());
    await run(at, watches);
    expect(refusing).toMatchObject({ closed: 1, calls: [] });
    refusing.refuses = null;
    await dueAgain(at, id);
    await run(at, watches);
    expect(refusing.calls).toEqual(['watch inbox']);
    expect(at.errors).toEqual([]);
  });
});
