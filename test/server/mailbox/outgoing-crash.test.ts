// Mail is sent once at most, whatever goes wrong and whoever else is at it.
import { afterAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { forEachEngine } from '../engines.ts';
import { failureOf, openOutgoingWorld, type Outside, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;

type Fault = 'fails' | 'answer is lost' | 'dies before' | 'dies after';
const faults: readonly Fault[] = ['fails', 'answer is lost', 'dies before', 'dies after'];

class Death extends Error {}

/** One call to the outside goes wrong; a process that died makes no more. */
function faultAt(nth: number, fault: Fault) {
  const state = { calls: 0, isDead: false };
  const outside: Outside = (call, when) => {
    if (state.isDead) throw new Death();
    if (when === 'before') state.calls += 1;
    if (state.calls !== nth) return;
    const isNow = (when === 'before') === (fault === 'fails' || fault === 'dies before');
    if (!isNow) return;
    state.isDead = fault.startsWith('dies');
    throw state.isDead ? new Death() : failureOf(call, when);
  };
  return { state, outside };
}

/** Resolves for everybody when so many have come. */
function meeting(of: number): () => Promise<void> {
  let [come, all] = [0, (): void => undefined];
  const met = new Promise<void>((resolve) => (all = resolve));
  return () => {
    if ((come += 1) === of) all();
    return met;
  };
}

forEachEngine('sending once', ({ open }) => {
  let opened: Promise<OutgoingWorld> | undefined;
  const start = async () => {
    const w = await (opened ??= open().then((database) => openOutgoingWorld(database)));
    Object.assign(w.items, { isHidden: false, renames: false });
    return w;
  };
  afterAll(async () => (await opened)?.world.app.close());
  const resend = (w: OutgoingWorld, id: string) =>
    w.dana.send('POST', `emails(${id})/Microsoft.Dynamics.CRM.SendEmail`, { IssueSend: true });

  test.each<[Fault, boolean]>([
    ...faults.map((fault): [Fault, boolean] => [fault, false]),
    ['answer is lost', true],
    ['dies after', true],
  ])(
    'the n-th call to the outside %s (Sent Items hidden: %s)',
    async (fault, isHidden) => {
      const w = await start();
      w.items.isHidden = isHidden;
      const ends: string[] = [];
      for (let nth = 1; ; nth += 1) {
        const subject = `Call ${nth} ${fault} ${String(isHidden)}.`;
        const id = await w.pending(subject);
        const { state, outside } = faultAt(nth, fault);
        let process = w.process({ outside });
        await process.run().catch(() => undefined);
        const last = nth > state.calls;
        state.calls = Number.POSITIVE_INFINITY;
        for (let later = 0; later < 2; later += 1) {
          w.later(16 * minute);
          if (state.isDead) process = w.process();
          await process.run();
        }
        const row = await w.read(id);
        const copies = w.copies(subject).length;
        ends.push(`${String(row['statuscode'])} ${copies}`);
        if (row['statuscode'] === 8) expect(row['alongside_senderror']).toContain('may have been sent');
        if (last) break;
      }
      const possible = ['3 1', '8 0', ...(isHidden ? ['8 1'] : [])];
      expect(possible).toEqual(expect.arrayContaining(ends));
      expect(ends.length).toBeGreaterThan(10);
      expect(ends.at(-1)).toBe('3 1');
      // Whatever fails before the claim costs nothing but time.
      expect(ends.filter((end) => end.startsWith('8')).length).toBeLessThanOrEqual(fault === 'fails' ? 0 : 4);
    },
    300_000,
  );

  test('of two that read the same mail one sends it', async () => {
    const w = await start();
    for (let round = 0; round < 3; round += 1) {
      const id = await w.pending(`Two ${round}.`);
      const meet = meeting(2);
      const outside: Outside = async (call, when) => {
        if (when === 'before' && call.startsWith('PATCH')) await meet();
      };
      const reports = await Promise.all([w.process({ outside }).run(), w.process({ outside }).run()]);
      expect(reports.map(({ sent }) => sent).sort()).toEqual([0, 1]);
      expect(w.copies(`Two ${round}.`)).toHaveLength(1);
      expect(await w.read(id)).toMatchObject({ statuscode: 3, deliveryattempts: 1 });
    }
  });

  test('who slept over the claim does not send, and takes it from nobody', async () => {
    const w = await start();
    const id = await w.pending('Slept.');
    let checks = 0;
    const [asleep, awake, atSend, go] = [meeting(2), meeting(2), meeting(2), meeting(2)];
    const sleeper: Outside = async (call) => {
      if (call !== 'check' || (checks += 1) !== 2) return;
      await asleep();
      await awake();
    };
    const other: Outside = async (call, when) => {
      if (call !== 'send' || when !== 'before') return;
      await atSend();
      await go();
    };
    const sleeping = w.process({ outside: sleeper }).run();
    await asleep();
    w.later(20 * minute);
    expect(await w.process().run()).toMatchObject({ problems: [{ mailId: id, code: 'outcome-unknown' }] });
    expect((await resend(w, id)).status).toBe(200);
    const sending = w.process({ outside: other }).run();
    await atSend();
    await awake();
    expect(await sleeping).toMatchObject({ sent: 0 });
    expect(await w.process().run()).toMatchObject({ sent: 0 });
    await go();
    expect(await sending).toMatchObject({ sent: 1 });
    expect(w.copies('Slept.')).toHaveLength(1);
    expect(await w.read(id)).toMatchObject({ statuscode: 3 });
  });

  test('who slept a little lets the mail go, and it is sent next time', async () => {
    const w = await start();
    const id = await w.pending('Dozed.');
    let checks = 0;
    const outside: Outside = (call) => {
      if (call === 'check' && (checks += 1) === 2) w.later(3 * minute);
    };
    expect(await w.process({ outside }).run()).toMatchObject({ sent: 0, problems: [{ code: 'put-off' }] });
    expect(await w.read(id)).toMatchObject({ statuscode: 6 });
    expect(await w.process().run()).toMatchObject({ sent: 1 });
    expect(w.copies('Dozed.')).toHaveLength(1);
  });

  test.each([1, 2])('a mailbox that was lost at check %i is another process’s to send', async (nth) => {
    const w = await start();
    const id = await w.pending(`Lost ${nth}.`);
    let checks = 0;
    const outside: Outside = (call) => {
      if (call === 'check' && (checks += 1) === nth) throw new Error('The lease is over.');
    };
    await expect(w.process({ outside }).run()).rejects.toThrow('The lease is over.');
    expect(await w.read(id)).toMatchObject({ statuscode: 6 });
    expect(await w.process().run()).toMatchObject({ sent: 1 });
    expect(w.copies(`Lost ${nth}.`)).toHaveLength(1);
  });

  test('that it was sent is said over what others made of it meanwhile', async () => {
    const w = await start();
    w.items.isHidden = true;
    const given = await w.pending('Given up.');
    const outside: Outside = async (call, when) => {
      if (call !== 'send' || when !== 'after') return;
      w.later(20 * minute);
      await w.process().run();
      expect(await w.read(given)).toMatchObject({ statecode: 0, statuscode: 8 });
      await resend(w, given);
    };
    expect(await w.process({ outside }).run()).toMatchObject({ sent: 1 });
    expect(await w.process().run()).toMatchObject({ sent: 0 });
    expect(await w.read(given)).toMatchObject({ statecode: 1, statuscode: 3, senton: expect.any(String) });
    expect(w.copies('Given up.')).toHaveLength(1);
  });

  test('somebody says what it is about while it leaves', async () => {
    const w = await start();
    const account = await w.dana.create('accounts', { name: 'Fabrikam' });
    const id = await w.pending('About.');
    const outside: Outside = async (call, when) => {
      if (call !== 'send' || when !== 'before') return;
      const about = { 'regardingobjectid_account_email@odata.bind': `/accounts(${account})` };
      expect((await w.dana.send('PATCH', `emails(${id})`, about)).status).toBe(204);
    };
    expect(await w.process({ outside }).run()).toMatchObject({ sent: 1 });
    expect(await w.read(id)).toMatchObject({ statuscode: 3, _regardingobjectid_value: account });
  });

  test('a CRM that is away after the mail left hears of it later, also where nothing else could tell', async () => {
    const w = await start();
    w.items.isHidden = true;
    const id = await w.pending('Untold.');
    let isAway = false;
    const outside: Outside = (call, when) => {
      if (call === 'send' && when === 'after') isAway = true;
      if (isAway && call !== 'send') throw new TypeError('fetch failed');
    };
    const { run } = w.process({ outside });
    await expect(run()).rejects.toMatchObject({ code: 'offline' });
    w.later(60 * minute);
    await expect(run()).rejects.toMatchObject({ code: 'offline' });
    expect(await w.read(id)).toMatchObject({ statuscode: 7 });
    isAway = false;
    await run();
    expect(await w.read(id)).toMatchObject({ statuscode: 3, statecode: 1 });
    expect(w.copies('Untold.')).toHaveLength(1);
  });

  test('a mail in Sent Items under an id of the server’s own proves that it went out', async () => {
    const w = await start();
    w.items.renames = true;
    const id = await w.pending('Renamed.');
    const { outside } = faultAt(Number.POSITIVE_INFINITY, 'fails');
    const lost: Outside = (call, when) => {
      if (call === 'send' && when === 'after') throw failureOf(call, when);
      return outside(call, when);
    };
    expect(await w.process({ outside: lost }).run()).toMatchObject({ sent: 0 });
    expect(await w.read(id)).toMatchObject({ statuscode: 7 });
    expect(await w.process().run()).toMatchObject({ sent: 1, problems: [] });
    expect(await w.read(id)).toMatchObject({ statuscode: 3 });
  });

  test('what another sender of this CRM has claimed is judged by that one alone', async () => {
    const w = await start();
    const id = await w.pending('Theirs.');
    await sql`update email set statuscode = 7, messageid = '<theirs@else.example>' where activityid = ${id}`.execute(
      w.database.db,
    );
    w.later(24 * 60 * minute);
    expect(await w.process().run()).toMatchObject({ sent: 0, problems: [] });
    expect(await w.read(id)).toMatchObject({ statuscode: 7 });
    await sql`update email set statecode = 2, statuscode = 5 where activityid = ${id}`.execute(w.database.db);
  });
});

forEachEngine('a mail server of the CRM beside mailboxes', ({ open }) => {
  test('it leaves alone what the sender’s own mailbox sends, until that is switched off', async () => {
    const w = await openOutgoingWorld(await open(), 'smtp://127.0.0.1:1');
    const box = await w.dana.create('mailboxes', {
      name: 'Dana',
      emailaddress: 'dana@contoso.example',
      outgoingemaildeliverymethod: 2,
      'regardingobjectid_systemuser@odata.bind': `systemusers(${w.me})`,
    });
    const queue = await w.dana.create('queues', { name: 'Service', emailaddress: 'service@contoso.example' });
    const by = (sender: object) => ({
      email_activity_parties: [
        { ...sender, participationtypemask: 1 },
        { addressused: 'ada@fabrikam.example', participationtypemask: 2 },
      ],
    });
    const hers = await w.pending('By mailbox.');
    const triedIsTold = async (id: string) => {
      while ((await w.read(id))['alongside_senderror'] === null)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await triedIsTold(await w.pending('By server.', by({ 'partyid_queue@odata.bind': `queues(${queue})` })));
    expect(await w.read(hers)).toMatchObject({ statuscode: 6, deliveryattempts: 0, alongside_senderror: null });
    expect(await w.process().run()).toMatchObject({ sent: 1 });
    await w.dana.send('PATCH', `mailboxes(${box})`, { outgoingemaildeliverymethod: 0 });
    await triedIsTold(await w.pending('By server after all.'));
    await w.world.app.close();
  });
});
