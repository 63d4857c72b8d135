// What people send from the CRM with large files leaves by Graph in many requests, and once at most all the same.
import { afterAll, expect, test } from '@jest/globals';
import type { Dataverse, Row } from '../../../src/api/dataverse.ts';
import { CrmError } from '../../../src/model/errors.ts';
import { createGraphSource } from '../../../src/server/mailbox/graph/graph-source.ts';
import { openAttachment } from '../../../src/server/mailbox/outgoing/attachment-file.ts';
import { createMailSender } from '../../../src/server/mailbox/outgoing/mail-sender.ts';
import { forEachEngine } from '../engines.ts';
import { openGraphWorld, type GraphWorld } from '../graph/graph-world.ts';
import { dana } from '../world.ts';
import { mailbox, openOutgoingWorld, type Outside, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;
const recipient = 'kim@contoso.example';

type Fault = 'fails' | 'answer is lost' | 'dies before' | 'dies after';
const faults: readonly Fault[] = ['fails', 'answer is lost', 'dies before', 'dies after'];

class Death extends Error {}

/** One call to the outside goes wrong; a process that died makes no more. */
function faultAt(nth: number, fault: Fault) {
  const state = { calls: 0, isDead: false };
  const outside: Outside = (_call, when) => {
    if (state.isDead) throw new Death();
    if (when === 'before') state.calls += 1;
    if (state.calls !== nth || (when === 'before') !== (fault === 'fails' || fault === 'dies before')) return;
    state.isDead = fault.startsWith('dies');
    if (state.isDead) throw new Death();
    const code = when === 'before' ? 'ECONNREFUSED' : 'ECONNRESET';
    throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
  };
  return { state, outside };
}

const calm: Outside = () => undefined;

interface LargeWorld extends OutgoingWorld {
  readonly graph: GraphWorld;
}

/** A process of the daemon that sends through Dana's mailbox. */
function processOf(w: LargeWorld, { outside = calm, above }: { outside?: Outside; above?: number } = {}) {
  const network: typeof fetch = async (input, init) => {
    const name = `graph ${init?.method ?? 'GET'} ${new URL(input as URL).pathname.split('/').at(-1)!}`;
    await outside(name, 'before');
    const answer = await fetch(input, init);
    await outside(name, 'after');
    return answer;
  };
  const options = { ...w.graph, user: dana.address, fetch: network, now: w.now, pause: async () => undefined };
  const whole = createGraphSource(options);
  const source = { ...whole, large: { ...whole.large!, ...(above === undefined ? {} : { above }) } };
  const sender = createMailSender({ crm: w.crm(outside), now: w.now, report: () => undefined });
  return { run: () => sender.sendPending({ mailbox, source, check: async () => outside('check', 'before') }) };
}

const lying = ({ graph }: LargeWorld, owner: string, folder: string, subject: string) =>
  graph.mailboxes
    .list(owner, { folder, order: 'receiveddatetime', skip: 0, top: 1_000 })
    .filter((mail) => mail.summary.subject.startsWith(subject));

const file = (filename: string, size: number, more: object = {}) => ({
  ...{ filename, mimetype: 'application/pdf', ...more },
  body: Buffer.alloc(size, `${filename} `).toString('base64'),
});

async function pending(w: LargeWorld, subject: string, files: object[], more: object = {}): Promise<string> {
  const parties = [
    { 'partyid_systemuser@odata.bind': `systemusers(${w.me})`, participationtypemask: 1 },
    { addressused: recipient, participationtypemask: 2 },
  ];
  return w.pending(subject, { email_activity_parties: parties, email_activity_mime_attachment: files, ...more });
}

forEachEngine('large mails', ({ engine, open }) => {
  let opened: Promise<LargeWorld> | undefined;
  const start = () =>
    (opened ??= open().then(async (database) => {
      const [w, graph] = [await openOutgoingWorld(database), await openGraphWorld()];
      const later = (milliseconds: number) => {
        graph.clock.ahead += milliseconds;
        w.later(milliseconds);
      };
      return { ...w, graph, later };
    }));
  afterAll(async () => {
    const w = await opened;
    await w?.world.app.close();
    await w?.graph.close();
  });

  test('leave with their files and pictures, read block by block', async () => {
    const w = await start();
    const plan = file('plan.pdf', 9_000_000);
    const logo = { mimetype: 'image/png', attachmentcontentid: '<logo@1>' };
    const id = await pending(w, 'Plans', [plan, file('logo.png', 3_100_000, logo), file('note.txt', 12)], {
      description: '<img src="cid:logo@1">',
    });
    const calls: string[] = [];
    const outside: Outside = (call, when) => void (when === 'before' && calls.push(call.split('?')[0]!));
    expect(await processOf(w, { outside }).run()).toMatchObject({ sent: 1, problems: [] });
    expect(await w.read(id)).toMatchObject({ statuscode: 3, statecode: 1, deliveryattempts: 1 });
    const [received] = lying(w, recipient, 'inbox', 'Plans');
    const { attachments, headers } = (await w.graph.mailboxes.content(received!.key))!;
    expect(attachments.map(({ name, inline, contentId }) => ({ name, inline, contentId }))).toEqual(
      expect.arrayContaining([
        { name: 'plan.pdf', inline: false, contentId: null },
        { name: 'logo.png', inline: true, contentId: 'logo@1' },
        { name: 'note.txt', inline: false, contentId: null },
      ]),
    );
    const bytes = attachments.find(({ name }) => name === 'plan.pdf')!.bytes;
    expect(Buffer.from(bytes).toString('base64') === plan.body).toBe(true);
    const said = Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]));
    expect(said).toMatchObject({ 'message-id': `<${id}@contoso.example>`, 'x-alongside-stamp': id });
    expect(lying(w, dana.address, 'drafts', 'Plans')).toEqual([]);
    // The mail is claimed when only its leaving is left, and no file is asked for whole.
    const claim = calls.indexOf(`PATCH emails(${id})`);
    expect(calls.slice(claim + 1).filter((call) => call.startsWith('graph'))).toEqual([
      ...['graph GET messages', 'graph GET messages', 'graph POST send'],
    ]);
    expect(calls.filter((call) => call === 'POST DownloadBlock')).toHaveLength(5);
    expect(calls.filter((call) => call.startsWith('GET activitymimeattachments('))).toEqual([]);
  });

  test('are refused with a reason a person can read, where the mailbox or Graph takes none so large', async () => {
    const w = await start();
    w.graph.misbehaves.set({ largestMessage: 5_000_000 });
    const id = await pending(w, 'Too large', [file('plan.pdf', 6_000_000)]);
    expect(await processOf(w).run()).toMatchObject({ sent: 0, problems: [{ mailId: id, code: 'too-large' }] });
    const row = await w.read(id);
    expect(row).toMatchObject({ statecode: 0, statuscode: 8 });
    expect(row['alongside_senderror']).toContain('larger than this mailbox may send');
    expect(lying(w, dana.address, 'drafts', 'Too large')).toEqual([]);
    // The person chooses a smaller file.
    const { body } = await w.dana.get(`activitymimeattachments?$filter=_objectid_value eq ${id}`);
    const [attached] = body['value'] as { activitymimeattachmentid: string }[];
    await w.dana.send('DELETE', `activitymimeattachments(${attached!.activitymimeattachmentid})`);
    await w.dana.send('POST', `emails(${id})/Microsoft.Dynamics.CRM.SendEmail`, { IssueSend: true });
    w.graph.behave();
    expect(await processOf(w).run()).toMatchObject({ sent: 1 });
    expect(lying(w, recipient, 'inbox', 'Too large')).toHaveLength(1);
  });

  test('that are refused only when they are to leave stay nowhere', async () => {
    const w = await start();
    const id = await pending(w, 'At the door', [file('plan.pdf', 100)]);
    const outside: Outside = (call) => {
      if (call === 'graph POST send') w.graph.misbehaves.set({ largestMessage: 10 });
    };
    expect(await processOf(w, { outside, above: 1 }).run()).toMatchObject({ problems: [{ code: 'too-large' }] });
    expect(await w.read(id)).toMatchObject({ statuscode: 8 });
    expect(lying(w, dana.address, 'drafts', 'At the door')).toEqual([]);
    w.graph.behave();
  });

  test('that somebody changes while they are brought to the mailbox go as they are then', async () => {
    const w = await start();
    const account = await w.dana.create('accounts', { name: 'Fabrikam' });
    const id = await pending(w, 'Changed', [file('plan.pdf', 100)]);
    const about = { 'regardingobjectid_account_email@odata.bind': `/accounts(${account})` };
    const outside: Outside = async (call, when) => {
      if (call !== 'graph POST messages' || when !== 'after') return;
      expect((await w.dana.send('PATCH', `emails(${id})`, about)).status).toBe(204);
    };
    expect(await processOf(w, { outside, above: 1 }).run()).toMatchObject({ sent: 0, problems: [] });
    expect(await w.read(id)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    expect(lying(w, dana.address, 'drafts', 'Changed')).toEqual([]);
    expect(await processOf(w, { above: 1 }).run()).toMatchObject({ sent: 1 });
    expect(lying(w, recipient, 'inbox', 'Changed')).toHaveLength(1);
  });

  test('wait when Graph asks for that before they are claimed, with the try counted', async () => {
    const w = await start();
    const id = await pending(w, 'Busy', [file('plan.pdf', 100)]);
    let isBusy = true;
    const outside: Outside = (call) => {
      if (isBusy && call === 'graph POST messages') throw new TypeError('fetch failed');
    };
    const process = processOf(w, { outside, above: 1 });
    expect(await process.run()).toMatchObject({
      ...{ sent: 0, problems: [{ mailId: id, code: 'put-off' }], stopped: { code: 'unavailable' } },
    });
    expect(await w.read(id)).toMatchObject({
      statuscode: 6,
      deliveryattempts: 1,
      alongside_senderror: 'Graph did not answer.',
    });
    isBusy = false;
    expect(await process.run()).toMatchObject({ sent: 0, problems: [] });
    w.later(6 * minute);
    expect(await process.run()).toMatchObject({ sent: 1 });
    expect(await w.read(id)).toMatchObject({ statuscode: 3, deliveryattempts: 2, alongside_senderror: null });
  });

  test.each(faults)(
    'the n-th call to the outside %s',
    async (fault) => {
      const w = await start();
      const ends: string[] = [];
      // What an upload may meet has nothing to do with the database.
      const size = engine === 'sqlite' && fault === 'answer is lost' ? 3_000_100 : 100;
      for (let nth = 1; ; nth += 1) {
        const subject = `Call ${nth} ${fault}.`;
        const id = await pending(w, subject, [file('plan.pdf', size), file('note.txt', 10)]);
        const { state, outside } = faultAt(nth, fault);
        let process = processOf(w, { outside, above: 50 });
        await process.run().catch(() => undefined);
        const last = nth > state.calls;
        state.calls = Number.POSITIVE_INFINITY;
        for (let later = 0; later < 2; later += 1) {
          w.later(16 * minute);
          if (state.isDead) process = processOf(w, { above: 50 });
          await process.run();
        }
        const row = await w.read(id);
        const copies = [recipient, dana.address].map(
          (owner) => lying(w, owner, owner === recipient ? 'inbox' : 'sentitems', subject).length,
        );
        ends.push(
          `${String(row['statuscode'])} ${copies.join(' ')} ${lying(w, dana.address, 'drafts', subject).length}`,
        );
        if (row['statuscode'] === 8) expect(row['alongside_senderror']).toContain('may have been sent');
        if (last) break;
      }
      // Sent once; or it failed, and did not leave. Nothing of it stays in the drafts.
      expect(['3 1 1 0', '8 0 0 0']).toEqual(expect.arrayContaining(ends));
      expect(ends.length).toBeGreaterThan(20);
      expect(ends.at(-1)).toBe('3 1 1 0');
      // Between claim and leaving there are few calls, however many it took to bring the mail there.
      expect(ends.filter((end) => end.startsWith('8')).length).toBeLessThanOrEqual(fault === 'fails' ? 0 : 6);
    },
    400_000,
  );

  test('of two that bring the same mail one sends it, and takes away what the other left', async () => {
    const w = await start();
    for (let round = 0; round < 3; round += 1) {
      const id = await pending(w, `Two ${round}.`, [file('plan.pdf', 100)]);
      let [come, all] = [0, (): void => undefined];
      const met = new Promise<void>((resolve) => (all = resolve));
      const outside: Outside = async (call, when) => {
        if (when !== 'before' || !call.startsWith('PATCH')) return;
        if ((come += 1) === 2) all();
        await met;
      };
      const both = [processOf(w, { outside, above: 1 }), processOf(w, { outside, above: 1 })];
      const reports = await Promise.all(both.map(({ run }) => run()));
      expect(reports.map(({ sent }) => sent).sort()).toEqual([0, 1]);
      expect(lying(w, recipient, 'inbox', `Two ${round}.`)).toHaveLength(1);
      expect(lying(w, dana.address, 'drafts', `Two ${round}.`)).toEqual([]);
      expect(await w.read(id)).toMatchObject({ statuscode: 3, deliveryattempts: 1 });
    }
  });

  test('whose file is exchanged while it is read go with the new one, next time', async () => {
    const w = await start();
    const id = await pending(w, 'Exchanged', [file('plan.pdf', 9_000_000)]);
    let blocks = 0;
    const outside: Outside = async (call, when) => {
      if (call !== 'POST DownloadBlock' || when !== 'before' || (blocks += 1) !== 2) return;
      const { body } = await w.dana.get(`activitymimeattachments?$filter=_objectid_value eq ${id}&$select=filename`);
      const [attached] = body['value'] as { activitymimeattachmentid: string }[];
      const path = `activitymimeattachments(${attached!.activitymimeattachmentid})`;
      const fresh = { body: Buffer.alloc(8_000_000, 'new ').toString('base64') };
      expect((await w.dana.send('PATCH', path, fresh)).status).toBe(204);
    };
    const process = processOf(w, { outside });
    expect(await process.run()).toMatchObject({ sent: 0 });
    expect(await process.run()).toMatchObject({ sent: 1 });
    const [received, ...more] = lying(w, recipient, 'inbox', 'Exchanged');
    expect(more).toEqual([]);
    const [plan] = (await w.graph.mailboxes.content(received!.key))!.attachments;
    expect(Buffer.from(plan!.bytes).equals(Buffer.alloc(8_000_000, 'new '))).toBe(true);
    expect(lying(w, dana.address, 'drafts', 'Exchanged')).toEqual([]);
  });
});

