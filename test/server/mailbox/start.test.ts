// The parts of the daemon put together as in production, but for its clocks: what one of them finds, the others hear of.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { Database } from '../../../src/server/db/open.ts';
import { raiseAlert } from '../../../src/server/mailbox/alerts.ts';
import type { SubscriptionKeeper } from '../../../src/server/mailbox/graph/subscription-keeper.ts';
import { enterMailboxes, startMailboxes, type MailboxOptions } from '../../../src/server/mailbox/start.ts';
import { processClock } from '../../../src/server/queue/clock.ts';
import { createLedger } from '../../../src/server/queue/ledger.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { daemon, dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, tenantId, until, type MailboxWorld } from './mailbox-world.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
  await closeWorlds();
});

const second = 1_000;
const minute = 60 * second;

/** The daemon, what it asks the CRM, and its chores, which come round only by `tick`. */
function start(at: MailboxWorld, database: Database, more: Partial<MailboxOptions> = {}) {
  const asked: string[] = [];
  const crm = { answers: async (): Promise<Response | null> => null };
  const into = fetchInto(at.world);
  const ask: typeof fetch = async (input, init) => {
    asked.push(decodeURIComponent(input as string).replace('http://localhost/api/data/v9.2/', ''));
    return (await crm.answers()) ?? into(input, init);
  };
  const chores = new Map<number, () => void>();
  const regular = jest.spyOn(globalThis, 'setInterval').mockImplementation(((work: () => void, every: number) => {
    chores.set(every, work);
    return every;
  }) as unknown as typeof setInterval);
  const running = startMailboxes(at.store, {
    ...{ database, tenantId, ledger: at.ledger, key: null, now: () => at.now(), random: () => 1, concurrency: 2 },
    ...{ listened: 10, graph: null, notifications: null, ours: [], folders: false },
    crm: { url: 'http://localhost/', token: () => at.world.token(daemon), fetch: ask },
    report: (error) => void at.errors.push(error),
    ...more,
  });
  regular.mockRestore();
  undo.push(() => running.stop());
  return { asked, crm, running, chores, tick: (every: number) => chores.get(every)!() };
}

/** A mailbox on this machine with one mail to the desk, which the CRM takes. */
async function folderMailbox(at: MailboxWorld): Promise<string> {
  await at.world.as(dana).create('queues', { name: 'Desk', emailaddress: 'desk@contoso.example' });
  const path = await mkdtemp(join(tmpdir(), 'alongside-start-'));
  undo.push(() => rm(path, { recursive: true }));
  await mkdir(join(path, 'inbox'));
  const head = [
    'From: kim@fabrikam.example',
    'To: desk@contoso.example',
    'Subject: Roof',
    'Message-ID: <1@fabrikam.example>',
  ];
  const date = new Date(at.now()).toUTCString().replace('GMT', '+0000');
  await writeFile(join(path, 'inbox', '1.eml'), [...head, `Date: ${date}`, '', 'Hello', ''].join('\r\n'));
  const id = await at.mailbox();
  const source = JSON.stringify({ kind: 'folder', path });
  await at.store.tables.updateTable('mailbox_account').set({ source }).where('id', '=', id).execute();
  return id;
}

