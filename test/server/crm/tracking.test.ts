import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

const nobody = '00000000-0000-0000-0000-000000000000';

function mail(more: object = {}) {
  return {
    MessageId: '<lounge-17@fabrikam.example>',
    Subject: 'The lounge is too loud',
    From: '"Søren Lund" <soren@fabrikam.example>',
    To: 'Dana <dana@contoso.example>; miguel@contoso.example',
    Cc: 'stranger@else.example',
    Bcc: '',
    ReceivedOn: '2026-11-20T08:15:00Z',
    SubmittedBy: 'dana@contoso.example',
    Importance: '1',
    Body: '<p>Hello <b>Dana</b></p><script>alert(1)</script><img src="https://tracker.example/x.gif">',
    Attachments: [],
    ...more,
  };
}

const promote = (client: Client, more: object = {}, id = nobody) =>
  client.send('POST', `emails(${id})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`, mail(more));

interface Parties {
  email_activity_parties: { participationtypemask: number; addressused: string; _partyid_value: string | null }[];
}

forEachEngine('Tracking a mail', (engine) => {
  let world: World;
  const start = async () => (world ??= await createWorld(await engine.open()));

  test('it becomes a completed e-mail whose sender and recipients are rows of the CRM', async () => {
    const client = (await start()).as(dana);
    await (await start()).as(miguel).get('WhoAmI');
    const contactid = await client.create('contacts', {
      firstname: 'Søren',
      lastname: 'Lund',
      emailaddress2: 'SOREN@fabrikam.example',
    });
    const tracked = await promote(client, { MessageId: '<a@x>' });
    expect(tracked.status).toBe(200);
    expect(tracked.body).toMatchObject({
      statecode: 1,
      statuscode: 4,
      directioncode: false,
      sender: 'soren@fabrikam.example',
      senton: '2026-11-20T08:15:00Z',
    });
    const read = await client.get<Parties>(
      `emails(${String(tracked.body['activityid'])})?$select=subject&$expand=email_activity_parties($orderby=participationtypemask;$select=participationtypemask,addressused,_partyid_value)`,
    );
    const parties = read.body.email_activity_parties.map((party) => [
      party.participationtypemask,
      party.addressused,
      party._partyid_value !== null,
    ]);
    expect(parties).toEqual([
      [1, 'soren@fabrikam.example', true],
      [2, 'dana@contoso.example', true],
      [2, 'miguel@contoso.example', true],
      [3, 'stranger@else.example', false],
    ]);
    expect(read.body.email_activity_parties[0]?._partyid_value).toBe(contactid);
    const safe = await client.get(`emails(${String(tracked.body['activityid'])})?$select=safedescription`);
    expect(safe.body['safedescription']).toBe('<p>Hello <b>Dana</b></p><img />');
  });

  test('asked for by two people at once, it is one e-mail', async () => {
    const [one, two] = [(await start()).as(dana), (await start()).as(miguel)];
    const answers = await Promise.all(
      [one, two, one, two].map((client) => promote(client, { MessageId: '<race@x>' }, crypto.randomUUID())),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body['activityid'])).size).toBe(1);
    const rows = await one.get<{ value: unknown[] }>("emails?$select=activityid&$filter=messageid eq '<race@x>'");
    expect(rows.body.value).toHaveLength(1);
  });

  test('another mail under the same Message-ID is refused with a code of its own', async () => {
    const client = (await start()).as(dana);
    await promote(client, { MessageId: '<forged@x>' });
    const other = await promote(client, { MessageId: '<forged@x>', Subject: 'Something else' });
    expect([other.status, other.body]).toMatchObject([409, { error: { code: '0x80040333' } }]);
    expect((await promote(client, { MessageId: '<forged@x>', Subject: 'RE: The lounge is too loud' })).status).toBe(
      200,
    );
  });

  test('what was sent by a colleague is outgoing, whoever tracks it', async () => {
    const client = (await start()).as(dana);
    const tracked = await promote(client, {
      MessageId: '<out@x>',
      From: 'dana@contoso.example',
      To: 'soren@fabrikam.example',
    });
    expect(tracked.body).toMatchObject({ directioncode: true, statuscode: 3 });
  });

  test('attachments are stored, one above the limit is left out and that is said', async () => {
    const client = (await start()).as(dana);
    const [organization] = (await client.get<{ value: { organizationid: string }[] }>('organizations')).body.value;
    await client.send('PATCH', `organizations(${organization!.organizationid})`, {
      maxuploadfilesize: 10,
      blockedattachments: 'exe;bat',
    });
    const Attachments = [
      { filename: 'small.txt', mimetype: 'text/plain', body: btoa('0123456789') },
      { filename: 'large.txt', mimetype: 'text/plain', body: btoa('0123456789+') },
      { filename: 'tool.EXE', mimetype: 'text/plain', body: btoa('0') },
    ];
    const tracked = await promote(client, { MessageId: '<files@x>', Attachments });
    expect(tracked.body).toMatchObject({ attachmentcount: 1, notifications: 1 });
    const id = String(tracked.body['activityid']);
    const files = await client.get<{ value: object[] }>(
      `emails(${id})/email_activity_mime_attachment?$select=filename,filesize,body`,
    );
    expect(files.body.value).toMatchObject([{ filename: 'small.txt', filesize: 10, body: btoa('0123456789') }]);
    expect((await client.send('DELETE', `emails(${id})`)).status).toBe(204);
    const left = await client.get<{ value: object[] }>(`activitymimeattachments?$filter=_objectid_value eq ${id}`);
    expect(left.body.value).toEqual([]);
  });

  test('afterwards only what it is about may change', async () => {
    const client = (await start()).as(dana);
    const accountid = await client.create('accounts', { name: 'Fabrikam' });
    const tracked = await promote(client, {
      MessageId: '<about@x>',
      ExtraProperties: {
        '@odata.type': 'Microsoft.Dynamics.CRM.email',
        'regardingobjectid_account_email@odata.bind': `/accounts(${accountid})`,
      },
    });
    const path = `emails(${String(tracked.body['activityid'])})`;
    expect(tracked.body).toMatchObject({
      _regardingobjectid_value: accountid,
      '_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'account',
      '_regardingobjectid_value@OData.Community.Display.V1.FormattedValue': 'Fabrikam',
    });
    for (const change of [{ subject: 'Rewritten' }, { email_activity_mime_attachment: [] }])
      expect((await client.send('PATCH', path, change)).status).toBe(400);
    const changed = await client.send(
      'PATCH',
      path,
      { 'regardingobjectid_contact_email@odata.bind': null },
      { 'if-match': '*' },
    );
    expect([changed.status, changed.headers['etag']]).toEqual([204, expect.stringMatching(/^W\/"\d+"$/)]);
    expect((await client.get(path)).body['_regardingobjectid_value']).toBeNull();
  });

  test('a mail without From, To and body is tracked too', async () => {
    const client = (await start()).as(dana);
    const bare = await promote(client, {
      MessageId: '<bare@x>',
      From: '',
      To: '',
      Cc: '',
      Body: '',
      Subject: null,
      ReceivedOn: undefined,
    });
    expect([bare.status, bare.body['sender'], bare.body['subject']]).toEqual([200, '', '']);
  });

  test('an answer is about what the first mail was about', async () => {
    const client = (await start()).as(dana);
    const contactid = await client.create('contacts', { lastname: 'Ada' });
    const first = await promote(client, {
      MessageId: '<first@x>',
      ExtraProperties: { 'regardingobjectid_contact@odata.bind': `contacts(${contactid})` },
    });
    const reply = await promote(client, { MessageId: '<second@x>', ExtraProperties: { inreplyto: '<first@x>' } });
    expect(reply.body).toMatchObject({
      _regardingobjectid_value: contactid,
      _correlatedactivityid_value: first.body['activityid'],
      correlationmethod: 3,
    });
  });
});
