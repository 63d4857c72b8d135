import { afterAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import PostalMime from 'postal-mime';
import { endOf } from '../../../src/server/mailbox/outgoing/ends.ts';
import { createWaitingList } from '../../../src/server/mailbox/outgoing/waiting-list.ts';
import { SourceError, type SourceErrorCode } from '../../../src/server/mailbox/source.ts';
import { forEachEngine } from '../engines.ts';
import { daemon, dana, miguel } from '../world.ts';
import { mailbox, openOutgoingWorld, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;

forEachEngine('mail that leaves by its sender’s own mailbox', ({ open }) => {
  let opened: Promise<OutgoingWorld> | undefined;
  const start = () => (opened ??= open().then((database) => openOutgoingWorld(database)));
  afterAll(async () => (await opened)?.world.app.close());

  test('it leaves once, says all that the CRM knows, and its copy in Sent Items is the same e-mail', async () => {
    const w = await start();
    const contact = await w.dana.create('contacts', { lastname: 'Bo', emailaddress1: 'bo@fabrikam.example' });
    const parent = await w.draft('Question');
    await sql`update email set messageid = '<q2@fabrikam.example>', inreplyto = '<q1@fabrikam.example>',
      internetmessageheaders = null where activityid = ${parent}`.execute(w.database.db);
    const id = await w.draft('Offer for the roof', {
      prioritycode: 2,
      email_activity_parties: [
        { 'partyid_systemuser@odata.bind': `systemusers(${w.me})`, participationtypemask: 1 },
        { 'partyid_contact@odata.bind': `contacts(${contact})`, participationtypemask: 2 },
        { addressused: 'unknown@fabrikam.example', participationtypemask: 3 },
        { addressused: 'secret@fabrikam.example', participationtypemask: 4 },
      ],
      email_activity_mime_attachment: [{ filename: 'offer.txt', mimetype: 'text/plain', body: btoa('4711') }],
    });
    await sql`update email set parentactivityid = ${parent} where activityid = ${id}`.execute(w.database.db);
    const { TrackingToken } = (await w.dana.send('POST', 'GetTrackingTokenEmail', { Subject: 'Offer' })).body;
    await w.dana.send('POST', `emails(${id})/Microsoft.Dynamics.CRM.SendEmail`, { IssueSend: true, TrackingToken });
    const whenItLeft: unknown[] = [];
    const { run } = w.process({
      outside: async (call, when) => {
        if (call === 'send' && when === 'before') whenItLeft.push(await w.read(id));
      },
    });
    expect(await run()).toEqual({ sent: 1, problems: [], stopped: null });
    expect(await run()).toEqual({ sent: 0, problems: [], stopped: null });
    const messageid = `<${id}@contoso.example>`;
    expect(whenItLeft).toMatchObject([{ statecode: 1, statuscode: 7, messageid, deliveryattempts: 1 }]);
    const sent = await w.read(id);
    expect(sent).toMatchObject({ statecode: 1, statuscode: 3, messageid, alongside_senderror: null });
    expect([sent['senton'], sent['actualend']]).toEqual([expect.any(String), sent['senton']]);
    const [copy, ...others] = w.copies('Offer for the roof');
    expect(others).toEqual([]);
    const mail = await PostalMime.parse(Buffer.from(copy!, 'latin1'));
    expect(mail).toMatchObject({
      from: { name: dana.name, address: dana.address },
      to: [{ name: 'Bo', address: 'bo@fabrikam.example' }],
      cc: [{ address: 'unknown@fabrikam.example' }],
      bcc: [{ address: 'secret@fabrikam.example' }],
      subject: `Offer for the roof ${String(TrackingToken)}`,
      messageId: messageid,
      inReplyTo: '<q2@fabrikam.example>',
      references: '<q1@fabrikam.example> <q2@fabrikam.example>',
      html: expect.stringContaining('<p>Hello</p>'),
    });
    expect(mail.attachments.map(({ filename, content }) => [filename, text(content)])).toEqual([['offer.txt', '4711']]);
    for (const [MessageId, headers] of [
      [messageid, ''],
      ['<renamed@else.example>', `X-Alongside-Stamp: ${id}`],
    ] as const) {
      const { body } = await w.dana.send('POST', 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', {
        ...sentCopy(MessageId, String(sent['subject']), mail.date!),
        ExtraProperties: { internetmessageheaders: headers },
      });
      expect(body['activityid']).toBe(id);
    }
    const rows = await w.dana.get<{ value: unknown[] }>(`emails?$filter=startswith(subject,'Offer for the roof')`);
    expect(rows.body.value).toHaveLength(1);
  });

  test('only the mailbox of the sender sends it, from the address that it names', async () => {
    const w = await start();
    await w.world.as(miguel).get('WhoAmI');
    const from = (more: object) => [
      { 'partyid_systemuser@odata.bind': `systemusers(${w.me})`, participationtypemask: 1, ...more },
      { addressused: 'ada@fabrikam.example', participationtypemask: 2 },
    ];
    const other = await w.pending('By another address', {
      email_activity_parties: from({ addressused: 'sales@contoso.example' }),
    });
    const { sender, run } = w.process();
    const his = { address: miguel.address, owner: miguel.objectId, queueId: null };
    const hers = await w.pending('Hers');
    const none = { sent: 0, problems: [], stopped: null };
    const check = async () => undefined;
    expect(await sender.sendPending({ mailbox: his, source: w.items.source(), check })).toEqual(none);
    const stranger = { ...his, owner: '00000000-0000-4000-8000-00000000dead' };
    expect(await sender.sendPending({ mailbox: stranger, source: w.items.source(), check })).toEqual(none);
    expect(
      await sender.sendPending({ mailbox: { ...his, owner: `x' or 1 eq 1` }, source: w.items.source(), check }),
    ).toEqual(none);
    expect(await w.read(hers)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    expect(await run()).toMatchObject({ sent: 1 });
    expect(await w.read(other)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    const waiting = createWaitingList(w.crm(), w.now);
    expect(await waiting.look()).toEqual([{ owner: dana.objectId, queueId: null, address: 'sales@contoso.example' }]);
    expect([waiting.has(mailbox), waiting.has({ ...mailbox, address: 'Sales@contoso.example' })]).toEqual([
      false,
      true,
    ]);
    await sql`update email set statecode = 2, statuscode = 5 where activityid = ${other}`.execute(w.database.db);
  });

  test('a queue sends by its own mailbox', async () => {
    const w = await start();
    const queue = await w.dana.create('queues', { name: 'Service', emailaddress: 'service@contoso.example' });
    const id = await w.pending('From the queue', {
      email_activity_parties: [
        { 'partyid_queue@odata.bind': `queues(${queue})`, participationtypemask: 1 },
        { addressused: 'ada@fabrikam.example', participationtypemask: 2 },
      ],
    });
    const { sender } = w.process();
    const waiting = createWaitingList(w.crm(), w.now);
    expect(await waiting.look()).toEqual([{ owner: null, queueId: queue, address: 'service@contoso.example' }]);
    const service = { address: 'service@contoso.example', owner: dana.objectId, queueId: queue };
    expect([waiting.has(service), waiting.has({ ...service, queueId: null })]).toEqual([true, false]);
    await sender.sendPending({ mailbox: service, source: w.items.source(), check: async () => undefined });
    expect(await w.read(id)).toMatchObject({ statuscode: 3 });
    expect(w.copies('From the queue')[0]).toContain('From: Service <service@contoso.example>');
    expect(await waiting.look()).toEqual([]);
  });

  test.each<[SourceErrorCode, number, number, boolean]>([
    ['unavailable', 6, 1, true],
    ['throttled', 6, 1, true],
    ['unauthorized', 6, 1, true],
    ['forbidden', 6, 1, true],
    ['not-found', 8, 0, true],
    ['cursor-lost', 8, 0, false],
    ['refused', 8, 0, false],
    ['too-large', 8, 0, false],
    ['unknown-outcome', 7, 1, false],
  ])('a mailbox that says %s leaves it in status %i', async (code, statuscode, statecode, isStopped) => {
    const w = await start();
    const id = await w.pending(`Says ${code}`);
    const { run } = w.process({
      outside: (call, when) => {
        if (call === 'send' && when === 'before')
          throw new SourceError(code, `It says ${code}.`, { retryAfter: 20 * minute });
      },
    });
    const { stopped, problems } = await run();
    expect(stopped?.code).toBe(isStopped ? code : undefined);
    expect(problems).toMatchObject([{ mailId: id, message: `It says ${code}.` }]);
    const row = await w.read(id);
    expect(row).toMatchObject({ statuscode, statecode, deliveryattempts: 1 });
    if (statuscode !== 7) expect(row['alongside_senderror']).toBe(`It says ${code}.`);
    if (statuscode === 6) {
      w.later(19 * minute);
      expect(await w.process().run()).toMatchObject({ sent: 0 });
      w.later(2 * minute);
      expect(await w.process().run()).toMatchObject({ sent: 1 });
      expect(await w.read(id)).toMatchObject({ statuscode: 3, deliveryattempts: 2, alongside_senderror: null });
    }
    if (statuscode === 7) {
      w.later(16 * minute);
      expect(await w.process().run()).toMatchObject({ sent: 0, problems: [{ mailId: id, code: 'outcome-unknown' }] });
      expect(await w.read(id)).toMatchObject({
        statuscode: 8,
        alongside_senderror: expect.stringContaining('may have been sent'),
      });
    }
    w.later(24 * 60 * minute);
    expect(await w.process().run()).toMatchObject({ sent: 0, problems: [] });
    expect(w.copies(`Says ${code}`)).toHaveLength(statuscode === 6 ? 1 : 0);
  });

  test('what cannot become a mail fails with a reason that says what to do, and the next one goes', async () => {
    const w = await start();
    const large = await w.pending('Large', {
      email_activity_mime_attachment: [
        { filename: 'a.bin', mimetype: 'application/pdf', body: btoa('x'.repeat(600)) },
        { filename: 'b.bin', mimetype: 'application/pdf', body: btoa('x'.repeat(600)) },
      ],
    });
    await w.pending('Small');
    const report = await w.process({ mostBytes: 1_000 }).run();
    expect(report).toMatchObject({ sent: 1, problems: [{ mailId: large, level: 'error', code: 'too-large' }] });
    expect(await w.read(large)).toMatchObject({
      statecode: 0,
      statuscode: 8,
      alongside_senderror: expect.stringContaining('MiB'),
    });
    expect(w.copies('Large')).toEqual([]);
    // A person made it smaller, or asks a mailbox that takes more.
    await w.dana.send('POST', `emails(${large})/Microsoft.Dynamics.CRM.SendEmail`, { IssueSend: true });
    expect(await w.process().run()).toMatchObject({ sent: 1 });
  });

  test('only SendEmail makes a mail ready, and only a synchronising server moves it on', async () => {
    const w = await start();
    const draft = await w.draft('By hand');
    const me = w.world.as(dana);
    const it = w.world.as(daemon);
    for (const statuscode of [6, 7])
      for (const client of [me, it]) {
        const change = await client.send('PATCH', `emails(${draft})`, { statecode: 1, statuscode });
        expect([change.status, change.text]).toEqual([400, expect.stringContaining('SendEmail')]);
        expect((await client.send('POST', 'emails', { subject: 'New', statecode: 1, statuscode })).status).toBe(400);
      }
    const id = await w.pending('Step by step');
    const step = async (client: typeof me, values: object) =>
      (await client.send('PATCH', `emails(${id})`, values)).status;
    expect(await step(me, { statuscode: 7 })).toBe(400);
    expect(await step(me, { statecode: 0, statuscode: 8 })).toBe(400);
    expect(await step(it, { statuscode: 2 })).toBe(400);
    expect(await step(it, { statuscode: 7, description: 'Something else' })).toBe(400);
    expect(await step(it, { statuscode: 7, deliveryattempts: 1 })).toBe(204);
    expect(await step(it, { statuscode: 3, subject: 'Something else' })).toBe(400);
    expect(await step(me, { statuscode: 3 })).toBe(400);
    expect(await step(it, { statuscode: 3 })).toBe(204);
    expect(await step(it, { statuscode: 6 })).toBe(400);
    expect(await w.read(id)).toMatchObject({ statuscode: 3, senton: expect.any(String) });
  });
});

test('a mailbox that stays away is asked less and less often, and given up after a day', () => {
  let [at, attempt] = [0, 1];
  const waits: number[] = [];
  for (;;) {
    const end = endOf(new SourceError('unavailable', 'Away.'), attempt, at);
    if (end.kind !== 'put-off') break;
    waits.push((end.at - at) / minute);
    [at, attempt] = [end.at, attempt + 1];
  }
  expect(waits.slice(0, 6)).toEqual([5, 10, 20, 40, 60, 60]);
  expect([at > 22 * 60 * minute, at < 26 * 60 * minute]).toEqual([true, true]);
});

test('of a mail whose hand-over broke in a way that nobody foresaw, nobody knows whether it left', () => {
  expect(endOf(new TypeError('x is undefined'), 1, 0)).toEqual({ kind: 'unknown', reason: 'x is undefined' });
  expect(endOf('odd', 1, 0)).toEqual({ kind: 'unknown', reason: 'odd' });
  expect(endOf(new SourceError('refused', 'x'.repeat(5_000)), 1, 0)).toMatchObject({ reason: 'x'.repeat(400) });
});

const text = (content: ArrayBuffer | Uint8Array | string) =>
  typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString();

function sentCopy(MessageId: string, Subject: string, sentAt: string): object {
  const rest = {
    Cc: '',
    Bcc: '',
    SubmittedBy: dana.address,
    Importance: '1',
    Body: '',
    Attachments: [],
    ReceivedOn: sentAt,
  };
  return { MessageId, Subject, From: dana.address, To: 'bo@fabrikam.example', ...rest };
}
