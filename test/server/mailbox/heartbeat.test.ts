// A synchronisation that silently stopped, or missed some mail, is noticed and said.
import { afterEach, expect, test } from '@jest/globals';
import { claimMailboxes, interruptRun, LostClaim, type MailboxClaim } from '../../../src/server/mailbox/claim.ts';
import { listFolders } from '../../../src/server/mailbox/folders.ts';
import { checkCounts, checkSilence } from '../../../src/server/mailbox/heartbeat.ts';
import type { MailSource } from '../../../src/server/mailbox/source.ts';
import { forEachEngine } from '../engines.ts';
import { dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';

afterEach(closeWorlds);

const minute = 60_000;
const day = 24 * 60 * minute;

forEachEngine('the heartbeat of mailboxes', ({ open }) => {
  /** A mailbox of three mails in its Inbox and one in Sent Items, all of them known. */
  const start = async (at: MailboxWorld, person = dana) => {
    const id = await at.mailbox(person, { automatic: 'off', category: false });
    for (const folder of ['inbox', 'inbox', 'inbox', 'sent']) at.source.add(folder, { to: person.address });
    await at.poll();
    const asked: [string, Date][] = [];
    const claim = async (): Promise<MailboxClaim> => {
      await at.store.tables
        .updateTable('mailbox_account')
        .set({ next_at: 0, lease_until: null })
        .where('id', '=', id)
        .execute();
      const claims = await claimMailboxes(at.store, 50);
      return claims.find((one) => one.id === id)!;
    };
    const count = async (counts: Readonly<Record<string, number>>, claimed: MailboxClaim) => {
      const source: Pick<MailSource, 'count'> = {
        count: async (folder, since) => {
          asked.push([folder, since!]);
          return counts[folder]!;
        },
      };
      const folders = (await listFolders(at.store, id)).filter(({ folder_id: folder }) => folder in counts);
      return checkCounts(at.store, claimed, source as MailSource, folders);
    };
    /** A look after so many minutes, where the server counts so many. @returns the folder that is to be read again */
    const look = async (minutes: number, counts: Readonly<Record<string, number>>) => {
      at.later(minutes * minute);
      return count(counts, await claim());
    };
    const folder = async (name: string) =>
      (await listFolders(at.store, id)).find(({ folder_id: each }) => each === name)!;
    // As if nothing had been counted yet.
    await at.store.tables
      .updateTable('mailbox_folder')
      .set({ counted_at: null, base: null, missing: 0 })
      .where('mailbox_id', '=', id)
      .execute();
    return { id, asked, claim, count, look, folder };
  };
  const messages = async (at: MailboxWorld) =>
    (
      await at.store.tables
        .selectFrom('mailbox_alert')
        .selectAll()
        .where('cleared_at', 'is', null)
        .orderBy('seq')
        .execute()
    ).map(({ message }) => message);

  test('a folder is counted once an hour, one at a look, and from when the mailbox is read', async () => {
    const at = await createMailboxWorld(await open());
    const { id, asked, look } = await start(at);
    const { process_from: from } = await at.account(id);
    const counts = { inbox: 3, sent: 1 };
    for (const minutes of [1, 1, 1, 50, 9, 1, 1]) await look(minutes, counts);
    expect(asked).toEqual(['inbox', 'sent', 'inbox', 'sent'].map((folder) => [folder, new Date(from)]));
  });

  test('what is missing twice in a row is said, and the folder read again once', async () => {
    const at = await createMailboxWorld(await open());
    const { id, look, folder } = await start(at);
    await look(1, { inbox: 3 });
    expect([await look(61, { inbox: 5 }), await messages(at)]).toEqual([null, []]);
    // A mail had arrived between listing and counting, and is known by now.
    expect([await look(1, { inbox: 3 }), await messages(at)]).toEqual([null, []]);

    await look(61, { inbox: 5 });
    await at.store.tables.updateTable('mailbox_folder').set({ cursor: 'somewhere' }).execute();
    expect(await look(1, { inbox: 5 })).toBe('inbox');
    const told = (mails: string, where: string) =>
      `The server counts ${mails} more in ${where} than it told of. Such a folder is read again, and this stays here until the numbers agree.`;
    expect(await messages(at)).toEqual([told('2 mails', 'a folder')]);
    const { last_ok_at: ok, process_from: from } = await at.account(id);
    expect(await folder('inbox')).toMatchObject({ cursor: null, since: Math.max(from, ok! - 2 * day) });
    expect((await folder('sent')).cursor).toBe('somewhere');

    await look(1, { sent: 1 });
    await look(61, { sent: 2 });
    expect(await look(1, { sent: 2 })).toBe('sent');
    expect(await messages(at)).toEqual([told('3 mails', '2 folders')]);
    await at.store.tables.updateTable('mailbox_folder').set({ cursor: 'somewhere' }).execute();
    // Not before an hour, and then it is not read again.
    expect(await look(1, { sent: 1 })).toBeNull();
    expect(await messages(at)).toEqual([told('3 mails', '2 folders')]);
    expect(await look(61, { inbox: 4 })).toBeNull();
    expect(await messages(at)).toEqual([told('2 mails', '2 folders')]);
    expect((await folder('inbox')).cursor).toBe('somewhere');
    await look(61, { inbox: 3 });
    expect(await messages(at)).toEqual([told('1 mail', 'a folder')]);
    await at.store.tables.updateTable('mailbox_folder').set({ gone: 1 }).where('folder_id', '=', 'sent').execute();
    await look(61, { inbox: 4 });
    await look(61, { inbox: 4 });
    expect(await messages(at)).toEqual([told('1 mail', 'a folder')]);
    await look(61, { inbox: 3 });
    expect(await messages(at)).toEqual([]);
  });

  test('a folder that is read again is read from two days before the last good run, not from before the mailbox is read', async () => {
    const at = await createMailboxWorld(await open());
    const { id, look, folder } = await start(at);
    const set = (values: object) =>
      at.store.tables.updateTable('mailbox_account').set(values).where('id', '=', id).execute();
    const readAgain = async () => {
      await look(61, { inbox: 3 });
      await look(61, { inbox: 4 });
      await look(1, { inbox: 4 });
      return (await folder('inbox')).since;
    };
    await set({ process_from: 5_000, last_ok_at: 30 * day });
    expect(await readAgain()).toBe(28 * day);
    await look(61, { inbox: 3 });
    await set({ process_from: 5_000, last_ok_at: null });
    expect(await readAgain()).toBe(5_000);
  });

  test('of mail from before, which nobody tells of, a server may count fewer and fewer, and still misses none in silence', async () => {
    const at = await createMailboxWorld(await open());
    const { look, folder } = await start(at);
    await look(1, { inbox: 10 });
    expect(await folder('inbox')).toMatchObject({ base: 7, missing: 0 });
    await look(61, { inbox: 5 });
    expect(await folder('inbox')).toMatchObject({ base: 2, missing: 0 });
    // What came into another folder meanwhile does not hide what is missing in this one.
    at.source.add('sent');
    at.later(2 * minute);
    expect(await at.poll()).toBe(1);
    await look(61, { inbox: 6 });
    expect(await look(1, { inbox: 6 })).toBe('inbox');
  });

  test('mail of another mailbox and its gaps are that one’s own', async () => {
    const at = await createMailboxWorld(await open());
    const [hers, his] = [await start(at), await start(at, miguel)];
    for (const { look } of [hers, his]) await look(1, { inbox: 3 });
    await at.store.tables.updateTable('mailbox_folder').set({ cursor: 'somewhere' }).execute();
    expect(await his.folder('inbox')).toMatchObject({ base: -3 });
    for (const { look } of [hers, his]) {
      expect((await his.folder('inbox')).cursor).toBe('somewhere');
      await look(61, { inbox: 5 });
      await look(1, { inbox: 5 });
    }
    const alerts = await at.store.tables.selectFrom('mailbox_alert').selectAll().where('code', '=', 'gap').execute();
    expect(alerts.map(({ mailbox_id: id, message }) => [id, message.split(' in ')[0]])).toEqual([
      [hers.id, 'The server counts 2 mails more'],
      [his.id, 'The server counts 2 mails more'],
    ]);
  });

  test('who lost the mailbox while it was counted writes nothing of it', async () => {
    const at = await createMailboxWorld(await open());
    const { id, claim, count, folder } = await start(at);
    const lost = await claim();
    await interruptRun(at.store, id);
    await expect(count({ inbox: 9 }, lost)).rejects.toBeInstanceOf(LostClaim);
    expect(await folder('inbox')).toMatchObject({ base: null, counted_at: null });
  });

  test('mailboxes that are switched off or being read are not late', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    const set = (values: object) =>
      at.store.tables.updateTable('mailbox_account').set(values).where('id', '=', id).execute();
    const says = async (values: object) => {
      await set(values);
      await checkSilence(at.store);
      return (await messages(at)).length;
    };
    const late = at.now() - 25 * minute;
    expect(await says({ next_at: late })).toBe(1);
    expect(await messages(at)).toEqual(['1 mailbox has been due for more than 24 minutes: is a daemon running?']);
    const other = await at.mailbox(miguel);
    await at.store.tables.updateTable('mailbox_account').set({ next_at: late }).where('id', '=', other).execute();
    await checkSilence(at.store);
    expect(await messages(at)).toEqual(['2 mailboxes have been due for more than 24 minutes: is a daemon running?']);
    await at.store.tables.updateTable('mailbox_account').set({ next_at: at.now() }).where('id', '=', other).execute();
    expect(await says({ next_at: late, lease_until: at.now() + minute })).toBe(0);
    expect(await says({ next_at: late, lease_until: at.now() - minute })).toBe(1);
    expect(await says({ next_at: null, lease_until: null })).toBe(0);
    expect(await says({ next_at: at.now() - 23 * minute })).toBe(0);
  });
});

