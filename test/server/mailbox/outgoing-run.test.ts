import { afterEach, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';
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
    expect(await at.poll()).toBe(0);

    at.later(20_000);
    await at.outgoing.look();
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

    await send(at, 'Another');
    at.later(60_000);
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toHaveLength(1);
    expect(await at.alerts()).toEqual([]);
  });

  test('waits where the mailbox is throttled, which is the mailbox’s trouble', async () => {
    const at = await createMailboxWorld(await open());
    await at.mailbox(dana, { outgoing: true });
    const id = await send(at, 'Offer');
    at.source.failures.push({ where: 'send', error: new SourceError('throttled', 'Later.', { retryAfter: 60_000 }) });
    await at.outgoing.look();
    await at.poll();
    expect(await statusOf(at, id)).toBe(6);
    expect(await at.alerts()).toContain('warning mailbox mail-not-sent');

    at.later(10 * 60_000);
    await at.outgoing.look();
    await at.poll();
    expect(at.source.sent).toHaveLength(1);
    expect(await at.alerts()).toEqual([]);
  });
});
