// One mailbox gets a hundred times as much as the others, the process dies, and all comes back at once.
import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { makeDue, type MailboxClaim } from '../../../src/server/mailbox/claim.ts';
import { createDaemon, type DaemonOptions } from '../../../src/server/mailbox/daemon.ts';
import { runMailbox } from '../../../src/server/mailbox/run.ts';
import type { MailSource } from '../../../src/server/mailbox/source.ts';
import { timers, type Timers } from '../../../src/server/queue/timers.ts';
import { forEachEngine } from '../engines.ts';
import { closeWorlds, createMailboxWorld, until, type MailboxWorld } from './mailbox-world.ts';
import { ScriptedMailbox } from './scripted-source.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await closeWorlds();
});

const person = (number: number) => ({
  objectId: `d0000000-0000-4000-8000-000000000${String(number).padStart(3, '0')}`,
  address: `person${number}@contoso.example`,
  name: `Person ${number}`,
});
const flooded = person(0);

/** Private mail is decided without anybody being asked, and never read. */
function mailboxOf(mails: number, to: string): ScriptedMailbox {
  const source = new ScriptedMailbox();
  source.pageSize = 100;
  for (let number = 0; number < mails; number += 1) source.add('inbox', { to, sensitivity: 'private' });
  return source;
}

/** A daemon in a process that can be killed: from then on it hears no alarm. */
function start(at: MailboxWorld, concurrency: number, run: DaemonOptions['run']) {
  let isAlive = true;
  const alarms = new Set<() => void>();
  const mortal: Timers = {
    after(delay, ring) {
      const cancel = isAlive ? timers.after(delay, ring) : () => undefined;
      alarms.add(cancel);
      return cancel;
    },
    now: () => timers.now(),
  };
  const report = (error: unknown) => void at.errors.push(error);
  const daemon = createDaemon({ store: at.store, run, timers: mortal, report, concurrency });
  const kill = () => {
    isAlive = false;
    for (const cancel of alarms) cancel();
  };
  return { daemon, kill };
}

forEachEngine('a mailbox with 3,000 new mails', ({ open }) => {
  const mails = 3_000;

  test('is read in parts, the others in between, and a daemon that comes after a dead one goes on where that was', async () => {
    const at = await createMailboxWorld(await open());
    const source = mailboxOf(mails, flooded.address);
    const cursors: (string | null)[] = [];
    let dies = (): void => undefined;
    const died = new Promise<void>((resolve) => {
      dies = resolve;
    });
    const changes: MailSource['changes'] = (folderId, cursor, since) => {
      if (folderId !== 'inbox') return source.changes(folderId, cursor, since);
      cursors.push(cursor);
      // In the middle of a run, with pages of it stored.
      if (cursors.length !== 13) return source.changes(folderId, cursor, since);
      dies();
      return new Promise(() => undefined);
    };
    const flood = await at.mailbox(flooded, {}, Object.assign(Object.create(source) as ScriptedMailbox, { changes }));
    for (let number = 1; number < 10; number += 1)
      await at.mailbox(person(number), {}, mailboxOf(1, person(number).address));

    const order: string[] = [];
    const pages: number[] = [];
    const run = async (claim: MailboxClaim) => {
      order.push(claim.address);
      const before = cursors.length;
      const completion = await runMailbox(at.services, claim);
      if (claim.id === flood) pages.push(cursors.length - before);
      return completion;
    };
    const first = start(at, 1, run);
    await died;
    first.kill();
    // Each of the others once, before the flood had its second turn.
    expect(new Set(order.slice(0, 10)).size).toBe(10);
    expect(pages).toEqual([10]);
    const stored = async () =>
      (await at.store.tables.selectFrom('mailbox_item').selectAll().where('mailbox_id', '=', flood).execute()).length;
    expect(await stored()).toBe(1_200);

    at.later(61_000);
    const second = start(at, 1, run);
    ends.push(() => second.daemon.stop());
    await until(async () => (await stored()) === mails);
    const [small] = await at.store.tables
      .selectFrom('mailbox_account')
      .select('id')
      .where('address', '=', person(5).address)
      .execute();
    await makeDue(at.store, { id: small!.id }, 'person');
    const asked = order.length;
    await until(async () => order.indexOf(person(5).address, asked) >= 0);
    expect(order.indexOf(person(5).address, asked) - asked).toBeLessThanOrEqual(2);

    await until(async () => {
      const { rows } =
        await sql`select 1 from mailbox_item where mailbox_id = ${flood} and state = 'new' limit 1`.execute(
          at.store.tables,
        );
      return rows.length === 0;
    });
    const rows = await at.items(flood);
    expect([rows.length, new Set(rows.map(({ state }) => state))]).toEqual([mails, new Set(['not-tracked'])]);
    // The page under which the first died is asked for again, and no other; never from the beginning.
    const asks = new Map<string | null, number>();
    for (const cursor of cursors.slice(0, mails / source.pageSize + 1)) asks.set(cursor, (asks.get(cursor) ?? 0) + 1);
    expect([...asks.entries()].filter(([, times]) => times > 1)).toEqual([[cursors[12], 2]]);
    expect(Math.max(...pages)).toBe(10);
    expect(at.errors).toEqual([]);
  }, 90_000);
});

forEachEngine('a restart', ({ open }) => {
  test('does not read all that is overdue at once: one goes first, and one more beside it with every success', async () => {
    const at = await createMailboxWorld(await open());
    const count = 120;
    const widest = 16;
    const source = mailboxOf(0, flooded.address);
    for (let number = 0; number < count; number += 1) {
      const id = await at.mailbox(person(number), {}, source);
      const next = at.now() - (count - number) * 1_000;
      await at.store.tables.updateTable('mailbox_account').set({ next_at: next }).where('id', '=', id).execute();
    }
    const order: number[] = [];
    const beside: { running: number; succeeded: number }[] = [];
    let [running, succeeded] = [0, 0];
    const { daemon } = start(at, widest, async (claim) => {
      running += 1;
      order.push(Number(/\d+/.exec(claim.address)?.[0]));
      beside.push({ running, succeeded });
      await new Promise((resolve) => setTimeout(resolve, 5));
      const completion = await runMailbox(at.services, claim);
      running -= 1;
      succeeded += 1;
      return completion;
    });
    ends.push(() => daemon.stop());
    await until(async () => succeeded === count);
    for (const each of beside) expect(each.running).toBeLessThanOrEqual(Math.min(widest, 1 + each.succeeded));
    expect(Math.max(...beside.map((each) => each.running))).toBe(widest);
    // Those that waited longest came first.
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(at.errors).toEqual([]);
  });
});
