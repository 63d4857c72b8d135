// A CRM that says no, or says less than ours: what has left is never lost, and one mail does not stop the others.
import { afterAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Dataverse, Row } from '../../../src/api/dataverse.ts';
import { judgeInterrupted } from '../../../src/server/mailbox/outgoing/judge.ts';
import { SourceError, type LargeMail } from '../../../src/server/mailbox/source.ts';
import { forEachEngine } from '../engines.ts';
import { dana } from '../world.ts';
import { failureOf, openOutgoingWorld, Refusal, type Outside, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;
const mebibyte = 2 ** 20;

forEachEngine('sending beside a CRM', ({ open }) => {
  let opened: Promise<OutgoingWorld> | undefined;
  /** With nothing on its way, and no mail sent. */
  const start = async () => {
    const w = await (opened ??= open().then((database) => openOutgoingWorld(database)));
    await sql`update email set statecode = 2, statuscode = 5 where statuscode in (6, 7)`.execute(w.database.db);
    Object.assign(w.items, { isHidden: false }).mails.length = 0;
    return w;
  };
  afterAll(async () => (await opened)?.world.app.close());
  /** Answers calls that begin like this in the CRM's place, or lets them through. */
  const answering = (what: (call: string) => number | undefined, calls: string[] = []): Outside => {
    return (call, when) => {
      if (when !== 'before') return;
      calls.push(call);
      const status = what(call);
      if (status !== undefined) throw new Refusal(status);
    };
  };

  test.each<[number, string | null]>([
    [401, 'unauthorized'],
    [429, 'throttled'],
    [503, 'unavailable'],
    [400, null],
    [403, null],
    [409, null],
  ])('that answers %i for one mail has all wait, or only that one (%s)', async (status, code) => {
    const w = await start();
    const first = await w.pending('First.');
    const errors: unknown[] = [];
    await w.pending('Second.');
    const outside = answering((call) =>
      call.startsWith('GET activitymimeattachments?') && call.includes(first) ? status : undefined,
    );
    const run = w.process({ outside, report: (error) => errors.push(error) }).run();
    if (code === null) {
      expect(await run).toMatchObject({ sent: 1, problems: [{ mailId: first, level: 'warning', code: 'put-off' }] });
      expect(errors).toEqual([expect.objectContaining({ facts: expect.objectContaining({ status }) })]);
    } else {
      await expect(run).rejects.toMatchObject({ code });
      expect([w.items.mails, errors]).toEqual([[], []]);
    }
    expect(await w.read(first)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    expect(await w.process().run()).toMatchObject({ sent: code === null ? 1 : 2 });
  });

  test.each<[number, string | null]>([
    [503, 'unavailable'],
    [400, null],
    [404, null],
    [412, null],
  ])('that answers %i to a claim has nothing leave', async (status, code) => {
    const w = await start();
    const id = await w.pending('Claimed.');
    const run = w.process({ outside: answering((call) => (call.startsWith('PATCH') ? status : undefined)) }).run();
    if (code !== null) await expect(run).rejects.toMatchObject({ code });
    else
      expect(await run).toMatchObject({ sent: 0, problems: status === 400 ? [{ mailId: id, code: 'put-off' }] : [] });
    expect(w.items.mails).toEqual([]);
    expect(await w.process().run()).toMatchObject({ sent: 1 });
  });

  test.each<[number, string, boolean]>([
    [400, 'refused', false],
    [403, 'forbidden', false],
    [401, 'unauthorized', true],
    [429, 'throttled', true],
    [503, 'unavailable', true],
  ])('that answers %i when it is told of the end (%s) is told again: %s', async (status, code, again) => {
    const w = await start();
    w.items.isHidden = true;
    const id = await w.pending('Left.');
    const calls: string[] = [];
    let changes = 0;
    const outside = answering((call) => {
      if (!call.startsWith('PATCH')) return undefined;
      changes += 1;
      return changes === 2 || (changes === 3 && status === 401) ? status : undefined;
    }, calls);
    const { run } = w.process({ outside });
    await expect(run()).rejects.toMatchObject({ code });
    calls.length = 0;
    expect(await run()).toEqual({ sent: 0, problems: [], stopped: null });
    expect(await w.read(id)).toMatchObject({ statuscode: again ? 3 : 7 });
    expect(calls.filter((call) => call.startsWith('PATCH'))).toHaveLength(again ? 1 : 0);
    w.later(16 * minute);
    expect((await run()).problems).toMatchObject(again ? [] : [{ mailId: id, code: 'outcome-unknown' }]);
    expect(w.copies('Left.')).toHaveLength(1);
  });

  test('that was told of the end is not told again', async () => {
    const w = await start();
    const id = await w.pending('Left.');
    const calls: string[] = [];
    const { run } = w.process({ outside: answering(() => undefined, calls) });
    expect(await run()).toMatchObject({ sent: 1 });
    calls.length = 0;
    await run();
    expect(calls.filter((call) => call.includes(id))).toEqual([]);
    // Nor are Sent Items looked through while nobody waits for a verdict.
    expect(calls.filter((call) => ['folders', 'changes'].includes(call))).toEqual([]);
  });

  test('is asked once whether it keeps reasons, and again where it did not answer', async () => {
    const w = await start();
    const asks = (call: string) => call.includes('$select=alongside_senderror');
    const calls: string[] = [];
    let answers = [503, undefined];
    const { run } = w.process({ outside: answering((call) => (asks(call) ? answers.shift() : undefined), calls) });
    const id = await w.pending('First.');
    await expect(run()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await w.read(id)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    expect([await run(), await run()]).toMatchObject([{ sent: 1 }, { sent: 0 }]);
    expect(calls.filter(asks)).toHaveLength(2);

    const other = await w.pending('Second.');
    await w.set(other, { alongside_senderror: 'as it was' });
    answers = [400];
    expect(
      await w.process({ outside: answering((call) => (asks(call) ? answers.shift() : undefined)) }).run(),
    ).toMatchObject({ sent: 1 });
    expect(await w.read(other)).toMatchObject({ statuscode: 3, alongside_senderror: 'as it was' });
  });

  test.each<[string, string, (crm: Dataverse) => Partial<Dataverse>]>([
    [
      'which version of a mail it lists',
      '@odata.etag',
      (crm) => ({ list: async (path) => (await crm.list(path)).map(without('@odata.etag')) }),
    ],
    [
      'when a claimed mail was changed',
      'modifiedon',
      (crm) => ({ list: async (path) => (await crm.list(path)).map(without('modifiedon')) }),
    ],
  ])('that does not say %s has nothing judged', async (_what, _column, less) => {
    const w = await start();
    const id = await w.pending('Claimed.');
    await w.set(id, { statuscode: 7, messageid: `<${id}@contoso.example>` });
    w.later(60 * minute);
    const crm = w.crm();
    expect(await w.process({ crm: { ...crm, ...less(crm) } }).run()).toMatchObject({ problems: [] });
    expect(await w.read(id)).toMatchObject({ statuscode: 7 });
    expect(await w.process().run()).toMatchObject({ problems: [{ mailId: id }] });
  });

  test('that does not say which version of a mail it gives has nothing sent', async () => {
    const w = await start();
    await w.pending('Which?');
    const crm = w.crm();
    const retrieve: Dataverse['retrieve'] = async (path) => {
      const row = await crm.retrieve(path);
      return row === null ? null : without('@odata.etag')(row);
    };
    expect(await w.process({ crm: { ...crm, retrieve } }).run()).toEqual({ sent: 0, problems: [], stopped: null });
    expect(await w.process().run()).toMatchObject({ sent: 1 });
  });

  test('keeps the subject under which a mail left, where that is another than its author’s', async () => {
    const w = await start();
    const claims: Row[] = [];
    const crm = w.crm();
    const update: Dataverse['update'] = (path, values, etag) => {
      if (values['statuscode'] === 7) claims.push(values);
      return crm.update(path, values, etag);
    };
    const id = await w.pending('Offer');
    await w.set(id, { trackingtoken: 'CRM:7K2M9QX4' });
    await w.pending('Plain');
    expect(await w.process({ crm: { ...crm, update } }).run()).toMatchObject({ sent: 2 });
    expect(claims.map(({ subject }) => subject)).toEqual(['Offer CRM:7K2M9QX4', undefined]);
    expect([(await w.read(id))['subject'], w.copies('Offer CRM:7K2M9QX4').length]).toEqual(['Offer CRM:7K2M9QX4', 1]);
  });

  test('of 25 MiB a mail may have as many, and no more', async () => {
    const w = await start();
    const file = { filename: 'a.bin', mimetype: 'application/pdf', body: btoa('x') };
    const send = async (filesize: number) => {
      const id = await w.pending('Large.', { email_activity_mime_attachment: [file] });
      const crm = w.crm();
      const list: Dataverse['list'] = async (path) =>
        (await crm.list(path)).map((row) => ('filesize' in row ? { ...row, filesize } : row));
      await w.process({ crm: { ...crm, list } }).run();
      const { statuscode, alongside_senderror: reason } = await w.read(id);
      return [statuscode, reason];
    };
    expect(await send(25 * mebibyte)).toEqual([3, null]);
    expect(await send(26 * mebibyte)).toEqual([8, 'The attachments have 26.0 MiB together; 25.0 MiB are possible.']);
  });

  test('by a daemon whose mailbox another reads by now gives no mail up', async () => {
    const w = await start();
    const file = { filename: 'a.txt', mimetype: 'text/plain', body: btoa('More than a byte.') };
    const id = await w.pending('Large.', { email_activity_mime_attachment: [file] });
    const outside: Outside = (call) => {
      if (call === 'check') throw new Error('The lease is over.');
    };
    await expect(w.process({ outside, mostBytes: 1 }).run()).rejects.toThrow('The lease is over.');
    expect(await w.read(id)).toMatchObject({ statuscode: 6 });
  });

  /** A mail that left, of which nobody heard. */
  const unheard = async (subject: string) => {
    const w = await start();
    const id = await w.pending(subject);
    const outside: Outside = (call, when) => {
      if (call === 'send' && when === 'after') throw failureOf(call, when);
    };
    expect(await w.process({ outside }).run()).toMatchObject({
      sent: 0,
      problems: [{ level: 'warning', code: 'outcome-unknown' }],
    });
    return { w, id };
  };

  test('and a mailbox whose clocks differ by hours: the mail in Sent Items is known, with its own time', async () => {
    const { w, id } = await unheard('Hours.');
    const left = new Date(/^Date: (.*)$/m.exec(w.copies('Hours.')[0]!)![1]!);
    w.later(23 * 60 * minute);
    await w.dana.send('PATCH', `emails(${id})`, { 'ownerid_systemuser@odata.bind': `systemusers(${w.me})` });
    const about = {
      'regardingobjectid_account_email@odata.bind': `/accounts(${await w.dana.create('accounts', { name: 'Fabrikam' })})`,
    };
    expect((await w.dana.send('PATCH', `emails(${id})`, about)).status).toBe(204);
    expect(await w.process().run()).toMatchObject({ sent: 1, problems: [] });
    const { statuscode, actualend } = await w.read(id);
    expect([statuscode, new Date(String(actualend))]).toEqual([3, left]);
  });

  test('in which somebody knows better while a mail is judged: theirs stands', async () => {
    const { w, id } = await unheard('Known.');
    w.items.isHidden = true;
    w.later(16 * minute);
    let isFirst = true;
    const outside: Outside = async (call, when) => {
      if (when !== 'before' || !call.startsWith('PATCH') || !isFirst) return;
      isFirst = false;
      await w.crm().update(`emails(${id})`, { statecode: 1, statuscode: 3 });
    };
    expect(await w.process({ outside }).run()).toEqual({ sent: 0, problems: [], stopped: null });
    expect(await w.read(id)).toMatchObject({ statuscode: 3, alongside_senderror: null });
  });

  test.each([
    ['forgotten', async () => undefined],
    ['kept by a mailbox that is away', async () => Promise.reject(new SourceError('unavailable', 'Away.'))],
  ])(
    'and gives a mail up at the very moment at which no late word counts; its large draft is %s',
    async (_what, answer) => {
      const { w, id } = await unheard('Given up.');
      w.items.isHidden = true;
      const forgotten: string[] = [];
      const forget = async (messageId: string) => {
        forgotten.push(messageId);
        return answer();
      };
      const changed = Date.parse(String((await w.read(id))['modifiedon']));
      const judgeAt = (moment: number) => {
        const source = { ...w.items.source(), large: { forget } as unknown as LargeMail };
        const services = { crm: w.crm(), source, now: () => moment, reasons: true };
        return judgeInterrupted(services, { id: w.me, address: dana.address });
      };
      expect(await judgeAt(changed + 15 * minute - 1)).toEqual([]);
      expect(forgotten).toEqual([]);
      expect(await judgeAt(changed + 15 * minute)).toMatchObject([{ id, end: { kind: 'failed' } }]);
      expect(forgotten).toEqual([`<${id}@contoso.example>`]);
    },
  );

  test('a fault of our own while Sent Items are looked through is no mailbox that is away', async () => {
    const { w, id } = await unheard('Fault.');
    w.later(7 * 60 * minute);
    const outside: Outside = (call) => {
      if (call === 'changes') throw new TypeError('x is undefined');
    };
    await expect(w.process({ outside }).run()).rejects.toThrow('x is undefined');
    expect(await w.read(id)).toMatchObject({ statuscode: 7 });
  });
});

const without = (column: string) => (row: Row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name !== column));
