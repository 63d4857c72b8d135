// What goes wrong with a mailbox is said, and mended; the others do not hear of it.
import { sql } from 'kysely';
import { afterEach, expect, test } from '@jest/globals';
import { claimMailboxes, LostClaim, makeAllDue, makeDue } from '../../../src/server/mailbox/claim.ts';
import { complete } from '../../../src/server/mailbox/complete.ts';
import { checkSilence } from '../../../src/server/mailbox/heartbeat.ts';
import { poll } from '../../../src/server/mailbox/poll.ts';
import { raiseAlert } from '../../../src/server/mailbox/alerts.ts';
import { purgeMailboxes } from '../../../src/server/mailbox/purge.ts';
import { runMailbox } from '../../../src/server/mailbox/run.ts';
import type { FolderRule } from '../../../src/server/mailbox/rules.ts';
import { forEachEngine } from '../engines.ts';
import { dana, miguel } from '../world.ts';
import { closeWorlds, createMailboxWorld } from './mailbox-world.ts';
import { ScriptedMailbox } from './scripted-source.ts';

afterEach(closeWorlds);

const second = 1_000;
const minute = 60 * second;
const inbox: FolderRule = {
  ...{ id: 'all of the inbox', folderId: 'inbox', includeSubfolders: false, regarding: null, appliesTo: 'all' },
  ...{ since: '2020-01-01T00:00:00.000Z', origin: 'own' },
};

