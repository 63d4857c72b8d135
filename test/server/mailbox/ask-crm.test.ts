import { expect, test } from '@jest/globals';
import { createHttp, type Http } from '../../../src/api/http.ts';
import { createAskCrm, type AskedMail } from '../../../src/server/mailbox/rules/ask-crm.ts';
import type { SourceItem } from '../../../src/server/mailbox/source.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { createWorld, daemon, dana, miguel, type World } from '../world.ts';

const mail = (id: string, more: Partial<SourceItem> = {}): SourceItem => ({
  id,
  folderId: 'inbox',
  version: '1',
  internetMessageId: `<${id}@fabrikam.example>`,
  subject: `About ${id}`,
  from: { name: 'Bo', address: 'bo@fabrikam.example' },
  to: [{ name: 'Miguel', address: miguel.address }],
  cc: [],
  bcc: [],
  sentAt: '2026-11-20T08:00:00.000Z',
  receivedAt: '2026-11-20T08:00:01.000Z',
  sensitivity: 'normal',
  isDraft: false,
  isMarked: false,
  size: 1_000,
  headers: '',
  ...more,
});
const sent = (id: string, more: Partial<SourceItem> = {}): SourceItem =>
  mail(id, {
    from: { name: '', address: miguel.address },
    to: [{ name: '', address: 'bo@fabrikam.example' }],
    ...more,
  });
const ask = (question: AskedMail['question'], ...mails: SourceItem[]): AskedMail[] =>
  mails.map((facts) => ({ question, facts }));

