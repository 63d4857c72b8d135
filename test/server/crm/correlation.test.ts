import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

const customer = 'ada@fabrikam.example';
const nobody = '00000000-0000-0000-0000-000000000000';

interface Letter {
  id: string;
  from?: string;
  to?: string;
  cc?: string;
  subject?: string;
  /** In-Reply-To */
  answers?: string;
  references?: string[];
  index?: string;
  about?: string;
  on?: string;
}

/** Tracks a mail. @returns its row */
async function track(client: Client, letter: Letter) {
  const { id, from = customer, to = 'dana@contoso.example', cc = '', subject = `About ${id}`, answers, index } = letter;
  const headers = letter.references === undefined ? {} : { References: letter.references.join('\r\n ') };
  const answer = await client.send('POST', `emails(${nobody})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`, {
    MessageId: id,
    Subject: subject,
    From: from,
    To: to,
    Cc: cc,
    Bcc: '',
    ReceivedOn: letter.on ?? '2026-11-20T08:15:00Z',
    Body: '',
    ExtraProperties: {
      internetmessageheaders: JSON.stringify(headers),
      ...(answers === undefined ? {} : { inreplyto: answers }),
      ...(index === undefined ? {} : { conversationindex: index }),
      ...(letter.about === undefined ? {} : { 'regardingobjectid_account@odata.bind': `accounts(${letter.about})` }),
    },
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.body;
}

/** What became of it: rule, regarding record, what is suggested. */
const joined = (row: Record<string, unknown>) => [
  row['alongside_correlationrule@OData.Community.Display.V1.FormattedValue'],
  row['_regardingobjectid_value'],
  row['alongside_suggestionrule@OData.Community.Display.V1.FormattedValue'],
];
const stranger = 'The sender was not on the e-mail that is answered';

forEachEngine('Correlation', (engine) => {
  let world: World;
  let database: Database;
  let account: string;
  let other: string;
  const start = async (): Promise<Client> => {
    if (world !== undefined) return world.as(dana);
    database = await engine.open();
    world = await createWorld(database);
    const client = world.as(dana);
    await world.as(miguel).get('WhoAmI');
    account = await client.create('accounts', { name: 'Fabrikam' });
    other = await client.create('accounts', { name: 'Litware' });
    return client;
  };

  test('a thread is the same thread in every order of arrival', async () => {
    const client = await start();
    const thread: Letter[] = [
      { id: 'a' },
      { id: 'b', answers: 'a' },
      { id: 'c', answers: 'b', references: ['a', 'b'] },
      { id: 'd', references: ['a', 'b', 'c'] },
      { id: 'e', answers: 'never-tracked', references: ['a', 'never-tracked'] },
      { id: 'f', answers: 'unseen' },
      { id: 'g', references: ['unseen'] },
      { id: 'h', answers: 'f', references: ['b', 'f'] },
    ];
    const expected = { a: null, b: 'a', c: 'b', d: 'c', e: 'a', f: null, g: null, h: 'f' };
    const random = seeded(20);
    for (let round = 0; round < 20; round += 1) {
      const name = (id: string) => `<${id}.${round}@x>`;
      const order = [...thread].sort(() => random() - 0.5);
      for (const letter of order) {
        await track(client, {
          id: name(letter.id),
          ...(letter.answers === undefined ? {} : { answers: name(letter.answers) }),
          ...(letter.references === undefined ? {} : { references: letter.references.map(name) }),
        });
      }
      const { rows } = await sql<{ mail: string; parent: string | null; thread: string }>`
        select e.messageid as mail, p.messageid as parent, e.conversationtrackingid as thread from email as e
        left join email as p on p.activityid = e.correlatedactivityid where e.messageid like ${`%.${round}@x>`}`.execute(
        database.db,
      );
      const short = (id: string | null) => (id === null ? null : id.slice(1, 2));
      const joins = Object.fromEntries(rows.map(({ mail, parent }) => [String(short(mail)), short(parent)] as const));
      expect({ order: order.map(({ id }) => id).join(''), joins }).toMatchObject({ joins: expected });
      expect(new Set(rows.map(({ thread: each }) => each)).size).toBe(1);
    }
  }, 60_000);

  test('mails of one thread that are tracked at the same moment find each other', async () => {
    const client = await start();
    for (let round = 0; round < 5; round += 1) {
      const name = (id: number) => `<now${round}.${id}@now>`;
      const chain = [0, 1, 2, 3, 4, 5].map((id) =>
        track(client, { id: name(id), ...(id === 0 ? {} : { answers: name(id - 1) }) }),
      );
      await Promise.all(chain);
      const { rows } = await sql<{ parents: number; threads: number }>`
        select count(correlatedactivityid) as parents, count(distinct conversationtrackingid) as threads
        from email where messageid like ${`<now${round}.%`}`.execute(database.db);
      expect(rows.map((row) => [Number(row.parents), Number(row.threads)])).toEqual([[5, 1]]);
    }
  }, 60_000);

  test('the nearest ancestor hands down its record; another one further up is offered', async () => {
    const client = await start();
    await track(client, { id: '<n1@x>', about: other });
    const near = await track(client, { id: '<n2@x>', answers: '<n1@x>', about: account });
    expect(near['_regardingobjectid_value']).toBe(account);
    const answer = await track(client, { id: '<n3@x>', answers: '<n2@x>', references: ['<n1@x>', '<n2@x>'] });
    expect(joined(answer)).toEqual(['In-Reply-To', account, 'An earlier e-mail is about another record']);
    expect(answer['_correlatedactivityid_value']).toBe(near['activityid']);
    const late = await track(client, { id: '<n0@x>' });
    await track(client, { id: '<n5@x>', answers: '<n4@x>', about: account });
    expect(joined(late)).toEqual(['None', null, 'None']);
    expect(joined(await track(client, { id: '<n4@x>' }))).toEqual(['None', null, 'Its answers were tracked before']);
  });

  test('a stranger who names a mail, or quotes its token, gets no record', async () => {
    const client = await start();
    const token = (await client.send('POST', 'GetTrackingTokenEmail', { Subject: 'Hello' })).body['TrackingToken'];
    expect(token).toMatch(/^CRM:[0-9A-Z]{8}$/);
    await track(client, { id: '<s1@x>', about: account, subject: `Offer ${String(token)}` });
    const forged = { from: 'mallory@evil.example', cc: customer };
    expect(joined(await track(client, { id: '<s2@x>', answers: '<s1@x>', ...forged }))).toEqual([
      'In-Reply-To',
      null,
      stranger,
    ]);
    expect(joined(await track(client, { id: '<s3@x>', answers: '<s2@x>', ...forged }))).toEqual([
      'In-Reply-To',
      null,
      'None',
    ]);
    const quoting = { subject: `RE: Offer ${String(token)}`, from: 'mallory@evil.example' };
    expect(joined(await track(client, { id: '<s4@x>', ...quoting }))).toEqual(['Tracking Token', null, stranger]);
    const answer = await track(client, { id: '<s5@x>', subject: `RE: Offer ${String(token).toLowerCase()}` });
    expect(joined(answer)).toEqual(['Tracking Token', account, 'None']);
    expect([answer['correlationmethod'], answer['_parentactivityid_value']]).toEqual([4, null]);
  });

  test('a made-up token is nobody’s, though somebody wrote it before', async () => {
    const client = await start();
    const token = String((await client.send('POST', 'GetTrackingTokenEmail', { Subject: '' })).body['TrackingToken']);
    const made = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
    await track(client, { id: '<t1@x>', about: account, subject: `First ${made}` });
    await database.db.executeQuery(
      sql`update email set trackingtoken = ${made} where messageid = '<t1@x>'`.compile(database.db),
    );
    expect(joined(await track(client, { id: '<t2@x>', subject: `Second ${made}` }))).toEqual(['None', null, 'None']);
  });

  test('sent on to people outside it is joined, but not put under the record', async () => {
    const client = await start();
    const own = { from: 'dana@contoso.example' };
    await track(client, { id: '<f1@x>', about: account });
    const toOutside = { id: '<f2@x>', answers: '<f1@x>', to: 'lawyer@else.example', ...own };
    expect(joined(await track(client, toOutside))).toEqual(['In-Reply-To', null, 'Forwarded to people outside']);
    const back = { id: '<f3@x>', answers: '<f2@x>', references: ['<f1@x>'], from: 'lawyer@else.example' };
    expect(joined(await track(client, back))).toEqual(['In-Reply-To', null, stranger]);
    const inside = { id: '<f4@x>', answers: '<f1@x>', to: 'miguel@contoso.example', ...own };
    expect(joined(await track(client, inside))).toEqual(['In-Reply-To', account, 'None']);
    const added = { id: '<f5@x>', answers: '<f1@x>', to: customer, cc: 'new@fabrikam.example', ...own };
    expect(joined(await track(client, added))).toEqual(['In-Reply-To', account, 'None']);
  });

  test('another address of a person who was on the mail is the same person', async () => {
    const client = await start();
    await client.create('contacts', {
      lastname: 'Bo',
      emailaddress1: 'bo@fabrikam.example',
      emailaddress2: 'bo@home.example',
    });
    await track(client, { id: '<p1@x>', about: account, from: 'bo@fabrikam.example' });
    const answer = await track(client, { id: '<p2@x>', answers: '<p1@x>', from: 'bo@home.example' });
    expect(joined(answer)).toEqual(['In-Reply-To', account, 'None']);
  });

  test('the conversation index joins where headers are gone', async () => {
    const client = await start();
    const root = Buffer.from([1, 2, 3, 4, 5, 6, ...Array.from({ length: 16 }, (_, at) => at + 40)]);
    const index = (...answers: number[]) =>
      Buffer.concat([root, ...answers.map((answer) => Buffer.alloc(5, answer))]).toString('base64');
    await track(client, { id: '<i1@x>', index: index(), about: other });
    await track(client, { id: '<i2@x>', index: index(7), about: account });
    const answer = await track(client, { id: '<i3@x>', index: index(7, 8) });
    expect(joined(answer)).toEqual(['Conversation Index', account, 'An earlier e-mail is about another record']);
    expect(answer['correlationmethod']).toBe(5);
    expect(joined(await track(client, { id: '<i4@x>', index: 'not an index' }))).toEqual(['None', null, 'None']);
  });

  test('a mail that only looks alike is suggested, never joined', async () => {
    const client = await start();
    const alike = { subject: 'Invoice 4711 for the lounge', to: 'dana@contoso.example' };
    const on = new Date().toISOString();
    await track(client, { id: '<l1@x>', about: account, on, ...alike });
    const second = await track(client, { id: '<l2@x>', on, ...alike, subject: `AW: ${alike.subject}` });
    expect(joined(second)).toEqual(['None', null, 'Same subject and people']);
    expect([second['correlationmethod'], second['_correlatedactivityid_value']]).toEqual([0, null]);
    const shown = await client.get<{ alongside_suggestedactivityid: object }>(
      `emails(${String(second['activityid'])})?$select=subject&$expand=alongside_suggestedactivityid($select=_regardingobjectid_value)`,
    );
    expect(shown.body.alongside_suggestedactivityid).toMatchObject({ _regardingobjectid_value: account });
    const elsewhere = { ...alike, from: 'x@y.example', to: 'z@y.example' };
    expect(joined(await track(client, { id: '<l3@x>', ...elsewhere }))).toEqual(['None', null, 'None']);
  });

  test('what a mail was joined to may be deleted, and takes its traces along', async () => {
    const client = await start();
    const first = await track(client, { id: '<d1@x>', answers: '<d0@x>' });
    const second = await track(client, { id: '<d2@x>', answers: '<d1@x>' });
    expect((await client.send('DELETE', `emails(${String(first['activityid'])})`)).status).toBe(204);
    const read = await client.get(`emails(${String(second['activityid'])})?$select=_correlatedactivityid_value`);
    expect(read.body['_correlatedactivityid_value']).toBeNull();
    const left = await sql`select 1 from emailreference where messageid = '<d0@x>'`.execute(database.db);
    expect(left.rows).toEqual([]);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}