forEachEngine('a mailbox in trouble', ({ open }) => {
  test.each([
    ['unauthorized', {}, 'stopped', 5 * minute, ['error mailbox unauthorized']],
    ['forbidden', {}, 'stopped', 5 * minute, ['error mailbox forbidden']],
    ['unavailable', {}, 'untested', 30 * second, []],
    ['throttled', { retryAfter: 20 * minute }, 'untested', 20 * minute, []],
  ] as const)('%s: it says so, waits, and comes back by itself', async (code, facts, state, wait, alerts) => {
    const at = await createMailboxWorld(await open());
    const other = new ScriptedMailbox();
    const [hers, his] = [await at.mailbox(dana), await at.mailbox(miguel, {}, other)];
    at.source.fail('folders', code, facts);
    await at.poll();
    const row = await at.account(hers);
    expect(row).toMatchObject({ state, code, failures: 1, lease_until: null });
    expect(row.next_at! - row.started_at!).toBe(wait);
    expect(await at.alerts()).toEqual(alerts);
    expect(await at.account(his)).toMatchObject({ state: 'ready', failures: 0 });
    at.later(wait);
    await at.poll();
    expect(await at.account(hers)).toMatchObject({ state: 'ready', code: null, failures: 0 });
    expect(await at.alerts()).toEqual([]);
  });

  test('a run that slept too long writes nothing: neither items nor cursor, nor its end', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    at.source.add('inbox');
    const [slow] = await claimMailboxes(at.store, 1);
    at.later(2 * minute);
    const [quick] = await claimMailboxes(at.store, 1);
    expect(quick).toMatchObject({ id, generation: slow!.generation + 1 });
    await expect(poll(at.services, slow!, at.source)).rejects.toThrow(LostClaim);
    expect(await at.items(id)).toEqual([]);
    expect(await runMailbox(at.services, slow!)).toBeNull();
    const late = { ...(await runMailbox(at.services, quick!))!, claim: slow!, failures: 99 };
    await at.store.transaction((scope) => complete(scope, [late]));
    expect(await at.account(id)).toMatchObject({ failures: 0, generation: quick!.generation });
    expect(await at.items(id)).toHaveLength(1);
  });

  test('a daemon that was frozen while it read a mail hands over nothing: another has done so since', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(inbox);
    const id = await at.mailbox();
    at.source.add('inbox', { subject: 'Once' });
    let [reading, thaw] = [(): void => undefined, (): void => undefined];
    const isReading = new Promise<void>((resolve) => (reading = resolve));
    const isThawed = new Promise<void>((resolve) => (thaw = resolve));
    const { mime } = at.source;
    at.source.mime = async (...given) => {
      at.source.mime = mime;
      const bytes = await mime(...given);
      reading();
      await isThawed;
      return bytes;
    };
    const [frozen] = await claimMailboxes(at.store, 1);
    const late = runMailbox(at.services, frozen!);
    await isReading;
    at.later(2 * minute);
    expect(await at.poll()).toBe(1);
    await at.settled();
    const all = async () => {
      const { rows } = await sql`select id, state, generation from ledger_change`.execute(at.store.tables);
      return { changes: rows, items: await at.items(id), account: await at.account(id) };
    };
    const before = await all();
    expect(before).toMatchObject({ changes: [{ state: 'done' }], items: [{ state: 'tracked' }] });
    at.later(minute);
    thaw();
    expect(await late).toBeNull();
    expect(await all()).toEqual(before);
  });

  test('a page whose items cannot be written leaves its cursor where it was', async () => {
    const at = await createMailboxWorld(await open());
    at.rules.push(inbox);
    const id = await at.mailbox();
    at.source.add('inbox', { subject: 'Kept' });
    const { transaction } = at.store;
    let broken = true;
    const services = {
      ...at.services,
      store: {
        ...at.store,
        transaction: <Answer>(work: Parameters<typeof transaction<Answer>>[0]) =>
          transaction<Answer>(async (scope) => {
            const answer = await work(scope);
            if (broken && at.source.calls.includes('changes inbox')) throw new Error('The process was killed here.');
            return answer;
          }),
      },
    };
    const [claim] = await claimMailboxes(at.store, 1);
    await runMailbox(services, claim!);
    expect(await at.items(id)).toEqual([]);
    broken = false;
    at.later(2 * minute);
    await at.poll();
    await at.settled();
    expect(await at.items(id)).toMatchObject([{ subject: 'Kept', state: 'tracked' }]);
  });

  test('while the CRM is away mail is found and remembered; when it is back somebody takes it', async () => {
    const at = await createMailboxWorld(await open());
    await at.world.as(dana).create('queues', { name: 'Desk', emailaddress: 'desk@contoso.example' });
    const id = await at.mailbox();
    at.source.add('inbox', { to: 'desk@contoso.example', subject: 'Question' });
    at.crm.isAway = true;
    await at.poll();
    expect(await at.items(id)).toMatchObject([{ state: 'new', attempts: 0 }]);
    expect(await at.account(id)).toMatchObject({ state: 'ready', failures: 0 });
    at.crm.isAway = false;
    at.later(15 * minute);
    await at.poll();
    await at.settled();
    expect(await at.items(id)).toMatchObject([{ state: 'tracked', why_code: 'accepted' }]);
    const [email] = await at.emails();
    expect(email!['_acceptingentityid_value']).not.toBeNull();
  });

  test('a CRM that is away for long is asked less and less often, and its return makes the mailbox due at once', async () => {
    const database = await open();
    const at = await createMailboxWorld(database);
    await at.world.as(dana).create('queues', { name: 'Desk', emailaddress: 'desk@contoso.example' });
    const id = await at.mailbox();
    // More than one run takes: what cannot be decided about does not make it due again at once.
    for (let number = 0; number < 60; number += 1)
      at.source.add('inbox', { to: 'desk@contoso.example', subject: `Question ${number}` });
    await at.poll();
    at.crm.isAway = true;
    for (let number = 0; number < 60; number += 1) at.source.add('inbox', { to: 'desk@contoso.example' });
    const waits: number[] = [];
    for (let look = 0; look < 6; look += 1) {
      at.later((await at.account(id)).next_at! - at.now());
      expect(await at.poll()).toBe(1);
      const { next_at: next, started_at: started } = await at.account(id);
      waits.push(next! - started!);
    }
    expect(waits[0]).toBe(30 * second);
    expect(waits[2]).toBeGreaterThan(30 * second);
    expect(waits[5]).toBeGreaterThanOrEqual(120 * second);
    expect(await at.account(id)).toMatchObject({ state: 'ready', failures: 0 });
    at.crm.isAway = false;
    await makeAllDue(at.store, at.door.isBack());
    await at.poll();
    await at.settled();
    await at.poll();
    await at.settled();
    expect((await at.items(id)).filter(({ state }) => state === 'tracked')).toHaveLength(120);
  });

  test('a hot mailbox goes on behind the others', async () => {
    const at = await createMailboxWorld(await open());
    for (let number = 0; number < 120; number += 1) at.source.add('inbox', { subject: `Flood ${number}` });
    at.source.pageSize = 5;
    const hot = await at.mailbox(dana, { automatic: 'off' });
    at.later(1);
    const calm = await at.mailbox(miguel, {}, new ScriptedMailbox());
    const order: string[] = [];
    for (;;) {
      const [claim] = await claimMailboxes(at.store, 1);
      if (claim === undefined) break;
      order.push(claim.id);
      const completion = await runMailbox(at.services, claim);
      await at.store.transaction((scope) => complete(scope, [completion!]));
      at.later(1);
    }
    expect(order.slice(0, 2)).toEqual([hot, calm]);
    expect(order.length).toBeGreaterThan(3);
    expect(order.slice(2).every((id) => id === hot)).toBe(true);
    expect((await at.items(hot)).filter(({ state }) => state === 'not-tracked')).toHaveLength(120);
  });

  test('a hundred hints make one look, twenty seconds after the last; a person’s wish is at once', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox();
    await at.poll();
    const { started_at: started } = await at.account(id);
    for (let copy = 0; copy < 100; copy += 1) await makeDue(at.store, { addressFolded: dana.address }, 'hint');
    expect((await at.account(id)).next_at).toBe(started! + 20 * second);
    expect(await at.poll()).toBe(0);
    at.later(20 * second);
    expect(await at.poll()).toBe(1);
    await makeDue(at.store, { id }, 'person');
    const [claim] = await claimMailboxes(at.store, 1);
    // Comes while the mailbox is being read: it is read once more.
    await makeDue(at.store, { id }, 'person');
    const completion = await runMailbox(at.services, claim!);
    await at.store.transaction((scope) => complete(scope, [completion!]));
    expect(await at.poll()).toBe(1);
  });

  test('mail that the server did not tell of is noticed by its number, said, and the folder is read again', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox(dana, { automatic: 'off', category: false });
    at.source.add('inbox');
    await at.poll();
    at.source.add('inbox', { subject: 'Missed' });
    at.source.log.pop();
    for (const hours of [1, 1]) {
      at.later(hours * 61 * minute);
      await at.poll();
    }
    expect(await at.alerts()).toEqual(['warning mailbox gap']);
    expect((await at.items(id)).map(({ subject }) => subject)).toContain('Missed');
    for (const hours of [2, 2]) {
      at.later(hours * 61 * minute);
      await at.poll();
    }
    expect(await at.alerts()).toEqual([]);
  });

  test('what the server goes on counting and never tells of stays said until the numbers agree', async () => {
    const at = await createMailboxWorld(await open());
    await at.mailbox(dana, { automatic: 'off', category: false });
    at.source.add('inbox');
    await at.poll();
    at.source.uncounted = 2;
    const says: string[][] = [];
    for (let hour = 0; hour < 8; hour += 1) {
      at.later(61 * minute);
      await at.poll();
      says.push(await at.alerts());
    }
    expect(says.slice(2)).toEqual(Array.from({ length: 6 }, () => ['warning mailbox gap']));
    // It was read again once, and not each time.
    expect(at.source.calls.filter((call) => call === 'changes inbox').length).toBeLessThan(20);
    expect(await at.store.tables.selectFrom('mailbox_alert').select('seq').execute()).toHaveLength(1);
    at.source.uncounted = 0;
    at.later(61 * minute);
    await at.poll();
    expect(await at.alerts()).toEqual([]);
  });

  test('when nobody reads what is due for twice twelve minutes, the server says so; and no more once it is read', async () => {
    const at = await createMailboxWorld(await open());
    await at.mailbox();
    await checkSilence(at.store);
    expect(await at.alerts()).toEqual([]);
    at.later(25 * minute);
    await checkSilence(at.store);
    expect(await at.alerts()).toEqual(['error server nothing-polled']);
    await at.poll();
    await checkSilence(at.store);
    expect(await at.alerts()).toEqual([]);
  });

  test('subjects are forgotten after the days that the owner chose, what happened is not', async () => {
    const at = await createMailboxWorld(await open());
    const [short, usual] = [
      await at.mailbox(dana, { automatic: 'off', retentionDays: 3 }),
      await at.mailbox(miguel, { automatic: 'off' }),
    ];
    at.source.add('inbox', { subject: 'Secret' });
    await at.poll();
    at.later(4 * 24 * 60 * minute);
    await purgeMailboxes(at.store, 90);
    expect(await at.items(short)).toMatchObject([{ subject: null, state: 'not-tracked', why_code: 'automatic-off' }]);
    expect(await at.items(usual)).toMatchObject([{ subject: 'Secret' }]);
  });

  test('whose address was on a list is forgotten with the subject; the code of the reason stays', async () => {
    const at = await createMailboxWorld(await open());
    const id = await at.mailbox(dana, { neverTrack: ['doctor.example'], retentionDays: 3 });
    at.source.add('inbox', { from: 'my@doctor.example', subject: 'Results' });
    await at.poll();
    expect((await at.items(id))[0]!.why).toContain('my@doctor.example');
    at.later(4 * 24 * 60 * minute);
    await purgeMailboxes(at.store, 90);
    expect(await at.items(id)).toMatchObject([{ why: '{"code":"never-list"}', subject: null, facts: null }]);
  });

  test('of a mail that is forgotten nothing is said any more', async () => {
    const at = await createMailboxWorld(await open());
    const mailboxId = await at.mailbox(dana, { automatic: 'off' });
    at.source.add('inbox');
    await at.poll();
    const [item] = await at.items(mailboxId);
    const subject = { scope: 'item', mailboxId, itemSeq: item!.seq } as const;
    await raiseAlert(at.store, subject, 'error', { code: 'poison', message: 'It cannot be read.' });
    for (const [days, left] of [
      [399, ['error item poison']],
      [2, []],
    ] as const) {
      at.later(days * 24 * 60 * minute);
      await purgeMailboxes(at.store, 90);
      expect([(await at.items(mailboxId)).length, await at.alerts()]).toEqual([left.length, left]);
    }
  });
});