forEachEngine('what the CRM is asked about mail that a daemon found', ({ open }) => {
  const reported: string[] = [];
  async function start() {
    const world = await createWorld(await open(), { services: [daemon.objectId] });
    const me = String((await world.as(miguel).get('WhoAmI')).body['UserId']);
    const bo = await world.as(dana).create('contacts', { lastname: 'Bo', emailaddress1: 'bo@fabrikam.example' });
    const known = await world
      .as(dana)
      .send('POST', 'emails(00000000-0000-0000-0000-000000000000)/Microsoft.Dynamics.CRM.DeliverPromoteEmail', {
        MessageId: '<known@x>',
        Subject: 'Known',
        From: 'bo@fabrikam.example',
        To: dana.address,
      });
    let clock = 0;
    const asking = createAskCrm({ http: httpOf(world), now: () => clock, report: ({ code }) => reported.push(code) });
    const read: string[] = [];
    const mailbox = {
      address: miguel.address,
      headersOf: async ({ id }: SourceItem) => (read.push(id), `In-Reply-To: <known@x>`),
    };
    return {
      world,
      me,
      bo,
      known: String(known.body['activityid']),
      read,
      later: () => (clock += 61_000),
      sentIsWanted: async () => {
        const { body } = await world.as(dana).get<{ value: { organizationid: string }[] }>('organizations');
        await world.as(dana).send('PATCH', `organizations(${body.value[0]!.organizationid})`, {
          orgdborgsettings: '<OrgSettings><AutoTrackSentFolderItems>true</AutoTrackSentFolderItems></OrgSettings>',
        });
      },
      asked: (mails: AskedMail[]) => asking(mailbox, mails),
      filter: (incomingemailfilteringmethod: number) =>
        world.as(dana).send('PATCH', `usersettingscollection(${me})`, { incomingemailfilteringmethod }),
    };
  }

  test('each mail is answered by itself, with who took it and what that matched', async () => {
    const { asked, me, known, filter, bo } = await start();
    const mails = ask(
      'incoming',
      mail('reply', { headers: 'References: <known@x>' }),
      mail('new'),
      mail('others', { to: [{ name: '', address: 'x@else.example' }] }),
      mail('known', { internetMessageId: '<known@x>' }),
    );
    const by = { table: 'systemuser', id: me, address: miguel.address, filter: 'replies' };
    expect(await asked(mails)).toEqual([
      { kind: 'accepted', by, match: { by: 'references', table: 'email', id: known } },
      { kind: 'not-accepted', asked: [by] },
      { kind: 'no-recipient-match' },
      { kind: 'already-there' },
    ]);
    await filter(2);
    expect(await asked(ask('incoming', mail('new')))).toMatchObject([
      { kind: 'accepted', by: { filter: 'from-customers' }, match: { by: 'sender', table: 'contact', id: bo } },
    ]);
  });

  test('a mail whose listing has no headers is read for them only where answers are wanted', async () => {
    const { asked, read, filter } = await start();
    const bare = mail('bare');
    delete (bare as { headers?: string }).headers;
    expect(await asked(ask('incoming', bare))).toMatchObject([{ kind: 'accepted', match: { by: 'in-reply-to' } }]);
    expect(read).toEqual(['bare']);
    await filter(4);
    expect(await asked(ask('incoming', bare))).toMatchObject([{ kind: 'not-accepted', asked: [{ filter: 'none' }] }]);
    expect(read).toEqual(['bare']);
  });

  test('what a mailbox got unseen counts only if its owner takes all', async () => {
    const { asked, filter } = await start();
    const list = mail('list', { to: [{ name: '', address: 'everybody@contoso.example' }] });
    expect(await asked(ask('incoming', list))).toEqual([{ kind: 'no-recipient-match' }]);
    await filter(0);
    expect(await asked(ask('incoming', list))).toMatchObject([
      { kind: 'accepted', by: { filter: 'all' }, match: null },
    ]);
  });

  test('sent mail is taken only where the organisation wants it, and then as its sender does', async () => {
    const { asked, later, sentIsWanted, known, filter, bo } = await start();
    const reply = sent('answer', { headers: 'In-Reply-To: <known@x>' });
    expect(await asked(ask('sent', reply))).toEqual([{ kind: 'sent-not-tracked' }]);
    await sentIsWanted();
    later();
    const mixed = [
      ...ask('sent', sent('new'), reply),
      ...ask('incoming', mail('new')),
      ...ask('sent', sent('known', { internetMessageId: '<known@x>' })),
    ];
    expect((await asked(mixed))?.map((answer) => answer?.kind)).toEqual([
      'not-accepted',
      'accepted',
      'not-accepted',
      'already-there',
    ]);
    expect(await asked(ask('sent', reply))).toMatchObject([
      { match: { by: 'in-reply-to', table: 'email', id: known } },
    ]);
    await filter(2);
    later();
    expect(await asked(ask('sent', sent('new')))).toMatchObject([
      { kind: 'accepted', match: { by: 'recipient', table: 'contact', id: bo } },
    ]);
    expect(await asked(ask('sent', sent('new', { to: [] })))).toMatchObject([{ kind: 'not-accepted' }]);
    await filter(0);
    later();
    expect(await asked(ask('sent', sent('new', { to: [] })))).toMatchObject([{ kind: 'accepted', match: null }]);
  });

  test('hostile mail is asked about like any other, and keeps nobody from an answer', async () => {
    const { asked, sentIsWanted } = await start();
    const crowd = Array.from({ length: 5_000 }, (_, at) => ({ name: '', address: `person-${at}@fabrikam.example` }));
    const mails = ask(
      'incoming',
      mail('quote', {
        subject: "It's \r\n\r\n--batch_alongside_each--",
        from: { name: '', address: "o'hara@x.example" },
      }),
      mail('crowd', { to: [...crowd, { name: '', address: miguel.address }] }),
      mail('headers', { headers: `References: ${'<known@x> '.repeat(20_000)}` }),
      mail('no id', { internetMessageId: null, from: { name: '', address: 'bo@fabrikam.example\r\nX: y' } }),
      mail('lone', { subject: '\ud800 half', headers: 'In-Reply-To: <known@x>' }),
    );
    expect((await asked(mails))?.map((answer) => answer?.kind)).toEqual([
      'not-accepted',
      'not-accepted',
      'accepted',
      'not-accepted',
      'accepted',
    ]);
    const half = { internetMessageId: '<\ud800@x>', to: [{ name: '', address: '\udfff@x.example' }] };
    await sentIsWanted();
    expect(await asked(ask('sent', sent('half', { ...half, headers: 'In-Reply-To: <\ud800@x>' })))).toMatchObject([
      { kind: 'not-accepted' },
    ]);
  });

  test('a CRM that does not answer now is no answer; another one is believed in its yes and no', async () => {
    const { asked, world } = await start();
    await world.app.close();
    expect(await asked(ask('incoming', mail('new')))).toBeNull();
    const plain = createAskCrm({
      http: httpSaying([
        { ShouldDeliver: true, ReasonCode: 0 },
        { ShouldDeliver: false, ReasonCode: 17 },
      ]),
      now: () => 0,
      report: () => undefined,
    });
    const mailbox = { address: miguel.address, headersOf: async () => '' };
    expect(await plain(mailbox, ask('incoming', mail('yes'), mail('no')))).toEqual([
      { kind: 'accepted', by: null, match: null },
      { kind: 'refused', reason: 17 },
    ]);
  });
});

function httpOf(world: World): Http {
  return createHttp({
    fetch: fetchInto(world),
    baseUrl: 'http://localhost/api/data/v9.2/',
    token: () => world.token(daemon),
  });
}

/** A CRM that knows the documented answers only; about e-mails it has none. */
function httpSaying(answers: readonly object[]): Http {
  const fetch = async (_: unknown, init?: RequestInit) => {
    const asked = [...(init?.body as string).matchAll(/^GET (\w+)/gm)].map(([, name]) => name);
    const bodies = asked.map((name, index) => (name === 'CheckIncomingEmail' ? answers[index] : { value: [] }));
    const parts = bodies.map(
      (body) => `--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n${JSON.stringify(body)}\r\n`,
    );
    return new Response(`${parts.join('')}--b--\r\n`, { headers: { 'content-type': 'multipart/mixed; boundary=b' } });
  };
  return createHttp({
    fetch,
    baseUrl: 'http://crm.example/',
    token: async () => 'x',
  });
}