/** A CRM that answers these actions, whatever they are asked. */
const crmOf = (answers: Record<string, () => Promise<Row>>) =>
  ({ act: (path: string) => answers[path]!() }) as unknown as Dataverse;
const opened = async () => ({ FileContinuationToken: 'token', FileSizeInBytes: 10 });

test.each([0, 9, 11])('a block of %i bytes where ten are due is no block of the file', async (size) => {
  const crm = crmOf({
    InitializeAttachmentBlocksDownload: opened,
    DownloadBlock: async () => ({ Data: Buffer.alloc(size).toString('base64') }),
  });
  const file = await openAttachment(crm, 'id', { name: 'plan.pdf', contentType: 'application/pdf', contentId: null });
  await expect(file.read(0, 10)).rejects.toMatchObject({ code: 'conflict' });
});

test('an attachment that is gone, or of which nothing can be learned, keeps its mail from leaving', async () => {
  const gone = crmOf({
    InitializeAttachmentBlocksDownload: () => Promise.reject(new CrmError('not-found', 'No.')),
  });
  const mute = crmOf({ InitializeAttachmentBlocksDownload: async () => ({}) });
  for (const crm of [gone, mute])
    await expect(
      openAttachment(crm, 'id', { name: 'plan.pdf', contentType: '', contentId: null }),
    ).rejects.toMatchObject({
      ...{ name: 'Unsendable', code: 'unreadable', message: expect.stringContaining('plan.pdf') },
    });
});
