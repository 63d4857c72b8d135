import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, daemon, dana, miguel, type Client, type World } from '../world.ts';

const nobody = '00000000-0000-0000-0000-000000000000';
const customer = 'ada@fabrikam.example';

/** Miguel reaches nothing but his own rows; Dana administers. */
forEachEngine('Mail and the rights of who tracks it', (engine) => {
  let world: World;
  const start = async (): Promise<{ admin: Client; narrow: Client }> => {
    if (world !== undefined) return { admin: world.as(dana), narrow: world.as(miguel) };
    world = await createWorld(await engine.open());
    const [admin, narrow] = [world.as(dana), world.as(miguel)];
    const me = String((await narrow.get('WhoAmI')).body['UserId']);
    const held = await admin.get<{ value: { roleid: string }[] }>(`systemusers(${me})/systemuserroles_association`);
    for (const { roleid } of held.body.value)
      await admin.send('DELETE', `systemusers(${me})/systemuserroles_association(${roleid})/$ref`);
    const role = await admin.create('roles', { name: 'Narrow' });
    const verbs = ['Create', 'Read', 'Write', 'Append', 'AppendTo', 'Delete', 'Assign'];
    const own = ['Activity', 'Contact', 'Lead', 'Account'].flatMap((table) =>
      verbs.map((verb) => ({ PrivilegeName: `prv${verb}${table}`, Depth: 'Basic' })),
    );
    const Privileges = [...own, { PrivilegeName: 'prvReadUser', Depth: 'Global' }].filter(
      ({ PrivilegeName }) => PrivilegeName !== 'prvCreateAccount',
    );
    const given = await admin.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges });
    expect(given.status).toBeLessThan(300);
    await admin.send('POST', `systemusers(${me})/systemuserroles_association/$ref`, { '@odata.id': `roles(${role})` });
    return { admin, narrow };
  };
  const track = (client: Client, MessageId: string, extra: object = {}, more: object = {}) =>
    client.send('POST', `emails(${nobody})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`, {
      MessageId,
      Subject: `About ${MessageId}`,
      From: customer,
      To: `${dana.address};${miguel.address}`,
      Cc: '',
      Bcc: '',
      ReceivedOn: '2026-11-20T08:15:00Z',
      Body: '',
      ExtraProperties: extra,
      ...more,
    });

  test('a record that the tracker may not read is never handed down, nor named', async () => {
    const { admin, narrow } = await start();
    const account = await admin.create('accounts', { name: 'Secret merger' });
    const root = await track(admin, '<r1@x>', { 'regardingobjectid_account@odata.bind': `accounts(${account})` });
    const answer = await track(narrow, '<r2@x>', { inreplyto: '<r1@x>' });
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { correlationmethod: 3, _correlatedactivityid_value: root.body['activityid'], _regardingobjectid_value: null },
    ]);
    expect(answer.body).toMatchObject({ _alongside_suggestedactivityid_value: null });
    expect(answer.text).not.toMatch(new RegExp(`Secret|${account}|About <r1`));
    const seen = await track(admin, '<r3@x>', { inreplyto: '<r1@x>' });
    expect(seen.body).toMatchObject({ _regardingobjectid_value: account });
  });

  test('who cannot see a contact tracks an address; who can sees the person', async () => {
    const { admin, narrow } = await start();
    const hidden = await admin.create('contacts', { lastname: 'Hidden', emailaddress1: 'hidden@fabrikam.example' });
    const sender = { From: 'hidden@fabrikam.example' };
    const [theirs, ours] = [await track(narrow, '<p1@x>', {}, sender), await track(admin, '<p2@x>', {}, sender)];
    expect([theirs.body['_emailsender_value'], ours.body['_emailsender_value']]).toEqual([null, hidden]);
  });

  test('all rows that have an address are shown, with the rule that chooses one, as far as they may be read', async () => {
    const { admin, narrow } = await start();
    const mine = await narrow.create('contacts', { lastname: 'Mine', emailaddress3: 'several@fabrikam.example' });
    const lead = await admin.create('leads', {
      subject: 'x',
      lastname: 'Theirs',
      emailaddress1: 'SEVERAL@fabrikam.example',
    });
    const ask = (client: Client, list: string) =>
      client.get<{ value: unknown[] }>(`alongside_ResolveAddresses(Addresses=@a)?@a=${list}`);
    const list = '["several@fabrikam.example","none@x"]';
    const none = {
      Address: 'none@x',
      Sender: { Rule: 'nobody', Ids: [] },
      Recipient: { Rule: 'nobody', Ids: [] },
      Candidates: [],
    };
    const contact = { LogicalName: 'contact', Id: mine, Name: 'Mine', EmailColumnNumber: 3, IsActive: true };
    expect((await ask(admin, list)).body.value).toEqual([
      {
        Address: 'several@fabrikam.example',
        Sender: { Rule: 'owned-by-mailbox-owner', Ids: [lead] },
        Recipient: { Rule: 'every-match', Ids: [mine, lead] },
        Candidates: [contact, { ...contact, LogicalName: 'lead', Id: lead, Name: 'Theirs', EmailColumnNumber: 1 }],
      },
      none,
    ]);
    expect((await ask(narrow, list)).body.value).toMatchObject([
      { Sender: { Rule: 'only-match', Ids: [mine] }, Candidates: [contact] },
      none,
    ]);
    for (const wrong of ['"x"', '[1]', JSON.stringify(Array(101).fill('a@x'))])
      expect((await ask(admin, wrong)).text).toContain('Addresses');
  });

  test('a mail that a colleague keeps to themselves is still one mail, and only its id is told', async () => {
    const { admin, narrow } = await start();
    const first = await track(admin, '<k1@x>');
    const second = await track(narrow, '<k1@x>');
    expect(second.status).toBe(200);
    expect(second.body).toEqual({ '@odata.context': expect.any(String), activityid: first.body['activityid'] });
  });

  test('a lead that is hidden is not there, and one whose account may not be made stays open', async () => {
    const { admin, narrow } = await start();
    const wish = { CreateAccount: true, CreateContact: true, CreateOpportunity: false, Status: 3 };
    const qualify = (client: Client, id: string) =>
      client.send('POST', `leads(${id})/Microsoft.Dynamics.CRM.QualifyLead`, wish);
    const theirs = await admin.create('leads', { subject: 'Theirs', lastname: 'X', companyname: 'X' });
    expect([403, 404]).toContain((await qualify(narrow, theirs)).status);
    const own = await narrow.create('leads', { subject: 'Own', lastname: 'Y', companyname: 'Y' });
    const refused = await qualify(narrow, own);
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('prvCreateAccount')]);
    expect((await narrow.get(`leads(${own})`)).body).toMatchObject({ statecode: 0 });
    expect((await narrow.get<{ value: [] }>("contacts?$filter=lastname eq 'Y'")).body.value).toEqual([]);
  });

  test('duplicates that are hidden are not shown', async () => {
    const { admin, narrow } = await start();
    await admin.create('contacts', { lastname: 'Z', emailaddress1: 'z@fabrikam.example' });
    const ask = (client: Client) =>
      client.get<{ value: object[] }>(
        `RetrieveDuplicates(BusinessEntity=@e,MatchingEntityName=@n,PagingInfo=@p)?@e={"@odata.type":"Microsoft.Dynamics.CRM.contact","emailaddress1":"z@fabrikam.example"}&@n='contact'&@p={"PageNumber":1,"Count":9}`,
      );
    expect([(await ask(admin)).body.value.length, (await ask(narrow)).body.value.length]).toEqual([1, 0]);
  });

  test('who may not read e-mails is not told which are there', async () => {
    const { admin } = await start();
    await track(admin, '<known@x>');
    const visitor = { objectId: 'd0000000-0000-4000-8000-00000000000a', address: 'v@contoso.example', name: 'Visitor' };
    const guest = world.as(visitor);
    const held = `systemusers(${String((await guest.get('WhoAmI')).body['UserId'])})/systemuserroles_association`;
    for (const { roleid } of (await admin.get<{ value: { roleid: string }[] }>(held)).body.value)
      await admin.send('DELETE', `${held}(${roleid})/$ref`);
    for (const asked of [
      "CheckPromoteEmail(MessageId='<known@x>')",
      "CheckIncomingEmail(MessageId='<known@x>',Subject='x',From='a@x',To='b@x',Cc='',Bcc='')",
    ])
      expect([asked, (await guest.get(asked)).status]).toEqual([asked, 403]);
  });

  test('the daemon delivers what somebody accepts, to whom it belongs', async () => {
    const { admin, narrow } = await start();
    const service = world.as(daemon);
    const desk = await admin.create('queues', { name: 'Desk', emailaddress: 'desk@contoso.example' });
    const bo = await admin.create('contacts', { lastname: 'Bo', emailaddress1: 'bo@fabrikam.example' });
    const me = String((await narrow.get('WhoAmI')).body['UserId']);
    const deliver = (MessageId: string, To: string, extra: object = {}) =>
      service.send('POST', 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', {
        MessageId,
        Subject: `In ${MessageId}`,
        From: 'bo@fabrikam.example',
        To,
        Cc: '',
        Bcc: '',
        Body: '',
        ValidateBeforeCreate: true,
        ExtraProperties: extra,
      });
    const check = async (MessageId: string, to: string) => {
      const called = `CheckIncomingEmail(MessageId=@m,Subject=@s,From=@f,To=@t,Cc=@c,Bcc=@b)`;
      const values = { m: MessageId, s: 'x', f: 'bo@fabrikam.example', t: to, c: '', b: '' };
      const search = Object.entries(values).map(([name, value]) => `@${name}='${encodeURIComponent(value)}'`);
      const { body } = await service.get(`${called}?${search.join('&')}`);
      return [body['ShouldDeliver'], body['ReasonCode']];
    };
    expect(await check('<c1@x>', 'desk@contoso.example')).toEqual([true, 0]);
    const taken = await deliver('<c1@x>', 'desk@contoso.example');
    expect(taken.body).toMatchObject({ directioncode: false, _acceptingentityid_value: desk, _emailsender_value: bo });
    expect(await check('<c1@x>', 'desk@contoso.example')).toEqual([false, 1]);
    expect(await check('<c2@x>', 'nobody@else.example')).toEqual([false, 2]);
    expect(await check('<c2@x>', miguel.address)).toEqual([false, 3]);
    const refused = await deliver('<c2@x>', miguel.address);
    expect([refused.status, refused.body]).toMatchObject([400, { error: { code: '0x80040b05' } }]);
    const reply = await deliver('<c3@x>', miguel.address, { inreplyto: '<c1@x>' });
    expect(reply.body).toMatchObject({ _acceptingentityid_value: me, _ownerid_value: me });
    // Who is disabled receives nothing; neither does a queue that is closed, nor one for customers from a closed contact.
    await admin.send('PATCH', `systemusers(${me})`, { isdisabled: true });
    expect(await check('<c2@x>', miguel.address)).toEqual([false, 2]);
    await admin.send('PATCH', `systemusers(${me})`, { isdisabled: false });
    const clients = { name: 'Clients', emailaddress: 'clients@contoso.example', incomingemailfilteringmethod: 2 };
    const shop = await admin.create('queues', clients);
    expect(await check('<c2@x>', 'clients@contoso.example')).toEqual([true, 0]);
    await admin.send('PATCH', `contacts(${bo})`, { statecode: 1 });
    expect(await check('<c2@x>', 'clients@contoso.example')).toEqual([false, 3]);
    await admin.send('PATCH', `queues(${shop})`, { statecode: 1 });
    expect(await check('<c2@x>', 'clients@contoso.example')).toEqual([false, 2]);
    const called = await service.get("CheckIncomingEmail(MessageId='x',From='x')");
    expect([called.status, called.text]).toEqual([400, expect.stringContaining('To')]);
    expect((await deliver('<c4@x>', 'desk@contoso.example', { nonsense: 1 })).status).toBe(400);
  });
});
