// Many mailboxes, one process: who is due is read, in order, and nobody twice at once.
import { afterEach, expect, test } from '@jest/globals';
import { createDaemon, type Daemon } from '../../../src/server/mailbox/daemon.ts';
import { runMailbox } from '../../../src/server/mailbox/run.ts';
import { timers } from '../../../src/server/queue/timers.ts';
import { forEachEngine } from '../engines.ts';
import { closeWorlds, createMailboxWorld, until, type MailboxWorld } from './mailbox-world.ts';
import { ScriptedMailbox } from './scripted-source.ts';

const daemons: Daemon[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
  await closeWorlds();
});

function start(at: MailboxWorld, concurrency = 8): Daemon {
  const daemon = createDaemon({
    store: at.store,
    run: (claim) => runMailbox(at.services, claim),
    timers,
    report: (error) => void at.errors.push(error),
    concurrency,
  });
  daemons.push(daemon);
  return daemon;
}

const person = (number: number) => ({
  objectId: `d0000000-0000-4000-8000-0000000001${String(number).padStart(2, '0')}`,
  address: `person${number}@contoso.example`,
  name: `Person ${number}`,
});

forEachEngine('the daemon', ({ open }) => {
  test('two on one database read every mailbox once, and one that is stopped leaves nothing half done', async () => {
    const at = await createMailboxWorld(await open());
    const sources = Array.from({ length: 30 }, () => new ScriptedMailbox());
    for (const [number, source] of sources.entries()) {
      source.add('inbox', { to: person(number).address });
      await at.mailbox(person(number), {}, source);
    }
    const [one, other] = [start(at), start(at)];
    const accounts = () => at.store.tables.selectFrom('mailbox_account').selectAll().execute();
    await until(async () =>
      (await accounts()).every(({ last_ok_at: ok, lease_until: lease }) => ok !== null && lease === null),
    );
    await Promise.all([one.stop(), other.stop()]);
    expect(at.errors).toEqual([]);
    for (const { generation } of await accounts()) expect(generation).toBe(1);
    for (const { calls } of sources) expect(calls.filter((call) => call === 'changes inbox')).toHaveLength(1);
  });
});
