// The way of a mail from a mailbox into the CRM while nobody looks.
import { afterEach, expect, test } from '@jest/globals';
import type { TrackChange } from '../../../src/model/change.ts';
import { identifyMail } from '../../../src/model/item-key.ts';
import { LostClaim } from '../../../src/server/mailbox/claim.ts';
import type { FolderRule } from '../../../src/server/mailbox/rules.ts';
import { SourceError, type SourceFolder } from '../../../src/server/mailbox/source.ts';
import { trackChange } from '../../sync/samples.ts';
import { forEachEngine } from '../engines.ts';
import { dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, tenantId, type MailboxWorld } from './mailbox-world.ts';
import { ScriptedMailbox, type Letter } from './scripted-source.ts';

afterEach(closeWorlds);

const minute = 60_000;

/** Polls whatever becomes due, until the ledger has nothing left and the items know it. */
async function settle(at: MailboxWorld): Promise<void> {
  await at.poll();
  await at.settled();
  await at.poll();
  await at.settled();
}

const rule = (folderId: string, more: Partial<FolderRule> = {}): FolderRule => ({
  ...{ id: `rule of ${folderId}`, folderId, includeSubfolders: false, regarding: null, appliesTo: 'all' },
  ...{ since: '2020-01-01T00:00:00.000Z', origin: 'own', ...more },
});

async function paneChange(
  at: MailboxWorld,
  letter: Required<Pick<Letter, 'messageId' | 'subject' | 'from' | 'sentAt'>>,
) {
  const from = { name: '', address: letter.from };
  const facts = { internetMessageId: letter.messageId, from, sentAt: letter.sentAt, subject: letter.subject };
  const identity = await identifyMail(tenantId, facts, at.services.digest);
  const sample = trackChange({ at: new Date(at.now()).toISOString(), id: at.services.newId(), lane: identity.itemKey });
  const mail = { ...sample.mail, ...identity, ...facts, to: [{ name: '', address: dana.address }], attachments: [] };
  return { ...sample, mail } satisfies TrackChange;
}

