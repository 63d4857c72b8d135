import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { forEachEngine } from '../engines.ts';
import { dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';
import type { Dataverse } from '../../../src/api/dataverse.ts';
import { CrmError } from '../../../src/model/errors.ts';
import { claimMailboxes } from '../../../src/server/mailbox/claim.ts';
import { createOutgoing } from '../../../src/server/mailbox/outgoing/outgoing.ts';
import type { MailboxStore } from '../../../src/server/mailbox/store.ts';
import { SourceError } from '../../../src/server/mailbox/source.ts';
import { ScriptedMailbox } from './scripted-source.ts';

afterEach(closeWorlds);

/** Dana writes an e-mail in the CRM and sends it. @returns its id */
async function send({ world }: MailboxWorld, subject: string): Promise<string> {
  const client = world.as(dana);
  const me = String((await client.get('WhoAmI')).body['UserId']);
  const id = await client.create('emails', {
    subject,
    email_activity_parties: [
      { 'partyid_systemuser@odata.bind': `systemusers(${me})`, participationtypemask: 1 },
      { addressused: 'ada@fabrikam.example', participationtypemask: 2 },
    ],
  });
  const path = `emails(${id})/Microsoft.Dynamics.CRM.SendEmail`;
  expect((await client.send('POST', path, { IssueSend: true })).status).toBe(200);
  return id;
}

const statusOf = async ({ world }: MailboxWorld, id: string) =>
  (await world.as(dana).get(`emails(${id})?$select=statuscode`)).body['statuscode'];

forEachEngine('what somebody sends from the CRM', ({ open }) => {
  test('leaves through their own mailbox, at once and once; nobody else’s mailbox is bothered', async () => {
    const at = await createMailboxWorld(await open());
    const others = new ScriptedMailbox();
    await at.mailbox(dana, { outgoing: true });
    await at.mailbox(miguel, { outgoing: true }, others);
    await at.poll();
    const id = await send(at, 'Offer');
    // Not right after the run before: what is in the CRM just now may be all that somebody sends within a minute.
    await at.outgoing.look();
    expect(await at.poll()).toBe(0);

    at.later(20_000);
    expect(await at.poll()).toBe(1);
    expect(at.source.sent).toEqual([expect.stringContaining('Subject: Offer')]);
    expect(others.sent).toEqual([]);
    expect(await statusOf(at, id)).toBe(3);

    at.later(20_000);
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toHaveLength(1);
    expect(await at.alerts()).toEqual([]);
  });

  test('stays where it is while its owner does not want that, or the CRM is away', async () => {
    const at = await createMailboxWorld(await open());
    const id = await send(at, 'Later');
    const mailbox = await at.mailbox(dana, {});
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toEqual([]);
    expect(await statusOf(at, id)).toBe(6);

    await at.store.tables.updateTable('mailbox_account').set({ settings: '{"outgoing":true}' }).execute();
    at.later(20_000);
    await at.outgoing.look();
    at.crm.isAway = true;
    await expect(at.outgoing.look()).rejects.toMatchObject({ code: 'offline' });
    await at.poll();
    expect(at.source.sent).toEqual([]);
    expect((await at.account(mailbox)).state).toBe('ready');
    expect(at.errors).toEqual([]);

    at.crm.isAway = false;
    at.later(60_000);
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toHaveLength(1);
    expect(await statusOf(at, id)).toBe(3);
  });

  test('does not leave by a daemon whose mailbox somebody else reads by now', async () => {
    const at = await createMailboxWorld(await open());
    await at.mailbox(dana, { outgoing: true });
    const id = await send(at, 'Offer');
    await at.outgoing.look();
    const whenTaken: MailboxWorld['outgoing']['send'] = async (claim, source) => {
      const others = at.store.tables.updateTable('mailbox_account');
      await others.set(({ eb }) => ({ generation: eb('generation', '+', 1) })).execute();
      return at.outgoing.send(claim, source);
    };
    Object.assign(at.services, { send: whenTaken });
    await at.poll();
    expect(at.source.sent).toEqual([]);
    expect(await statusOf(at, id)).toBe(6);
  });

  test('and does not leave, is told until mail goes out again', async () => {
    const at = await createMailboxWorld(await open());
    const mailbox = await at.mailbox(dana, { outgoing: true });
    const id = await send(at, 'Offer');
    at.source.failures.push({ where: 'send', error: new SourceError('refused', 'The address is not allowed.') });
    await at.outgoing.look();
    await at.poll();
    expect(await statusOf(at, id)).toBe(8);
    expect(await at.alerts()).toEqual(['error mailbox mail-not-sent']);
    expect((await at.account(mailbox)).state).toBe('ready');

    // Another server of this CRM sends one; nothing of ours leaves.
    const theirs = await send(at, 'Theirs');
    await sql`update email set statuscode = 7, messageid = '<theirs@else.example>' where activityid = ${theirs}`.execute(
      at.store.tables,
    );
    at.later(60_000);
    await at.outgoing.look();
    expect(await at.poll()).toBe(1);
    expect(await at.alerts()).toEqual(['error mailbox mail-not-sent']);

    await send(at, 'Another');
    at.later(60_000);
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toHaveLength(1);
    expect(await at.alerts()).toEqual([]);
  });

  test('fails for one mail and waits for another: the worse is told, and stays told while nothing leaves', async () => {
    const at = await createMailboxWorld(await open());
    const mailbox = await at.mailbox(dana, { outgoing: true });
    const waits = await send(at, 'It waits');
    const fails = await send(at, 'It fails');
    const crm: Dataverse = {
      ...at.dataverse,
      async list(path) {
        if (path.startsWith('activitymimeattachments') && path.includes(waits)) throw new CrmError('forbidden', 'No.');
        return at.dataverse.list(path);
      },
    };
    const outgoing = createOutgoing({ store: at.store, crm, now: () => at.now(), report: () => undefined });
    Object.assign(at.services, { send: outgoing.send });
    const failure = { where: 'send', error: new SourceError('refused', 'The address is not allowed.') };
    at.source.failures.push(failure);
    await outgoing.look();
    await at.poll();
    expect([await statusOf(at, waits), await statusOf(at, fails)]).toEqual([6, 8]);
    expect(await at.alerts()).toEqual(['error mailbox mail-not-sent']);

    at.later(60_000);
    await at.store.tables.updateTable('mailbox_account').set({ next_at: at.now() }).where('id', '=', mailbox).execute();
    await at.poll();
    expect(await at.alerts()).toEqual(['warning mailbox mail-not-sent']);
  });

  test('is looked for in no mailbox while nobody sends anything', async () => {
    const at = await createMailboxWorld(await open());
    const store = { now: () => at.now() } as unknown as MailboxStore;
    const outgoing = createOutgoing({ store, crm: at.dataverse, now: () => at.now(), report: () => undefined });
    await outgoing.look();
    await send(at, 'Offer');
    await expect(outgoing.look()).rejects.toThrow(TypeError);

    // Nor does the run of a mailbox ask the CRM, unless the last look found mail of it.
    await at.mailbox(dana, { outgoing: true });
    const silent = { list: () => Promise.reject(new TypeError('It was asked.')) } as unknown as Dataverse;
    const other = createOutgoing({ store: at.store, crm: silent, now: () => at.now(), report: () => undefined });
    const [claim] = await claimMailboxes(at.store, 1);
    await other.send(claim!, at.source);
    expect(at.source.sent).toEqual([]);
  });

  test('waits where the mailbox is throttled, which is the mailbox’s trouble', async () => {
    const at = await createMailboxWorld(await open());
    const mailbox = await at.mailbox(dana, { outgoing: true });
    const id = await send(at, 'Offer');
    at.source.failures.push({ where: 'send', error: new SourceError('throttled', 'Later.', { retryAfter: 60_000 }) });
    await at.outgoing.look();
    await at.poll();
    expect(await statusOf(at, id)).toBe(6);
    expect(await at.alerts()).toContain('warning mailbox mail-not-sent');
    expect((await at.account(mailbox)).failures).toBe(1);

    at.later(10 * 60_000);
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toHaveLength(1);
    expect(await at.alerts()).toEqual([]);
  });
});