forEachEngine('a run that is interrupted', ({ open }) => {
  test('loses its claim; the mailbox is due at once, and no other is touched', async () => {
    const at = await createMailboxWorld(await open());
    const [id, other] = [await at.mailbox(), await at.mailbox(miguel)];
    const claims = await claimMailboxes(at.store, 50);
    expect(claims).toHaveLength(2);
    const [before, others] = [await at.account(id), await at.account(other)];
    await at.store.tables
      .updateTable('mailbox_account')
      .set({ next_at: at.now() + 10 * minute })
      .where('id', '=', id)
      .execute();
    await interruptRun(at.store, id);
    const after = await at.account(id);
    expect([after.generation, after.lease_until]).toEqual([before.generation + 1, null]);
    expect(after.next_at).toBeLessThanOrEqual(at.now());
    expect(await at.account(other)).toEqual(others);
    expect((await claimMailboxes(at.store, 50)).map((claim) => claim.id)).toEqual([id]);
  });

  test('of a mailbox that is switched off does not switch it on', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    await at.store.tables.updateTable('mailbox_account').set({ next_at: null }).execute();
    await interruptRun(at.store, id);
    expect(await at.account(id)).toMatchObject({ next_at: null, generation: 1 });
    expect(await claimMailboxes(at.store, 50)).toEqual([]);
  });
});