forEachEngine('a mail on its way into the CRM', ({ open }) => {
  test('with our category on it: it is handed to the ledger, tracked, and the next look is planned from the start of this', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    at.source.setMark(at.source.add('inbox', { subject: 'Offer 17' }), true);
    at.source.add('inbox', { subject: 'Lunch' });
    expect(await at.poll()).toBe(1);
    await at.settled();
    expect(at.errors).toEqual([]);
    const [offer, lunch] = await at.items(id);
    expect(offer).toMatchObject({ subject: 'Offer 17', state: 'tracked', why_code: 'category', due_at: null });
    expect(lunch).toMatchObject({ subject: 'Lunch', state: 'not-tracked', why_code: 'no-correlation-match' });
    expect(await at.emails()).toMatchObject([{ subject: 'Offer 17', activityid: offer!.row_id }]);
    const account = await at.account(id);
    expect(account).toMatchObject({ state: 'ready', failures: 0, code: null });
    expect(account.last_ok_at).toBe(account.started_at);
  });

  test('by pane, folder, category, automatic rule and two mailboxes at once: it is one e-mail, of everybody', async () => {
    const at = await createMailboxWorld(await open());
    const admin = at.world.as(dana);
    await admin.create('queues', { name: 'Desk', emailaddress: 'desk@contoso.example' });
    const his = new ScriptedMailbox();
    const letter = {
      ...{ messageId: '<order-17@fabrikam.example>', subject: 'Order 17', from: 'kim@fabrikam.example' },
      ...{ to: 'dana@contoso.example,miguel@contoso.example,desk@contoso.example', sentAt: new Date().toISOString() },
    };
    at.rules.push(rule('deals'));
    at.source.repeats = true;
    at.source.add('inbox', letter);
    at.source.add('deals', letter);
    at.source.setMark(at.source.add('other', letter), true);
    his.add('inbox', letter);
    const [hers, miguels] = [await at.mailbox(dana), await at.mailbox(miguel, {}, his)];
    await Promise.all([at.ledger.accept(dana.objectId, await paneChange(at, letter)), settle(at)]);
    await settle(at);
    expect(at.errors).toEqual([]);
    expect(await at.emails()).toHaveLength(1);
    for (const id of [hers, miguels]) expect(await at.items(id)).toMatchObject([{ state: 'tracked' }]);
  });

  test('a folder rule gives its record; another folder another; the category taken off untracks, and no rule overrules that', async () => {
    const at = await createMailboxWorld(await open());
    const regarding = async (name: string) => {
      const id = await at.world.as(dana).create('accounts', { name });
      return { table: 'account' as const, id, name };
    };
    const [fabrikam, tailspin] = [await regarding('Fabrikam'), await regarding('Tailspin')];
    at.rules.push(rule('deals', { regarding: fabrikam }), rule('other', { regarding: tailspin }));
    const id = await at.mailbox();
    const mail = at.source.add('deals', { subject: 'Contract' });
    await settle(at);
    const [email] = await at.emails();
    expect(email).toMatchObject({ _regardingobjectid_value: fabrikam.id });
    // Our category was set, and seen by the next look.
    at.later(minute);
    await settle(at);
    expect(at.source.stored.get(mail)!.item.isMarked).toBe(true);

    at.source.moveTo(mail, 'other');
    at.later(15 * minute);
    await settle(at);
    expect(await at.emails()).toMatchObject([{ _regardingobjectid_value: tailspin.id }]);

    at.source.setMark(mail, false);
    at.later(15 * minute);
    await settle(at);
    const untracked = { state: 'not-tracked', why_code: 'category-removed' };
    expect(await at.items(id)).toMatchObject([untracked]);
    expect(await at.emails()).toHaveLength(1);
    at.source.moveTo(mail, 'deals');
    at.later(15 * minute);
    await settle(at);
    expect(await at.items(id)).toMatchObject([untracked]);
    expect(at.errors).toEqual([]);
  });

  test('a rule that cannot be followed is told once for each trouble, and no more when the folder is back', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(rule('deals'), rule('inbox', { trouble: 'unknown-regarding' }));
    const id = await at.mailbox(dana, { automatic: 'off' });
    at.source.add('inbox', { subject: 'Not by this rule' });
    const { folderList } = at.source;
    const bin: SourceFolder = { id: 'bin', name: 'Deleted', parentId: null, role: 'trash' };
    at.source.folderList = [...folderList, bin].map((each) =>
      each.id === 'deals' ? { ...each, parentId: 'bin' } : each,
    );
    await settle(at);
    const inTrash = ['warning mailbox rule-in-trash', 'warning mailbox rule-unknown-regarding'];
    expect(await at.alerts()).toEqual(inTrash);
    expect(await at.items(id)).toMatchObject([{ state: 'not-tracked', why_code: 'automatic-off' }]);
    at.later(15 * minute);
    await settle(at);
    expect(await at.store.tables.selectFrom('mailbox_alert').select('seq').execute()).toHaveLength(2);
    at.source.folderList = folderList;
    at.later(31 * minute);
    await settle(at);
    expect(await at.alerts()).toEqual(['warning mailbox rule-unknown-regarding']);
    at.rules.pop();
    at.later(31 * minute);
    await settle(at);
    expect(await at.alerts()).toEqual([]);
  });

  test('what a person linked by hand stays linked when the mail is moved, and so it says', async () => {
    const at = await createMailboxWorld(await open());
    const ids = new Map<string, string>();
    for (const name of ['Fabrikam', 'Tailspin', 'Chosen'])
      ids.set(name, await at.world.as(dana).create('accounts', { name }));
    const to = (name: string) => ({ table: 'account' as const, id: ids.get(name)!, name });
    at.rules.push(rule('deals', { regarding: to('Fabrikam') }), rule('other', { regarding: to('Tailspin') }));
    const id = await at.mailbox();
    const mail = at.source.add('deals', { subject: 'Contract' });
    await settle(at);
    const [email] = await at.emails();
    const chosen = { 'regardingobjectid_account_email@odata.bind': `/accounts(${ids.get('Chosen')!})` };
    const path = `emails(${String(email!['activityid'])})`;
    expect((await at.world.as(dana).send('PATCH', path, chosen)).status).toBe(204);
    at.source.moveTo(mail, 'other');
    at.later(15 * minute);
    await settle(at);
    expect(await at.emails()).toMatchObject([{ _regardingobjectid_value: ids.get('Chosen') }]);
    expect(await at.items(id)).toMatchObject([
      { state: 'tracked', why_code: 'kept-by-hand', attempts: 0, due_at: null, reason_code: null },
    ]);
    expect(await at.alerts()).toEqual([]);
    expect(at.errors).toEqual([]);
  });

  test('an e-mail that was removed from the CRM is not brought back by a rule, wherever the mail is put', async () => {
    const at = await createMailboxWorld(await open());
    const account = await at.world.as(dana).create('accounts', { name: 'Fabrikam' });
    const regarding = { table: 'account' as const, id: account, name: 'Fabrikam' };
    at.rules.push(rule('deals'), rule('other', { regarding }));
    const id = await at.mailbox();
    const mail = at.source.add('deals', { subject: 'Contract' });
    await settle(at);
    const [email] = await at.emails();
    expect((await at.world.as(dana).send('DELETE', `emails(${String(email!['activityid'])})`)).status).toBe(204);
    for (const folder of ['other', 'deals', 'other']) {
      at.source.moveTo(mail, folder);
      at.later(15 * minute);
      await settle(at);
    }
    expect(await at.emails()).toEqual([]);
    expect(await at.items(id)).toMatchObject([{ state: 'not-tracked', why_code: 'removed-from-crm' }]);
    expect(await at.alerts()).toEqual([]);
  });

  test('a mark that fails is set by the next look, and keeps neither other marks nor tracking waiting', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(rule('inbox'));
    const id = await at.mailbox();
    const [stuck, other] = [at.source.add('inbox', { subject: 'Stuck' }), at.source.add('inbox')];
    await settle(at);
    const { mark } = at.source;
    let tries = 0;
    at.source.mark = async (itemId, tracked) => {
      if (itemId !== stuck) return mark(itemId, tracked);
      tries += 1;
      throw new SourceError('refused', 'Not this one.');
    };
    for (let look = 1; look <= 3; look += 1) {
      at.source.add('inbox', { subject: `Later ${look}` });
      at.later(15 * minute);
      await settle(at);
    }
    expect(tries).toBeGreaterThanOrEqual(3);
    expect(at.source.stored.get(other)!.item.isMarked).toBe(true);
    expect(await at.account(id)).toMatchObject({ state: 'ready', failures: 0 });
    expect((await at.items(id)).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'tracked'));
    at.source.mark = mark;
    at.source.fail('mark', 'throttled', { retryAfter: minute });
    for (let look = 1; look <= 2; look += 1) {
      at.later(15 * minute);
      await settle(at);
    }
    expect(await at.account(id)).toMatchObject({ state: 'ready', failures: 0 });
    expect([...at.source.stored.values()].every(({ item }) => item.isMarked)).toBe(true);
    expect((await at.items(id)).every(({ mark_wanted: wanted }) => wanted === 0)).toBe(true);
  });

  test('what its person untracked by the pane no rule tracks, whether it was seen before or not', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    const letter = (name: string) => ({
      ...{ messageId: `<${name}@fabrikam.example>`, subject: name, from: 'kim@fabrikam.example' },
      sentAt: new Date(at.now()).toISOString(),
    });
    const [seen, unseen] = [letter('seen'), letter('unseen')];
    const early = at.source.add('other', seen);
    await settle(at);
    at.rules.push(rule('deals'));
    // The pane writes to the CRM itself, and then says so.
    for (const each of [seen, unseen])
      await at.ledger.noteRemoved(dana.objectId, (await paneChange(at, each)).mail.itemKey);
    at.source.moveTo(early, 'deals');
    at.source.add('deals', unseen);
    at.later(15 * minute);
    await settle(at);
    expect(await at.emails()).toEqual([]);
    const untracked = { state: 'not-tracked', why_code: 'untracked-by-owner' };
    expect(await at.items(id)).toMatchObject([untracked, untracked]);
  });

  test('a poison mail is put aside after three tries and said; the mailbox goes on', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(rule('inbox'));
    const bad = at.source.add('inbox', { subject: 'Bad' });
    const id = await at.mailbox();
    const { mime } = at.source;
    at.source.mime = async (itemId, most) => {
      if (itemId === bad) throw new Error('It broke something.');
      return mime(itemId, most);
    };
    for (let look = 0; look < 5; look += 1) {
      at.source.add('inbox', { subject: `Good ${look}` });
      at.later(15 * minute);
      await settle(at);
    }
    const items = await at.items(id);
    expect(items[0]).toMatchObject({ state: 'failed', attempts: 3, due_at: null, reason_code: 'unexpected' });
    expect(items.slice(1).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'tracked'));
    expect(await at.alerts()).toEqual(['error item unexpected']);
    expect(at.errors).toHaveLength(3);
  });

  test('a mail that ends the process each time is put aside alone: those that were read with it are tracked', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(rule('inbox'));
    at.source.add('inbox', { subject: 'Before' });
    const bad = at.source.add('inbox', { subject: 'Bad' });
    for (const number of [1, 2, 3]) at.source.add('inbox', { subject: `After ${number}` });
    const id = await at.mailbox();
    const { mime } = at.source;
    at.source.mime = async (itemId, most) => {
      // Nothing of the run is written any more, as when its process has ended.
      if (itemId === bad) throw new LostClaim('The process ended here.');
      return mime(itemId, most);
    };
    for (let look = 0; look < 4; look += 1) {
      at.later(2 * minute);
      await settle(at);
    }
    expect((await at.items(id)).map(({ subject, state, reason_code }) => [subject, state, reason_code])).toEqual([
      ['Before', 'tracked', null],
      ['Bad', 'failed', 'poison'],
      ...[1, 2, 3].map((number) => [`After ${number}`, 'tracked', null]),
    ]);
    expect(await at.alerts()).toEqual(['error item poison']);
  });

  test('the server forgets where we were: the folder is read again, and nothing is tracked twice', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(rule('inbox'));
    const id = await at.mailbox();
    for (const number of [1, 2, 3]) at.source.add('inbox', { subject: `Mail ${number}` });
    await settle(at);
    at.source.forgotten = 1_000;
    at.source.add('inbox', { subject: 'Mail 4' });
    at.later(15 * minute);
    await settle(at);
    expect((await at.items(id)).map(({ subject, state }) => [subject, state])).toEqual(
      [1, 2, 3, 4].map((number) => [`Mail ${number}`, 'tracked']),
    );
    expect(await at.emails()).toHaveLength(4);
  });
});
