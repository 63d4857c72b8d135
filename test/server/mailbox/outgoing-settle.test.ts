// What became of a mail is written over the claim it belongs to, and over nothing that others know better.
import { afterAll, expect, test } from '@jest/globals';
import type { Dataverse } from '../../../src/api/dataverse.ts';
import { CrmError } from '../../../src/model/errors.ts';
import type { Told } from '../../../src/server/mailbox/outgoing/ends.ts';
import { settle } from '../../../src/server/mailbox/outgoing/settle.ts';
import { forEachEngine } from '../engines.ts';
import { openOutgoingWorld, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;
const at = Date.UTC(2026, 2, 2, 9, 30);
const ends: Record<Told['kind'], Told> = {
  sent: { kind: 'sent', at },
  'put-off': { kind: 'put-off', at: at + 5 * minute, reason: 'Busy.' },
  failed: { kind: 'failed', code: 'refused', reason: 'No.' },
};

forEachEngine('the end of a mail', ({ open }) => {
  let opened: Promise<OutgoingWorld> | undefined;
  const start = () => (opened ??= open().then((database) => openOutgoingWorld(database)));
  afterAll(async () => (await opened)?.world.app.close());

  /** A mail that was claimed for the second time, and what was made of it since. */
  const claimed = async (w: OutgoingWorld, since: Parameters<OutgoingWorld['set']>[1] = {}) => {
    const id = await w.pending('Claimed.');
    const messageid = `<${id}@contoso.example>`;
    await w.set(id, { statuscode: 7, messageid, deliveryattempts: 2, ...since });
    return { id, messageId: messageid, attempt: 2, at };
  };

  const [sending, ready, failed] = [{}, { statuscode: 6 }, { statecode: 0, statuscode: 8 }];
  test.each<[string, Parameters<OutgoingWorld['set']>[1], Told['kind'], number, number | 'as it was']>([
    ['still ours', sending, 'sent', 60, 3],
    ['made ready again', ready, 'sent', 60, 3],
    ['made ready again, and counted anew', { ...ready, deliveryattempts: 0 }, 'sent', 0, 3],
    ['given up', failed, 'sent', 60, 3],
    ['a draft again', { statecode: 0, statuscode: 1 }, 'sent', 0, 'as it was'],
    ['known as sent', { statuscode: 3 }, 'sent', 0, 'as it was'],
    ['canceled', { statecode: 2, statuscode: 5 }, 'sent', 0, 'as it was'],
    ['another mail by its Message-ID', { messageid: '<else@contoso.example>' }, 'sent', 0, 'as it was'],
    ['still ours', sending, 'put-off', 14, 6],
    ['still ours', sending, 'failed', 14, 8],
    ['still ours, and for others to judge', sending, 'put-off', 15, 'as it was'],
    ['still ours, and for others to judge', sending, 'failed', 15, 'as it was'],
    ['claimed by another try', { deliveryattempts: 3 }, 'failed', 0, 'as it was'],
    ['made ready again', ready, 'failed', 0, 'as it was'],
    ['given up', failed, 'put-off', 0, 'as it was'],
    ['another mail by its Message-ID', { messageid: '<other@contoso.example>' }, 'failed', 0, 'as it was'],
  ])('of a mail that is %s (%j), %s is told after %i minutes: %s', async (_what, since, kind, minutes, expected) => {
    const w = await start();
    const claim = await claimed(w, since);
    const before = await w.read(claim.id);
    await settle(w.crm(), claim, ends[kind], true, at + minutes * minute);
    const after = await w.read(claim.id);
    if (expected === 'as it was') expect(after).toEqual(before);
    else expect(after['statuscode']).toBe(expected);
    if (expected === 3) expect(Date.parse(String(after['actualend']))).toBe(at);
    if (expected === 6) expect(Date.parse(String(after['delayedemailsendtime']))).toBe(at + 5 * minute);
  });

  test('of a mail that somebody removed nothing is said', async () => {
    const w = await start();
    const claim = { id: '0f0e0d0c-0000-4000-8000-000000000001', messageId: '<x@x.example>', attempt: 1, at };
    await expect(settle(w.crm(), claim, ends.sent, true, at)).resolves.toBeUndefined();
  });

  /** The CRM, where somebody changes the mail right before each of our first so many changes. */
  const busy = (w: OutgoingWorld, id: string, times: number, change: object) => {
    let updates = 0;
    const crm = w.crm();
    const update: Dataverse['update'] = async (...given) => {
      updates += 1;
      if (updates <= times) expect((await w.dana.send('PATCH', `emails(${id})`, change)).status).toBe(204);
      return crm.update(...given);
    };
    return { crm: { ...crm, update }, updates: () => updates };
  };

  test('others change the mail at the same time: it is looked at again, but not for ever', async () => {
    const w = await start();
    const account = await w.dana.create('accounts', { name: 'Fabrikam' });
    const about = { 'regardingobjectid_account_email@odata.bind': `/accounts(${account})` };
    const claim = await claimed(w);
    await settle(busy(w, claim.id, 4, about).crm, claim, ends.sent, true, at);
    expect(await w.read(claim.id)).toMatchObject({ statuscode: 3, _regardingobjectid_value: account });

    const other = await claimed(w);
    const { crm, updates } = busy(w, other.id, Number.POSITIVE_INFINITY, about);
    await expect(settle(crm, other, ends.sent, true, at)).rejects.toMatchObject({ code: 'unavailable' });
    expect(updates()).toBe(5);
    await expect(settle(crm, other, ends.sent, true, at)).rejects.toBeInstanceOf(CrmError);
  });

  test('a CRM that has no column for the reason is not asked to keep one', async () => {
    const w = await start();
    for (const end of Object.values(ends)) {
      const claim = await claimed(w, { alongside_senderror: 'as it was' });
      await settle(w.crm(), claim, end, false, at);
      const { statuscode, alongside_senderror: reason } = await w.read(claim.id);
      expect([statuscode === 7, reason]).toEqual([false, 'as it was']);
    }
  });
});