forEachEngine('the daemon as it is put together', ({ open }) => {
  const stateOf = async (at: MailboxWorld, id: string) => (await at.items(id))[0]?.state;

  test('a CRM that comes back has what it missed tracked at once, long before the next look', async () => {
    const database = await open();
    const at = await createMailboxWorld(database);
    const id = await folderMailbox(at);
    const { crm, asked } = start(at, database);
    crm.answers = () => Promise.reject(new TypeError('fetch failed'));
    await until(async () => (await stateOf(at, id)) === 'new');
    await until(async () => asked.includes('WhoAmI()') && (await at.account(id)).state === 'ready');
    crm.answers = async () => null;
    await until(async () => (await stateOf(at, id)) === 'tracked');
    expect(at.errors).toEqual([]);
  });

  test('the end of a mail that another process tracked is found a little later', async () => {
    const database = await open();
    const at = await createMailboxWorld(database);
    const id = await folderMailbox(at);
    const deaf = createLedger(
      database,
      processClock(() => at.now()),
    );
    const { tick } = start(at, database, { ledger: deaf });
    await until(async () => (await stateOf(at, id)) === 'handed');
    await until(async () => {
      const { state } = await at.store.tables
        .selectFrom('ledger_change' as 'mailbox_account')
        .select('state')
        .executeTakeFirstOrThrow();
      return (state as string) === 'done';
    });
    expect(await stateOf(at, id)).toBe('handed');
    tick(5 * second);
    await until(async () => (await stateOf(at, id)) === 'tracked');
  });

  test('its chores: silence that is over, subjects that are old, mail that is to be sent', async () => {
    const database = await open();
    const at = await createMailboxWorld(database);
    const { asked, crm, chores, tick, running } = start(at, database);
    expect([...chores.keys()].sort((a, b) => a - b)).toEqual([5, 20, 30, 60, 3_600].map((seconds) => seconds * second));

    await raiseAlert(at.store, { scope: 'server' }, 'error', { code: 'nothing-polled', message: 'Late.' });
    tick(minute);
    await until(async () => (await at.alerts()).length === 0);

    const looks = () =>
      asked.filter((call) => call.startsWith('emails?') && call.includes('directioncode eq true')).length;
    tick(30 * second);
    await until(async () => looks() === 1);
    crm.answers = () => Promise.reject(new TypeError('fetch failed'));
    tick(30 * second);
    await until(async () => looks() === 2);
    crm.answers = async () => new Response('{"error":{"code":"0x80040000","message":"No."}}', { status: 400 });
    tick(30 * second);
    await until(async () => at.errors.length > 0);
    // That it is away it says at the next look as well; what it refuses somebody has to hear of.
    expect(at.errors).toMatchObject([{ code: 'refused' }]);
    at.errors.length = 0;

    await running.stop();
    const ended = jest.spyOn(globalThis, 'clearInterval');
    await start(at, database).running.stop();
    expect(ended.mock.calls.map(([timer]) => Number(timer)).filter((every) => chores.has(every))).toHaveLength(5);
    ended.mockRestore();
  });

  test.each([
    [89, 'Old'],
    [91, null],
  ])('a subject is kept for 90 days where its mailbox says nothing else: after %i it is %s', async (days, subject) => {
    const database = await open();
    const at = await createMailboxWorld(database);
    const id = await at.mailbox(miguel, { automatic: 'off' });
    at.source.add('inbox', { subject: 'Old' });
    await at.poll();
    await at.store.tables.updateTable('mailbox_account').set({ next_at: null }).execute();
    // Told when it is over, whether or not there was a subject to forget.
    await raiseAlert(at.store, { scope: 'mailbox', mailboxId: id }, 'error', { code: 'x', message: '' });
    await at.store.tables.updateTable('mailbox_alert').set({ cleared_at: 1 }).execute();
    at.later(days * 24 * 60 * minute);
    start(at, database).tick(60 * minute);
    await until(async () => (await at.store.tables.selectFrom('mailbox_alert').select('seq').execute()).length === 0);
    expect((await at.items(id))[0]!.subject).toBe(subject);
  });

  test('Graph is asked to tell of a mailbox of Graph whenever that is read', async () => {
    const database = await open();
    const at = await createMailboxWorld(database);
    const id = await at.mailbox();
    const [kept, closed]: [unknown[], string[]] = [[], []];
    const notifications = {
      keep: async (mailbox: unknown) => void kept.push(mailbox),
      close: () => void closed.push('closed'),
    } as unknown as SubscriptionKeeper;
    const { running } = start(at, database, { notifications });
    await until(async () => kept.length > 0);
    expect(kept).toEqual([{ id, user: dana.address }]);
    expect(closed).toEqual([]);
    await running.stop();
    expect(closed).toEqual(['closed']);
  });

  test('people of the local stack are entered once', async () => {
    const at = await createMailboxWorld(await open());
    const people = [dana, miguel].map(({ objectId, address }) => ({ owner: objectId, address }));
    await enterMailboxes(at.store, people.slice(0, 1));
    const [first] = await at.store.tables.selectFrom('mailbox_account').selectAll().execute();
    await at.store.tables.updateTable('mailbox_account').set({ settings: '{"automatic":"off"}' }).execute();
    await enterMailboxes(at.store, people);
    const rows = await at.store.tables.selectFrom('mailbox_account').selectAll().orderBy('address').execute();
    expect(rows.map(({ address }) => address)).toEqual([dana.address, miguel.address]);
    expect(rows[0]).toEqual({ ...first, settings: '{"automatic":"off"}' });
  });
});
