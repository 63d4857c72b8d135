import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { SMTPServer } from 'smtp-server';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

type Behaviour = 'takes' | 'refuses' | 'is busy' | 'hangs up after the mail';

/** A mail server on loopback that does as it is told and keeps what it took. */
async function startMailServer() {
  const taken: string[] = [];
  const told: { behaviour: Behaviour } = { behaviour: 'takes' };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) => {
      const code = { refuses: 550, 'is busy': 451, takes: 0, 'hangs up after the mail': 0 }[told.behaviour];
      done(code === 0 ? null : Object.assign(new Error('not now'), { responseCode: code }));
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        taken.push(Buffer.concat(chunks).toString());
        if (told.behaviour === 'takes') done(null);
        else
          for (const connection of server.connections)
            (connection as unknown as { _socket: { destroy(): void } })._socket.destroy();
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return { taken, told, port, close: () => new Promise<void>((done) => server.close(() => done())) };
}

const mailServer = await startMailServer();
afterEach(() => {
  mailServer.told.behaviour = 'takes';
});
afterAll(() => mailServer.close());

const copies = (subject: string) => mailServer.taken.filter((mail) => mail.includes(`Subject: ${subject}`));

forEachEngine('Sending an e-mail', (engine) => {
  let world: World;
  let database: Database;
  let later = 0;
  const start = async (): Promise<Client> => {
    if (world !== undefined) return world.as(dana);
    database = await engine.open();
    world = await createWorld(database, {
      now: () => new Date(Date.now() + later),
      crm: {
        organisation: 'Contoso',
        firstSignIn: 'create',
        administrators: [dana.address],
        smtpUrl: `smtp://127.0.0.1:${mailServer.port}`,
      },
    });
    return world.as(dana);
  };
  beforeAll(() => {
    mailServer.taken.length = 0;
  });
  afterAll(() => world?.app.close());

  const draft = async (client: Client, subject: string, more: object = {}, sender?: string) => {
    const me = String((await client.get('WhoAmI')).body['UserId']);
    return client.create('emails', {
      subject,
      description: '<p>Hello</p>',
      email_activity_parties: [
        { 'partyid_systemuser@odata.bind': `systemusers(${sender ?? me})`, participationtypemask: 1 },
        { addressused: 'ada@fabrikam.example', participationtypemask: 2 },
      ],
      ...more,
    });
  };
  const send = (client: Client, id: string, body: object = { IssueSend: true }) =>
    client.send('POST', `emails(${id})/Microsoft.Dynamics.CRM.SendEmail`, body);
  const read = async (client: Client, id: string) => (await client.get(`emails(${id})`)).body;
  /** Asks until the e-mail is in this status. */
  const becomes = async (client: Client, id: string, statuscode: number) => {
    for (;;) {
      const row = await read(client, id);
      if (row['statuscode'] === statuscode) return row;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const nudge = async (client: Client) => becomes(client, await draftAndSend(client, 'Nudge'), 3);

  test('it leaves once, with the Message-ID and the token that its answer is found by', async () => {
    const client = await start();
    const account = await client.create('accounts', { name: 'Fabrikam', emailaddress1: 'office@fabrikam.example' });
    const contact = await client.create('contacts', { lastname: 'Bo', emailaddress1: 'bo@fabrikam.example' });
    const me = String((await client.get('WhoAmI')).body['UserId']);
    const id = await draft(client, 'Offer for the roof', {
      'regardingobjectid_account@odata.bind': `accounts(${account})`,
      email_activity_parties: [
        { 'partyid_systemuser@odata.bind': `systemusers(${me})`, participationtypemask: 1 },
        { 'partyid_contact@odata.bind': `contacts(${contact})`, participationtypemask: 2 },
        { addressused: 'secret@fabrikam.example', participationtypemask: 4 },
      ],
      email_activity_mime_attachment: [{ filename: 'offer.txt', mimetype: 'text/plain', body: btoa('4711') }],
    });
    const { TrackingToken } = (await client.send('POST', 'GetTrackingTokenEmail', { Subject: 'Offer' })).body;
    const answer = await send(client, id, { IssueSend: true, TrackingToken });
    expect([answer.status, answer.body['Subject']]).toEqual([200, `Offer for the roof ${String(TrackingToken)}`]);
    const sent = await becomes(client, id, 3);
    expect(sent).toMatchObject({
      statecode: 1,
      sender: dana.address,
      torecipients: 'bo@fabrikam.example;',
      deliveryattempts: 1,
    });
    expect(sent['senton']).not.toBeNull();
    const [copy, ...others] = copies('Offer for the roof');
    expect(others).toEqual([]);
    expect(copy).toContain(`Message-ID: ${String(sent['messageid'])}`);
    expect(copy).toContain('filename=offer.txt');
    expect(copy).not.toContain('secret@');
    const reply = await client.send('POST', 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', {
      ...incoming(`<re-${engine.engine}@fabrikam.example>`, 'bo@fabrikam.example'),
      ExtraProperties: { inreplyto: sent['messageid'] },
    });
    expect(reply.body).toMatchObject({
      _regardingobjectid_value: account,
      _correlatedactivityid_value: id,
      directioncode: false,
    });
    expect((await send(client, id)).status).toBe(400);
  });

  test('only marked as sent, nothing leaves', async () => {
    const client = await start();
    const id = await draft(client, 'By letter');
    expect((await send(client, id, { IssueSend: false })).status).toBe(200);
    expect(await read(client, id)).toMatchObject({ statuscode: 3, statecode: 1 });
    await becomes(client, await draftAndSend(client, 'After the letter'), 3);
    expect(copies('By letter')).toEqual([]);
  });

  test('refused for good it is a draft again, that says why; a person may send it again', async () => {
    const client = await start();
    mailServer.told.behaviour = 'refuses';
    const id = await draftAndSend(client, 'Refused');
    const failed = await becomes(client, id, 8);
    expect(failed).toMatchObject({ statecode: 0, alongside_senderror: expect.stringContaining('not now') });
    mailServer.told.behaviour = 'takes';
    expect((await send(client, id)).status).toBe(200);
    expect(await becomes(client, id, 3)).toMatchObject({ messageid: failed['messageid'], alongside_senderror: null });
    expect(copies('Refused')).toHaveLength(1);
  });

  test('a busy server is asked again five minutes later', async () => {
    const client = await start();
    mailServer.told.behaviour = 'is busy';
    const id = await draftAndSend(client, 'Patient');
    while ((await read(client, id))['alongside_senderror'] === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await read(client, id)).toMatchObject({ statuscode: 6, deliveryattempts: 1 });
    mailServer.told.behaviour = 'takes';
    await nudge(client);
    await becomes(client, await draftAndSend(client, 'Meanwhile'), 3);
    expect(await read(client, id)).toMatchObject({ statuscode: 6 });
    later += 6 * 60_000;
    await nudge(client);
    expect(await becomes(client, id, 3)).toMatchObject({ deliveryattempts: 2 });
    expect(copies('Patient')).toHaveLength(1);
  });

  test('where no answer came it may have arrived, so it is not sent again by itself', async () => {
    const client = await start();
    mailServer.told.behaviour = 'hangs up after the mail';
    const id = await draftAndSend(client, 'Perhaps');
    expect(await becomes(client, id, 8)).toMatchObject({
      alongside_senderror: expect.stringContaining('may have been sent'),
    });
    mailServer.told.behaviour = 'takes';
    later += 20 * 60_000;
    await becomes(client, await draftAndSend(client, 'Later'), 3);
    expect(copies('Perhaps')).toHaveLength(1);
  });

  test('a process that stopped in between leaves a mail that nobody sends twice', async () => {
    const client = await start();
    const id = await draft(client, 'Interrupted');
    const until = new Date(Date.now() + later + 60_000).toISOString().slice(0, 19);
    await sql`update email set statecode = 1, statuscode = 7, messageid = ${`<${id}@x>`}, sendinguntil = ${`${until}Z`}
      where activityid = ${id}`.execute(database.db);
    await becomes(client, await draftAndSend(client, 'Still claimed'), 3);
    expect(await read(client, id)).toMatchObject({ statuscode: 7 });
    later += 2 * 60_000;
    await nudge(client);
    expect(await becomes(client, id, 8)).toMatchObject({
      alongside_senderror: expect.stringContaining('may have been sent'),
    });
    expect(copies('Interrupted')).toEqual([]);
  });

  test('nobody sends as a colleague who does not allow it', async () => {
    const client = await start();
    const other = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    const answer = await send(client, await draft(client, 'As Miguel', {}, other));
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining(miguel.address)]);
  });

  test('bad calls are refused by name, and the draft stays one', async () => {
    const client = await start();
    const id = await draft(client, 'Untouched');
    const lonely = await client.create('emails', { subject: 'Nobody' });
    const incomingId = String(
      (
        await client.send(
          'POST',
          'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail',
          incoming(`<in-${engine.engine}@x>`, 'x@y.example'),
        )
      ).body['activityid'],
    );
    const contact = await client.create('contacts', {
      lastname: 'Quiet',
      emailaddress1: 'quiet@x.example',
      donotemail: true,
    });
    const unwanted = await draft(client, 'Unwanted', {
      email_activity_parties: [
        {
          'partyid_systemuser@odata.bind': `systemusers(${String((await client.get('WhoAmI')).body['UserId'])})`,
          participationtypemask: 1,
        },
        { 'partyid_contact@odata.bind': `contacts(${contact})`, participationtypemask: 2 },
      ],
    });
    const me = String((await client.get('WhoAmI')).body['UserId']);
    const sender = { 'partyid_systemuser@odata.bind': `systemusers(${me})`, participationtypemask: 1 };
    const recipient = { addressused: 'ada@fabrikam.example', participationtypemask: 2 };
    const twice = await draft(client, 'Two senders', { email_activity_parties: [sender, sender, recipient] });
    const backwards = await draft(client, 'Incoming', { directioncode: false });
    for (const [email, body, status, named] of [
      [twice, { IssueSend: true }, 400, 'exactly one sender'],
      [backwards, { IssueSend: true }, 400, 'incoming'],
      [id, { IssueSend: true, TrackingToken: 'x'.repeat(51) }, 400, 'TrackingToken'],
      [id, {}, 400, 'IssueSend'],
      [id, { IssueSend: 'true' }, 400, 'IssueSend'],
      [id, { IssueSend: true, TrackingToken: 7 }, 400, 'TrackingToken'],
      [id, { IssueSend: true, Twice: true }, 400, 'Twice'],
      [lonely, { IssueSend: true }, 400, 'sender'],
      [incomingId, { IssueSend: true }, 400, 'draft'],
      [unwanted, { IssueSend: true }, 400, 'Quiet'],
      ['00000000-0000-4000-8000-00000000dead', { IssueSend: true }, 404, 'dead'],
    ] as const) {
      const answer = await send(client, email, body);
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(named)]);
    }
    expect(await read(client, id)).toMatchObject({ statuscode: 1, messageid: null });
  });

  async function draftAndSend(client: Client, subject: string): Promise<string> {
    const id = await draft(client, subject);
    expect((await send(client, id)).status).toBe(200);
    return id;
  }
});

function incoming(MessageId: string, From: string): object {
  return {
    MessageId,
    Subject: 'RE: Offer',
    From,
    To: dana.address,
    Cc: '',
    Bcc: '',
    SubmittedBy: '',
    Importance: '1',
    Body: '',
    Attachments: [],
  };
}
