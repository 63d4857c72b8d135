// What people are told of mailboxes: once, for as long as it is so, and about what it is about.
import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { clearAlerts, clearItemAlerts, raiseAlert, type AlertSubject } from '../../../src/server/mailbox/alerts.ts';
import { forEachEngine } from '../engines.ts';
import { miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';

afterEach(closeWorlds);

const all = ({ store }: MailboxWorld) => store.tables.selectFrom('mailbox_alert').selectAll().orderBy('seq').execute();

forEachEngine('an alert', ({ open }) => {
  test('is said once while it stands, in its last words; what comes back is said anew', async () => {
    const at = await createMailboxWorld(await open());
    const subject: AlertSubject = { scope: 'mailbox', mailboxId: await at.mailbox() };
    const raise = (level: 'warning' | 'error', message: string) =>
      raiseAlert({ ...at.store, now: () => sql<number>`${moment}` }, subject, level, { code: 'gap', message });
    const clear = () => clearAlerts({ ...at.store, now: () => sql<number>`${moment}` }, subject, ['gap']);
    let moment = 1_000;
    await raise('warning', '1 mail.');
    moment = 2_000;
    await raise('error', '2 mails.');
    const first = { scope: 'mailbox', level: 'error', code: 'gap', message: '2 mails.', at: 1_000 };
    expect(await all(at)).toMatchObject([{ ...first, cleared_at: null }]);
    moment = 3_000;
    await clear();
    moment = 4_000;
    await clear();
    await raise('warning', '3 mails.');
    const second = { level: 'warning', message: '3 mails.', at: 4_000, cleared_at: null };
    expect(await all(at)).toMatchObject([{ ...first, cleared_at: 3_000 }, second]);
    moment = 5_000;
    await clear();
    expect((await all(at)).map(({ cleared_at: cleared }) => cleared)).toEqual([3_000, 5_000]);
  });

  test('is about an item, a mailbox or the server, and is over for that one and that reason', async () => {
    const at = await createMailboxWorld(await open());
    const [hers, his] = [await at.mailbox(), await at.mailbox(miguel)];
    const item = (itemSeq: number) => ({ scope: 'item', mailboxId: hers, itemSeq }) as const;
    const subjects = new Map<string, AlertSubject>([
      ['item 1', item(1)],
      ['item 11', item(11)],
      ['item 2', item(2)],
      ['hers', { scope: 'mailbox', mailboxId: hers }],
      ['his', { scope: 'mailbox', mailboxId: his }],
      ['server', { scope: 'server' }],
    ]);
    for (const subject of subjects.values())
      for (const code of ['a', 'b']) await raiseAlert(at.store, subject, 'error', { code, message: code });
    const standing = async () =>
      (await all(at))
        .filter(({ cleared_at: cleared }) => cleared === null)
        .map(({ scope, mailbox_id: mailbox, item_seq: seq, code }) => {
          const who = scope === 'server' ? scope : scope === 'item' ? `item ${seq}` : mailbox === hers ? 'hers' : 'his';
          return `${who} ${code}`;
        });
    let expected = [...subjects.keys()].flatMap((name) => [`${name} a`, `${name} b`]);
    const over = (...names: string[]) => (expected = expected.filter((name) => !names.includes(name)));
    expect(await standing()).toEqual(expected);
    await clearAlerts(at.store, subjects.get('hers')!, []);
    await clearItemAlerts(at.store, []);
    expect(await standing()).toEqual(expected);
    await clearAlerts(at.store, subjects.get('hers')!, ['a', 'c']);
    expect(await standing()).toEqual(over('hers a'));
    await clearAlerts(at.store, subjects.get('server')!);
    expect(await standing()).toEqual(over('server a', 'server b'));
    const before = await all(at);
    await clearItemAlerts({ ...at.store, now: () => sql<number>`7` }, [item(1), item(2)]);
    const cleared = (await all(at)).filter(({ cleared_at: when }) => when === 7);
    expect(cleared.map(({ seq }) => seq)).toEqual(
      before.filter(({ item_seq: seq }) => seq === 1 || seq === 2).map(({ seq }) => seq),
    );
    await clearItemAlerts(at.store, [item(1), item(2)]);
    expect((await all(at)).filter(({ cleared_at: when }) => when === 7)).toEqual(cleared);
    expect(await standing()).toEqual(over('item 1 a', 'item 1 b', 'item 2 a', 'item 2 b'));
  });
});
