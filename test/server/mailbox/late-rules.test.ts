// A rule made in the CRM counts from when it was made, however late the daemon hears of it.
import { afterEach, expect, test } from '@jest/globals';
import type { FolderRule } from '../../../src/server/mailbox/rules.ts';
import { forEachEngine } from '../engines.ts';
import { dana } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';

afterEach(closeWorlds);

const rule = (since: number, more: Partial<FolderRule> = {}): FolderRule => ({
  ...{ id: 'theirs', folderId: 'deals', includeSubfolders: false, regarding: null, appliesTo: 'new', origin: 'crm' },
  since: new Date(since).toISOString(),
  ...more,
});

/** Dana's mailbox, its first look taken. */
async function start(at: MailboxWorld): Promise<string> {
  const id = await at.mailbox(dana, { automatic: 'off' });
  const received = (ago: number) => new Date(at.now() - ago).toISOString();
  at.source.add('deals', { subject: 'Long there', receivedAt: received(3_000_000) });
  at.source.add('inbox', { subject: 'Moved later', receivedAt: received(2_000_000) });
  await at.poll();
  at.later(600_000);
  return id;
}

const again = async (at: MailboxWorld) => {
  await at.store.tables.updateTable('mailbox_account').set({ next_at: 0 }).execute();
  await at.poll();
  await at.settled();
};
const add = (at: MailboxWorld, subject: string) =>
  at.source.add('deals', { subject, receivedAt: new Date(at.now()).toISOString() });
/** From when on a folder is read; another moment after it was read again. */
const sinceOf = async (at: MailboxWorld, id: string, folder: string) => {
  const folders = await at.store.tables.selectFrom('mailbox_folder').selectAll().where('mailbox_id', '=', id).execute();
  return folders.find(({ folder_id: each }) => each === folder)?.since;
};
const tracked = async (at: MailboxWorld) => (await at.emails()).map(({ subject }) => subject).sort();

forEachEngine('a rule of the CRM that is known later than it was made', ({ open }) => {
  test('tracks what came meanwhile, also what was moved there, and leaves what lay there before', async () => {
    const at = await createMailboxWorld(await open());
    const id = await start(at);
    const made = at.now();
    add(at, 'Meanwhile');
    const moved = (await at.items(id)).find(({ subject }) => subject === 'Moved later')!;
    at.source.moveTo(moved.source_id, 'deals');
    at.later(1_000);
    await again(at);
    expect(await tracked(at)).toEqual([]);
    at.rules.push(rule(made));
    await again(at);
    expect(await tracked(at)).toEqual(['Meanwhile', 'Moved later']);
    expect((await at.items(id)).find(({ subject }) => subject === 'Long there')).toMatchObject({
      state: 'not-tracked',
    });
    // It is done: what was decided stays decided.
    const before = (await at.items(id)).map(({ changed_at: changed }) => changed);
    at.later(60_000);
    await again(at);
    expect((await at.items(id)).map(({ changed_at: changed }) => changed)).toEqual(before);
  });

  test('is for new mail also when the mailbox was looked into for the first time meanwhile', async () => {
    const at = await createMailboxWorld(await open());
    const made = at.now();
    await start(at);
    at.rules.push(rule(made));
    await again(at);
    expect(await tracked(at)).toEqual([]);
  });

  test('brings back nothing that its owner took back', async () => {
    const at = await createMailboxWorld(await open());
    const id = await start(at);
    const made = at.now();
    add(at, 'Taken back');
    at.later(1_000);
    await again(at);
    await at.store.tables.updateTable('mailbox_item').set({ why_code: 'untracked-by-owner' }).execute();
    at.rules.push(rule(made));
    const before = await sinceOf(at, id, 'deals');
    await again(at);
    expect(await sinceOf(at, id, 'deals')).toBe(before);
    expect(await tracked(at)).toEqual([]);
    expect((await at.items(id)).every(({ state }) => state === 'not-tracked')).toBe(true);
  });

  test.each([
    ['does nothing where it lies', rule(0, { folderId: 'other' }), 'other'],
    ['is the owner’s, which ended the run at once', rule(0, { origin: 'own' }), 'deals'],
  ])('a rule that %s has nothing read again', async (_what, given, folder) => {
    const at = await createMailboxWorld(await open());
    const id = await start(at);
    const since = new Date(at.now()).toISOString();
    at.source.add(folder, { receivedAt: since });
    at.later(1_000);
    await again(at);
    at.rules.push({ ...given, since });
    const before = await sinceOf(at, id, folder);
    await again(at);
    expect(await sinceOf(at, id, folder)).toBe(before);
    expect(await tracked(at)).toEqual([]);
  });
});
