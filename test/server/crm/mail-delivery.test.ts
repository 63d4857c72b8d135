import { webcrypto } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { apply, type ApplyServices } from '../../../src/api/apply.ts';
import { createDataverse } from '../../../src/api/dataverse.ts';
import { createHttp } from '../../../src/api/http.ts';
import type { TrackChange } from '../../../src/model/change.ts';
import type { RegardingRef } from '../../../src/model/records.ts';
import { trackChange } from '../../sync/samples.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { createWorld, daemon, dana, miguel, type Client, type World } from '../world.ts';

interface Rows<Row> {
  value: Row[];
}

const deliver = (client: Client, MessageId: string, more: object = {}) =>
  client.send('POST', 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', {
    MessageId,
    Subject: `About ${MessageId}`,
    From: '"Lund, Søren" <soren@fabrikam.example>',
    To: miguel.address,
    Cc: '',
    Bcc: '',
    Body: '',
    ReceivedOn: '2026-11-20T08:15:00Z',
    ValidateBeforeCreate: true,
    ...more,
  });

forEachEngine('A mail that a synchronising server delivers', ({ open }) => {
  async function start() {
    const world = await createWorld(await open(), { services: [daemon.objectId] });
    const admin = world.as(dana);
    const me = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    const wants = (values: object) => admin.send('PATCH', `usersettingscollection(${me})`, values);
    await wants({ incomingemailfilteringmethod: 0 });
    const found = async (set: string, select: string, filter = 'createdon ne null') =>
      (await admin.get<Rows<Record<string, unknown>>>(`${set}?$select=${select}&$filter=${filter}`)).body.value;
    const [organisation] = await found('organizations', 'organizationid');
    const setting = (name: string, value: boolean) =>
      admin.send('PATCH', `organizations(${String(organisation!['organizationid'])})`, {
        orgdborgsettings: `<OrgSettings><${name}>${value}</${name}></OrgSettings>`,
      });
    return { world, admin, service: world.as(daemon), me, wants, found, setting };
  }

  test('is told whole, or to who prefers that by what it is known', async () => {
    const { service } = await start();
    const whole = await deliver(service, '<1@x>');
    expect(whole.body).toMatchObject({
      subject: 'About <1@x>',
      sender: 'soren@fabrikam.example',
      directioncode: false,
    });
    const path = 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail';
    const mail = { MessageId: '<1@x>', Subject: 'About <1@x>', From: 'soren@fabrikam.example', To: miguel.address };
    const given = { ...mail, ReceivedOn: '2026-11-20T08:15:00Z' };
    const known = await service.send('POST', path, given, { prefer: 'alongside.row-id' });
    expect(known.headers['preference-applied']).toBe('alongside.row-id');
    const names = Object.keys(known.body).filter((name) => !name.includes('@'));
    expect(names.sort()).toEqual([
      '_regardingobjectid_value',
      'activityid',
      'createdon',
      'messageid',
      'statecode',
      'statuscode',
    ]);
    expect([known.body['activityid'], known.body['@odata.etag']]).toEqual([
      whole.body['activityid'],
      whole.body['@odata.etag'],
    ]);
  });

  test('makes a contact or lead of a stranger only where the user who takes it wants that', async () => {
    const { service, wants, found, setting, me } = await start();
    expect((await deliver(service, '<1@x>')).body).toMatchObject({ _emailsender_value: null });
    expect(await found('contacts', 'fullname')).toEqual([]);
    await wants({ autocreatecontactonpromote: 1 });
    await setting('AutoCreateContactOnPromote', false);
    await deliver(service, '<2@x>');
    expect(await found('contacts', 'fullname')).toEqual([]);
    await setting('AutoCreateContactOnPromote', true);
    const made = await deliver(service, '<3@x>');
    const [contact, ...others] = await found('contacts', 'contactid,firstname,lastname,emailaddress1,_ownerid_value');
    expect([contact, others]).toMatchObject([
      { firstname: 'Søren', lastname: 'Lund', emailaddress1: 'soren@fabrikam.example', _ownerid_value: me },
      [],
    ]);
    expect(made.body).toMatchObject({ _emailsender_value: contact!['contactid'], _acceptingentityid_value: me });
    await wants({ autocreatecontactonpromote: 2 });
    await deliver(service, '<4@x>', { From: 'Ada Byron King <ada@fabrikam.example>', Subject: '' });
    await deliver(service, '<5@x>', { From: 'bo@fabrikam.example' });
    expect(await found('leads', 'firstname,lastname,subject')).toMatchObject([
      { firstname: 'Ada Byron', lastname: 'King', subject: 'ada@fabrikam.example' },
      { firstname: null, lastname: 'bo', subject: 'About <5@x>' },
    ]);
  });

  test.each([
    ['a list', 'stranger@x.example', 'List-Id: <news.x.example>'],
    ['a circular', 'stranger@x.example', 'Precedence: bulk'],
    ['a newsletter', 'stranger@x.example', 'List-Unsubscribe: <https://x.example/>'],
    ['an automatic answer', 'stranger@x.example', 'Auto-Submitted: auto-replied'],
    ['a machine', 'no-reply@x.example', ''],
    ['a mail server', 'MAILER-DAEMON@x.example', ''],
    ['a colleague', dana.address, ''],
    ['no address', 'nonsense', ''],
  ])('makes nobody of %s', async (_, From, headers) => {
    const { service, wants, found, admin } = await start();
    await admin.get('WhoAmI');
    await wants({ autocreatecontactonpromote: 1 });
    const delivered = await deliver(service, '<1@x>', { From, ExtraProperties: { internetmessageheaders: headers } });
    expect(delivered.status).toBe(200);
    expect(await found('contacts', 'fullname')).toEqual([]);
  });

  test('makes one contact of a stranger who writes several mails at once, and none of who left', async () => {
    const { service, wants, found, world } = await start();
    await wants({ autocreatecontactonpromote: 1 });
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => deliver(service, `<${at % 6}@x>`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await found('contacts', 'fullname')).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body['_emailsender_value'])).size).toBe(1);
    // Whose account is closed is nobody who writes, and no stranger either.
    const left = { ...miguel, objectId: crypto.randomUUID(), address: 'left@contoso.example' };
    const user = String((await world.as(left).get('WhoAmI')).body['UserId']);
    await world.as(dana).send('PATCH', `systemusers(${user})`, { isdisabled: true });
    expect((await deliver(service, '<left@x>', { From: left.address })).status).toBe(200);
    expect(await found('contacts', 'fullname')).toHaveLength(1);
  });

  test('waits in each queue that takes it, in each once', async () => {
    const { admin, service, found, setting, world } = await start();
    const queue = (name: string, incomingemailfilteringmethod = 0) =>
      admin.create('queues', { name, emailaddress: `${name}@contoso.example`, incomingemailfilteringmethod });
    const [desk, sales] = [await queue('desk'), await queue('sales')];
    await queue('answers', 1);
    const To = 'desk@contoso.example; sales@contoso.example; answers@contoso.example';
    const both = await Promise.all([1, 2, 3].map(() => deliver(service, '<1@x>', { To })));
    expect(both.map(({ status }) => status)).toEqual([200, 200, 200]);
    const items = await found('queueitems', 'title,_queueid_value,_objectid_value');
    expect(items.map((item) => item['_queueid_value']).sort()).toEqual([desk, sales].sort());
    expect(items[0]).toMatchObject({ title: 'About <1@x>', _objectid_value: both[0]!.body['activityid'] });
    // Tracked by hand first: a queue that comes later gets it only where the organisation says so.
    await world
      .as(miguel)
      .send('POST', 'emails(00000000-0000-0000-0000-000000000000)/Microsoft.Dynamics.CRM.DeliverPromoteEmail', {
        MessageId: '<2@x>',
        Subject: 'About <2@x>',
        From: 'soren@fabrikam.example',
        To,
        ReceivedOn: '2026-11-20T08:15:00Z',
      });
    await deliver(service, '<2@x>', { To });
    expect(await found('queueitems', 'title')).toHaveLength(2);
    await setting('SSSCreateAdditionalQueueItemsForAlreadyTrackedEmail', true);
    await Promise.all([1, 2].map(() => deliver(service, '<2@x>', { To })));
    expect(await found('queueitems', 'title')).toHaveLength(4);
    await setting('CreateQueueItemsForAcceptingQueueRecipients', false);
    await deliver(service, '<3@x>', { To });
    expect(await found('queueitems', 'title')).toHaveLength(4);
  });

  test('is taken by who got it unseen only if they take all, and by others of it where the organisation says so', async () => {
    const { service, admin, wants, setting } = await start();
    const mailbox = await admin.create('mailboxes', { name: 'Miguel', emailaddress: miguel.address });
    const unseen = { To: 'everybody@contoso.example' };
    expect((await deliver(service, '<1@x>', unseen)).status).toBe(400);
    expect((await deliver(service, '<1@x>', { ...unseen, SubmittedBy: miguel.address })).status).toBe(200);
    const extra = { ExtraProperties: { 'receivingmailboxid@odata.bind': `/mailboxes(${mailbox})` } };
    expect((await deliver(service, '<2@x>', { ...unseen, ...extra })).body).toMatchObject({
      _receivingmailboxid_value: mailbox,
    });
    await wants({ incomingemailfilteringmethod: 3 });
    await admin.create('contacts', { lastname: 'Lund', emailaddress1: 'soren@fabrikam.example' });
    expect((await deliver(service, '<3@x>', { ...unseen, ...extra })).status).toBe(400);
    expect((await deliver(service, '<3@x>', { To: '', Bcc: miguel.address })).status).toBe(400);
    expect((await deliver(service, '<3@x>')).status).toBe(200);
    await admin.create('queues', { name: 'desk', emailaddress: 'desk@contoso.example' });
    const toDesk = { To: 'desk@contoso.example', SubmittedBy: miguel.address };
    await setting('UseFilteringMethodOfSyncingMailboxOnlyForCorrelation', true);
    expect((await deliver(service, '<4@x>', toDesk)).status).toBe(400);
    await setting('UseFilteringMethodOfSyncingMailboxOnlyForCorrelation', false);
    expect((await deliver(service, '<4@x>', toDesk)).status).toBe(200);
  });

  test('says why to the server, and to nobody else', async () => {
    const { service, world } = await start();
    const asked = `CheckIncomingEmail(MessageId='<1@x>',Subject='x',From='a@x.example',To='${miguel.address}',Cc='',Bcc='')`;
    expect((await service.get(asked)).body['@Alongside.Acceptance']).toMatchObject({ AcceptedBy: { Filter: 'all' } });
    const person = await world.as(miguel).get(asked);
    expect(person.body).toEqual({ '@odata.context': expect.anything(), ShouldDeliver: true, ReasonCode: 0 });
  });

  // Fault F25.
  test('by pane, folder, category, filter and two mailboxes at once is one e-mail, as the person wanted it', async () => {
    const { world, admin, found, me } = await start();
    const contact = async (lastname: string, more: object = {}): Promise<RegardingRef> => ({
      table: 'contact',
      id: await admin.create('contacts', { lastname, ...more }),
      name: lastname,
    });
    const kim = await contact('Kim', { emailaddress1: 'kim@fabrikam.example' });
    const [wanted, ruled, other] = [await contact('Wanted'), await contact('Ruled'), await contact('Other')];
    for (let round = 0; round < 6; round += 1) {
      const base = mailOf(`<f25-${round}@fabrikam.example>`);
      const wish = (of: Pick<TrackChange, 'regarding' | 'accepted'>) => ({ ...base, ...of, id: crypto.randomUUID() });
      const byPane = wish({ regarding: wanted });
      const ways: [typeof dana, TrackChange][] = [
        [dana, byPane],
        [dana, wish({ regarding: ruled, accepted: 'folder-rule' })],
        [miguel, wish({ regarding: other, accepted: 'folder-rule' })],
        [dana, wish({ regarding: null })],
        [dana, wish({ regarding: null, accepted: 'automatic' })],
        [miguel, wish({ regarding: null, accepted: 'automatic' })],
      ];
      const turned = [...ways.slice(round), ...ways.slice(0, round)];
      const results = await Promise.all(turned.map(([person, change]) => carry(world, person, change)));
      expect(new Set(results.map(({ recordId }) => recordId)).size).toBe(1);
      const [row, ...more] = await found('emails', '_regardingobjectid_value', `messageid eq '${base.mail.messageId}'`);
      expect(more).toEqual([]);
      expect(row).toMatchObject({ _regardingobjectid_value: wanted.id });
      const parties = await found(
        'activityparties',
        'addressused,_partyid_value',
        `_activityid_value eq ${results[0]!.recordId}`,
      );
      expect(parties).toHaveLength(3);
      expect(parties.map((party) => party['_partyid_value'])).toEqual(expect.arrayContaining([kim.id, me]));
    }
  });
});

function mailOf(messageId: string): TrackChange {
  const change = trackChange({});
  return {
    ...change,
    mail: {
      ...change.mail,
      messageId,
      from: { name: 'Kim', address: 'kim@fabrikam.example' },
      to: [
        { name: '', address: dana.address },
        { name: '', address: miguel.address },
      ],
      cc: [],
      bcc: [],
      fingerprint: { ...change.mail.fingerprint, from: 'kim@fabrikam.example' },
    },
  };
}

/** As the ledger's worker does: again, where somebody else was at it. */
async function carry(world: World, person: typeof dana, change: TrackChange) {
  const http = createHttp({
    fetch: fetchInto(world),
    baseUrl: 'http://localhost/api/data/v9.2/',
    token: () => world.token(person),
  });
  const services: ApplyServices = {
    crm: createDataverse(http),
    digest: (bytes) => webcrypto.subtle.digest('SHA-256', bytes),
    tenantId: 'contoso',
    attachment: async () => null,
    attachmentLimit: async () => 1_000,
    note: async () => undefined,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await apply(change, services);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}
