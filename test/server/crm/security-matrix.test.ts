import { beforeAll, describe, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import type { Answer, Client } from '../world.ts';
import { hasPrivilege, kinds, may, teams, type Holding, type Kind, type Verb } from './security-oracle.ts';
import {
  addressOf,
  createSecurityWorld,
  FILE,
  holdings,
  PICTURE,
  sendFile,
  type Cluster,
  type SecurityWorld,
} from './security-world.ts';

type Rows = { value: Record<string, unknown>[] };
type Ask = (world: SecurityWorld) => Promise<string[] | number | 'refused'>;

const names = Object.keys(kinds);
const ANNOTATED = { prefer: 'odata.include-annotations="*"' };
const FORMATTED = 'OData.Community.Display.V1.FormattedValue';

/** 403 for the missing privilege is one answer; anything else that is no success is a mistake of the test. */
function read<T>(answer: Answer<T>, then: (body: T) => string[] | number): string[] | number | 'refused' {
  if (answer.status === 403) return 'refused';
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return then(answer.body);
}

const listed =
  (path: string, name: string, headers = {}): Ask =>
  async ({ reader }) =>
    read(await reader.get<Rows>(path, headers), ({ value }) => value.map((row) => String(row[name])));

/** Asks once for each kind; seen is what is answered with anything but "there is no such row". */
const each = (path: (cluster: Cluster, name: string, hub: string) => string, seen?: (body: Rows) => boolean): Ask =>
  eachAnswer(({ reader, hub }, cluster, name) => reader.get<Rows>(path(cluster, name, hub)), seen);

const eachAnswer =
  <T extends object>(
    ask: (world: SecurityWorld, cluster: Cluster, name: string) => Promise<Answer<T>>,
    seen?: (body: T) => boolean,
  ): Ask =>
  async (world) => {
    const found: string[] = [];
    let refused = 0;
    for (const [name, cluster] of world.clusters) {
      const answer = await ask(world, cluster, name);
      if (answer.status === 403) refused += 1;
      else if (answer.status === 404) expect(answer.body).toMatchObject({ error: { code: '0x80040217' } });
      else if (seen === undefined ? answer.status === 200 : seen(answer.body)) found.push(name);
    }
    if (refused > 0 && refused < world.clusters.size)
      throw new Error('Refused for some rows only: that tells which exist.');
    return refused > 0 ? 'refused' : found;
  };

/** Opens a file of a row, and loads it. */
const loaded = (message: string, target: (cluster: Cluster) => object): Ask =>
  eachAnswer(
    async ({ reader }, cluster) => {
      const head = await reader.send<Block>('POST', message, target(cluster));
      return head.status === 200 ? loadBlock(reader, head.body.FileContinuationToken) : head;
    },
    ({ Data }) => Data === FILE,
  );

interface Block {
  FileContinuationToken: string;
  Data?: string;
}

const loadBlock = (reader: Client, FileContinuationToken: string) =>
  reader.send<Block>('POST', 'DownloadBlock', { Offset: 0, BlockLength: 100, FileContinuationToken });

const note = (annotationid: string, more: object = {}) => ({
  Target: { '@odata.type': 'Microsoft.Dynamics.CRM.annotation', annotationid, ...more },
});

const some = ({ value }: Rows) => value.length > 0;
const fetchXml = (inside: string) => `fetchXml=${encodeURIComponent(inside)}`;

/** Every way to rows of contact and email. What is seen must be exactly what the oracle says. */
const paths: [string, Ask][] = [
  ['list', listed('contacts?$select=lastname', 'lastname')],
  [
    'list in pages',
    async (world) => {
      const found: string[] = [];
      let path = 'contacts?$select=lastname&$orderby=lastname desc';
      for (;;) {
        const page = await world.reader.get<Rows & { '@odata.nextLink'?: string }>(path, {
          prefer: 'odata.maxpagesize=2',
        });
        if (page.status === 403) return 'refused';
        found.push(...page.body.value.map((row) => String(row['lastname'])));
        const next = page.body['@odata.nextLink'];
        if (next === undefined) return found;
        path = next.replace(/^.*\/v9\.2\//, '');
      }
    },
  ],
  ['by key', each(({ contact }) => `contacts(${contact})`)],
  ['$filter', each((_, name) => `contacts?$filter=lastname eq '${name}'`, some)],
  [
    '$filter contains',
    each((_, name) => `contacts?$filter=contains(fullname,'${name}') and lastname eq '${name}'`, some),
  ],
  ['not', listed("contacts?$select=lastname&$filter=not (lastname eq 'nobody')", 'lastname')],
  [
    '$count',
    async ({ reader }) => {
      const answer = await reader.get('contacts/$count');
      return answer.status === 403 ? 'refused' : Number(answer.text);
    },
  ],
  [
    '$count=true',
    async ({ reader }) =>
      read(await reader.get<{ '@odata.count': number }>('contacts?$count=true&$top=1'), (body) => body['@odata.count']),
  ],
  [
    'expand of a lookup',
    async ({ reader }) =>
      read(
        await reader.get<Rows>('opportunities?$select=name&$expand=parentcontactid($select=lastname)'),
        ({ value }) => value.filter((row) => row['parentcontactid'] !== null).map((row) => String(row['name'])),
      ),
  ],
  [
    'expand of a collection',
    async ({ reader, hub }) =>
      read(
        await reader.get<{ contact_customer_accounts: { lastname: string }[] }>(
          `accounts(${hub})?$expand=contact_customer_accounts($select=lastname)`,
        ),
        (body) => body.contact_customer_accounts.map(({ lastname }) => lastname),
      ),
  ],
  ['lambda any', each((_, name) => `accounts?$filter=contact_customer_accounts/any(c:c/lastname eq '${name}')`, some)],
  [
    'lambda all',
    each(
      (_, name) => `accounts?$filter=name eq 'hub' and contact_customer_accounts/all(c:c/lastname ne '${name}')`,
      ({ value }) => value.length === 0,
    ),
  ],
  ['path in $filter', each((_, name) => `opportunities?$filter=parentcontactid/lastname eq '${name}'`, some)],
  [
    'path in $orderby',
    async ({ reader }) =>
      // What may not be read sorts as if it were empty: before everything, in the order of the deals.
      read(await reader.get<Rows>('opportunities?$select=name&$orderby=parentcontactid/lastname'), ({ value }) => {
        const order = value.map((row) => String(row['name']));
        const count = order.findIndex(
          (_, index) =>
            order.slice(index).every((name, at, rest) => at === 0 || rest[at - 1]! < name) &&
            order
              .slice(0, index)
              .every((name, at, rest) => at === 0 || names.indexOf(rest[at - 1]!) < names.indexOf(name)),
        );
        return order.slice(count);
      }),
  ],
  [
    "a lookup's name",
    async ({ reader }) =>
      read(await reader.get<Rows>('opportunities?$select=name,_parentcontactid_value', ANNOTATED), ({ value }) =>
        value.filter((row) => `_parentcontactid_value@${FORMATTED}` in row).map((row) => String(row['name'])),
      ),
  ],
  ['property', each(({ contact }) => `contacts(${contact})/lastname`)],
  ['raw property', each(({ contact }) => `contacts(${contact})/lastname/$value`)],
  ['$ref', each(({ contact }) => `contacts(${contact})/parentcustomerid_account/$ref`)],
  ['navigation from the row', each(({ contact }) => `contacts(${contact})/parentcustomerid_account`)],
  ['navigation to the row', each(({ deal }) => `opportunities(${deal})/parentcontactid`)],
  [
    'navigation list',
    async ({ reader, hub }) =>
      read(await reader.get<Rows>(`accounts(${hub})/contact_customer_accounts?$select=lastname`), ({ value }) =>
        value.map((row) => String(row['lastname'])),
      ),
  ],
  ['list inside the row', each(({ contact }) => `contacts(${contact})/opportunity_parent_contact`)],
  ['e-mails', listed('emails?$select=subject', 'subject')],
  ['an e-mail', each(({ email }) => `emails(${email})`)],
  ['activities', listed('activitypointers?$select=subject', 'subject')],
  ['an activity', each(({ email }) => `activitypointers(${email})`)],
  ['parties', listed('activityparties?$select=addressused&$orderby=addressused', 'addressused')],
  ['parties of an e-mail', each(({ email }) => `emails(${email})/email_activity_parties`)],
  [
    'expanded parties',
    async ({ reader }) =>
      read(await reader.get<Rows>('emails?$select=subject&$expand=email_activity_parties'), ({ value }) =>
        value
          .filter((row) => (row['email_activity_parties'] as object[]).length > 0)
          .map((row) => String(row['subject'])),
      ),
  ],
  [
    'lambda over parties',
    each((_, name) => `emails?$filter=email_activity_parties/any(p:p/addressused eq '${name}@out.example')`, some),
  ],
  ['path from a party', each((_, name) => `activityparties?$filter=activityid_email/subject eq '${name}'`, some)],
  ['attachments', listed('activitymimeattachments?$select=filename', 'filename')],
  [
    'attachments, counted',
    async ({ reader }) => {
      const answer = await reader.get('activitymimeattachments/$count');
      return answer.status === 403 ? 'refused' : Number(answer.text);
    },
  ],
  ['attachments of an e-mail', each(({ email }) => `emails(${email})/email_activity_mime_attachment`)],
  ['a raw file', each(({ contact }) => `contacts(${contact})/new_resume/$value`)],
  [
    'a picture at its address',
    eachAnswer(
      async ({ world, readerAs }, { picture }) => {
        const headers = { authorization: `Bearer ${await world.token(readerAs)}` };
        const { statusCode: status, ...answer } = await world.app.inject({ url: picture, headers });
        const body = status === 200 ? { picture: answer.rawPayload.toString('base64') } : answer.json<object>();
        return { status, headers: answer.headers, text: answer.body, body };
      },
      (body) => 'picture' in body && body.picture === PICTURE,
    ),
  ],
  ['a raw note', each(({ note }) => `annotations(${note})/documentbody/$value`)],
  ['a raw attachment', each(({ attachment }) => `activitymimeattachments(${attachment})/body/$value`)],
  [
    'a file in blocks',
    loaded('InitializeFileBlocksDownload', ({ contact }) => ({
      Target: target(contact),
      FileAttributeName: 'new_resume',
    })),
  ],
  ['a note in blocks', loaded('InitializeAnnotationBlocksDownload', (cluster) => note(cluster.note))],
  [
    'an attachment in blocks',
    loaded('InitializeAttachmentBlocksDownload', ({ attachment }) => ({
      Target: {
        '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment',
        activitymimeattachmentid: attachment,
      },
    })),
  ],
  ['$apply, grouped', listed('contacts?$apply=groupby((lastname))', 'lastname')],
  [
    '$apply, counted',
    async ({ reader }) =>
      read(await reader.get<Rows>('contacts?$apply=aggregate($count as n)'), ({ value }) =>
        Number(value[0]?.['n'] ?? 0),
      ),
  ],
  [
    '$apply through a lookup',
    async ({ reader }) =>
      read(await reader.get<Rows>('opportunities?$apply=groupby((parentcontactid/lastname))'), ({ value }) =>
        value
          .map((row) => row['contact_lastname'] ?? '')
          .filter((name) => name !== '')
          .map(String),
      ),
  ],
  [
    'FetchXML',
    listed(
      `contacts?${fetchXml('<fetch><entity name="contact"><attribute name="lastname"/></entity></fetch>')}`,
      'lastname',
    ),
  ],
  [
    'FetchXML, joined',
    listed(
      `opportunities?${fetchXml('<fetch><entity name="opportunity"><attribute name="name"/><link-entity name="contact" from="contactid" to="parentcontactid"/></entity></fetch>')}`,
      'name',
    ),
  ],
  [
    'FetchXML, counted',
    async ({ reader }) =>
      read(
        await reader.get<Rows>(
          `contacts?${fetchXml('<fetch aggregate="true"><entity name="contact"><attribute name="contactid" alias="n" aggregate="count"/></entity></fetch>')}`,
        ),
        ({ value }) => Number(value[0]?.['n'] ?? 0),
      ),
  ],
  [
    'a stored view',
    async (world) => {
      const views = await world.admin.get<Rows>(
        "savedqueries?$filter=returnedtypecode eq 'contact'&$orderby=name&$top=1",
      );
      const view = String(views.body.value[0]!['savedqueryid']);
      return listed(`contacts?savedQuery=${view}`, 'fullname')(world);
    },
  ],
  [
    'export',
    async ({ world, readerAs }) => {
      const answer = await world.app.inject({
        url: '/crm/export/contacts?$select=lastname&headings=logical',
        headers: { authorization: `Bearer ${await world.token(readerAs)}` },
      });
      if (answer.statusCode === 403) return 'refused';
      const [head, ...lines] = answer.body.trim().split(/\r?\n/);
      const place = head!.split(',').indexOf('lastname');
      return lines.map((line) => line.split(',')[place]!.replaceAll('"', ''));
    },
  ],
  [
    'RetrieveTotalRecordCount',
    async ({ reader }) =>
      read(
        await reader.get<{ EntityRecordCountCollection: { Values: number[] } }>(
          "RetrieveTotalRecordCount(EntityNames=['contact'])",
        ),
        (body) => body.EntityRecordCountCollection.Values[0]!,
      ),
  ],
  [
    'RetrieveSharedPrincipalsAndAccess',
    each(({ contact }) => `RetrieveSharedPrincipalsAndAccess(Target=@t)?@t={"@odata.id":"contacts(${contact})"}`),
  ],
  [
    'RetrieveDuplicates',
    each((_, name) => {
      const entity = { '@odata.type': 'Microsoft.Dynamics.CRM.contact', emailaddress1: addressOf(name) };
      const parameters = `@e=${encodeURIComponent(JSON.stringify(entity))}&@n='contact'&@p={"PageNumber":1,"Count":5}`;
      return `RetrieveDuplicates(BusinessEntity=@e,MatchingEntityName=@n,PagingInfo=@p)?${parameters}`;
    }, some),
  ],
  [
    'alongside_ResolveAddresses',
    each(
      (_, name) => `alongside_ResolveAddresses(Addresses=@a)?@a=["${addressOf(name)}"]`,
      ({ value }) => (value[0]!['Candidates'] as object[]).length > 0,
    ),
  ],
];

/** Where what is not seen is left out without a word; every other way says that the privilege is missing. */
const quiet = new Set(["a lookup's name", 'alongside_ResolveAddresses']);

type Outcome = 'done' | 'no privilege' | 'no right' | 'not found';
type Attempt = (world: SecurityWorld, cluster: Cluster, name: string) => Promise<Answer>;

function outcome({ status, body, text }: Answer): Outcome {
  const code = (body as { error?: { code: string } }).error?.code;
  if (status < 300) return 'done';
  if (status === 404 && code === '0x80040217') return 'not found';
  if (status === 403 && code === '0x80040220') return 'no privilege';
  if (status === 403 && code === '0x80048306') return 'no right';
  throw new Error(`${status} ${text}`);
}

/** Rows of their own for what cannot be undone. */
const onFresh =
  (attempt: (world: SecurityWorld, id: string) => Promise<Answer>): Attempt =>
  async (world, _, name) => {
    const id = await world.freshContact(`fresh ${name}`, kinds[name]!);
    const answer = await attempt(world, id);
    await world.admin.send('DELETE', `contacts(${id})`);
    return answer;
  };

const target = (id: string) => ({ contactid: id, '@odata.type': 'Microsoft.Dynamics.CRM.contact' });
const user = (id: string) => ({ systemuserid: id, '@odata.type': 'Microsoft.Dynamics.CRM.systemuser' });

/** Begins an upload, sends its one block and ends it; answers with the first step that was refused. */
async function sendBlocks(reader: Client, messages: string, first: object, last: object): Promise<Answer> {
  const begun = await reader.send<Block>('POST', `Initialize${messages}BlocksUpload`, first);
  if (begun.status !== 200) return { ...begun, body: { ...begun.body } };
  const [BlockId, { FileContinuationToken }] = [FILE, begun.body];
  await reader.send('POST', 'UploadBlock', { BlockId, BlockData: FILE, FileContinuationToken });
  return reader.send('POST', `Commit${messages}BlocksUpload`, { ...last, BlockList: [BlockId], FileContinuationToken });
}

/** Every way to change a row, with the rights that it takes. */
const attempts: [string, Verb[], Attempt][] = [
  ['PATCH', ['write'], ({ reader }, { contact }) => reader.send('PATCH', `contacts(${contact})`, { jobtitle: 'x' })],
  [
    'PUT of a property',
    ['write'],
    ({ reader }, { contact }) => reader.send('PUT', `contacts(${contact})/jobtitle`, { value: 'y' }),
  ],
  [
    'DELETE of a property',
    ['write'],
    ({ reader }, { contact }) => reader.send('DELETE', `contacts(${contact})/jobtitle`),
  ],
  [
    'lookup of the row',
    ['write', 'append'],
    async ({ admin, reader, hub, ids }, { contact }) => {
      const answer = await reader.send('PATCH', `contacts(${contact})`, {
        'parentcustomerid_account@odata.bind': `/accounts(${ids.get('other hub')!})`,
      });
      await admin.send('PATCH', `contacts(${contact})`, { 'parentcustomerid_account@odata.bind': `/accounts(${hub})` });
      return answer;
    },
  ],
  [
    'lookup to the row',
    ['appendTo'],
    async ({ admin, reader, hub }, { contact }) => {
      const answer = await reader.send('PATCH', `accounts(${hub})`, {
        'primarycontactid@odata.bind': `/contacts(${contact})`,
      });
      await admin.send('PATCH', `accounts(${hub})`, { 'primarycontactid@odata.bind': null });
      return answer;
    },
  ],
  [
    '$ref to the row',
    ['appendTo'],
    async ({ admin, reader, hub }, { contact }) => {
      const answer = await reader.send('PUT', `accounts(${hub})/primarycontactid/$ref`, {
        '@odata.id': `contacts(${contact})`,
      });
      await admin.send('DELETE', `accounts(${hub})/primarycontactid/$ref`);
      return answer;
    },
  ],
  [
    'assign',
    ['assign'],
    onFresh(({ reader, ids }, id) =>
      reader.send('PATCH', `contacts(${id})`, { 'ownerid@odata.bind': `/systemusers(${ids.get('nina')!})` }),
    ),
  ],
  [
    'assign and write',
    ['assign', 'write'],
    onFresh(({ reader, ids }, id) =>
      reader.send('PATCH', `contacts(${id})`, {
        jobtitle: 'z',
        'ownerid@odata.bind': `/systemusers(${ids.get('nina')!})`,
      }),
    ),
  ],
  ['DELETE', ['delete'], onFresh(({ reader }, id) => reader.send('DELETE', `contacts(${id})`))],
  [
    'GrantAccess',
    ['share', 'read'],
    onFresh(({ reader, ids }, id) =>
      reader.send('POST', 'GrantAccess', {
        Target: target(id),
        PrincipalAccess: { AccessMask: 'ReadAccess', Principal: user(ids.get('nina')!) },
      }),
    ),
  ],
  [
    'GrantAccess of a right to delete',
    ['share', 'delete'],
    onFresh(({ reader, ids }, id) =>
      reader.send('POST', 'GrantAccess', {
        Target: target(id),
        PrincipalAccess: { AccessMask: 'DeleteAccess', Principal: user(ids.get('nina')!) },
      }),
    ),
  ],
  [
    'RevokeAccess',
    ['share'],
    onFresh(({ reader, ids }, id) =>
      reader.send('POST', 'RevokeAccess', { Target: target(id), Revokee: user(ids.get('nina')!) }),
    ),
  ],
  [
    'a new party',
    ['write'],
    async ({ admin, reader }, { email }) => {
      const answer = await reader.send('POST', 'activityparties', {
        'activityid_email@odata.bind': `/emails(${email})`,
        addressused: 'x',
        participationtypemask: 3,
      });
      const id = /\(([^)]+)\)$/.exec(String(answer.headers['odata-entityid']))?.[1];
      if (id !== undefined) await admin.send('DELETE', `activityparties(${id})`);
      return answer;
    },
  ],
  [
    'parties replaced',
    ['write'],
    ({ reader }, { email }, name) =>
      reader.send('PATCH', `emails(${email})`, {
        email_activity_parties: [{ addressused: `${name}@out.example`, participationtypemask: 2 }],
      }),
  ],
  [
    'an attachment changed',
    ['write'],
    async ({ admin, reader }, { email }, name) => {
      const found = await admin.get<Rows>(`emails(${email})/email_activity_mime_attachment?$select=filename`);
      const id = String(found.body.value[0]!['activitymimeattachmentid']);
      return reader.send('PATCH', `activitymimeattachments(${id})`, { filename: name });
    },
  ],
  [
    'a file in blocks',
    ['write'],
    ({ reader }, { contact }) =>
      sendBlocks(
        reader,
        'File',
        { Target: target(contact), FileAttributeName: 'new_resume', FileName: 'resume.txt' },
        { FileName: 'resume.txt', MimeType: 'text/plain' },
      ),
  ],
  [
    'a file in chunks',
    ['write'],
    async ({ reader }, { contact }) => {
      const answer = await reader.send('PATCH', `contacts(${contact})/new_resume`, undefined, {
        'x-ms-transfer-mode': 'chunked',
        'x-ms-file-name': 'resume.txt',
      });
      if (answer.status !== 200) return answer;
      const place = String(answer.headers['location']).replace(/^.*\/v9\.2\//, '');
      return reader.send('PATCH', place, 'hi', {
        'content-type': 'application/octet-stream',
        'content-range': 'bytes 0-1/2',
      });
    },
  ],
  [
    'a raw file',
    ['write'],
    ({ reader }, { contact }) =>
      reader.send('PUT', `contacts(${contact})/new_resume`, 'hi', {
        'content-type': 'application/octet-stream',
        'x-ms-file-name': 'resume.txt',
      }),
  ],
  [
    'a note in blocks',
    ['write'],
    ({ reader }, cluster) => {
      const body = note(cluster.note, { filename: 'note.txt' });
      return sendBlocks(reader, 'Annotation', body, body);
    },
  ],
  [
    'an attachment in blocks',
    ['write'],
    async ({ admin, reader }, { email }) => {
      const Target = {
        '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment',
        'objectid_email@odata.bind': `emails(${email})`,
        filename: 'made.txt',
      };
      const answer = await sendBlocks(reader, 'Attachment', { Target }, { Target });
      const id = answer.body['ActivityMimeAttachmentId'];
      if (typeof id === 'string') await admin.send('DELETE', `activitymimeattachments(${id})`);
      return answer;
    },
  ],
];

/** Ways to hold rights that reading tells apart, but whose writes say nothing new. */
const redundant = new Set(["team's role, basic, inherited", "own local, team's deep"]);

const plainName = (name: string) => name.replace('@out.example', '');

function expected(holding: Holding, verbs: readonly Verb[], kind: Kind): Outcome {
  if (!hasPrivilege(holding)) return 'no privilege';
  if (!may(holding, 'read', kind)) return 'not found';
  return verbs.every((verb) => may(holding, verb, kind)) ? 'done' : 'no right';
}

forEachEngine('the security matrix', ({ open }) => {
  let world: SecurityWorld;
  beforeAll(async () => {
    world = await createSecurityWorld(await open());
  }, 60_000);

  describe.each(holdings)('read with %s', (_name, holding) => {
    beforeAll(() => world.hold(holding));
    const wanted = names.filter((name) => may(holding, 'read', kinds[name]!)).sort();

    test.each(paths)('%s', async (path, ask) => {
      const seen = await ask(world);
      if (!hasPrivilege(holding)) expect(seen).toEqual(quiet.has(path) ? [] : 'refused');
      else if (typeof seen === 'number') expect(seen).toBe(wanted.length);
      else expect(seen === 'refused' ? seen : seen.map(plainName).sort()).toEqual(wanted);
    });

    test('a file that was opened before the rights were lost', async () => {
      await world.hold({ own: 'global' });
      const tokens = new Map<string, string>();
      for (const [name, cluster] of world.clusters) {
        const head = await world.reader.send<Block>('POST', 'InitializeAnnotationBlocksDownload', note(cluster.note));
        tokens.set(name, head.body.FileContinuationToken);
      }
      await world.hold(holding);
      const seen = await eachAnswer(({ reader }, _, name) => loadBlock(reader, tokens.get(name)!))(world);
      if (!hasPrivilege(holding)) expect(seen).toBe('refused');
      else expect([...(seen as string[])].sort()).toEqual(wanted);
    });

    test('changes are told to those alone who may read all rows', async () => {
      const { admin, reader, clusters } = world;
      const tracking = { prefer: 'odata.track-changes' };
      const before = await admin.get<{ '@odata.deltaLink': string }>('contacts?$select=lastname', tracking);
      const delta = before.body['@odata.deltaLink'].replace(/^.*\/v9\.2\//, '');
      for (const { contact } of clusters.values()) await admin.send('PATCH', `contacts(${contact})`, { jobtitle: 'd' });
      const all = holding.own === 'global' ? [...names].sort() : 'refused';
      for (const [path, headers] of [['contacts?$select=lastname', tracking] as const, [delta, {}] as const]) {
        const seen = await listed(path, 'lastname', headers)(world);
        expect(seen === 'refused' ? seen : (seen as string[]).filter((name) => names.includes(name)).sort()).toEqual(
          all,
        );
      }
      const count = delta.replace(/^contacts\?.*(?=\$deltatoken)/, 'contacts/$count?');
      expect((await reader.get(count)).status).toBe(all === 'refused' ? 403 : 200);
    });
  });

  describe.each(holdings.filter(([name]) => !redundant.has(name)))('write with %s', (holdingName, holding) => {
    beforeAll(async () => {
      world.ids.set('other hub', await world.reader.create('accounts', { name: 'other hub' }));
      await world.hold(holding);
    });

    test.each(attempts)('%s', async (_attempt, verbs, attempt) => {
      const seen: Record<string, Outcome> = {};
      for (const [name, cluster] of world.clusters) seen[name] = outcome(await attempt(world, cluster, name));
      const wanted = names.map((name) => [name, expected(holding, verbs, kinds[name]!)] as const);
      expect(seen).toEqual(Object.fromEntries(wanted));
    });

    test('DeleteFile', async () => {
      const { admin, clusters, reader } = world;
      for (const [name, { contact }] of clusters) {
        const first = { Target: target(contact), FileAttributeName: 'new_resume', FileName: 'resume.txt' };
        const last = { FileName: 'resume.txt', MimeType: 'text/plain' };
        const { FileId } = (await sendBlocks(admin, 'File', first, last)).body;
        const wanted = expected(holding, ['write'], kinds[name]!);
        const seen = outcome(await reader.send('POST', 'DeleteFile', { FileId }));
        // A file is asked for by its id alone: who may not read it does not even learn in which table it is.
        expect([name, seen]).toEqual([name, wanted === 'no privilege' ? 'not found' : wanted]);
        expect((await admin.get(`contacts(${contact})/new_resume/$value`)).status).toBe(seen === 'done' ? 204 : 200);
        await sendFile(admin, contact);
      }
    });

    test.each(['reader', 'nina', 'hugo', 'sam', 'crew', 'strangers', 'rep'] as const)(
      'rows made for %s, alone and inside another, are all there or not at all',
      async (owner) => {
        const bind = { 'ownerid@odata.bind': `/${owner in teams ? 'teams' : 'systemusers'}(${world.ids.get(owner)!})` };
        // No share and no manager lets a row be made, so the rights to assign one without either tell it.
        const wanted = !hasPrivilege(holding)
          ? 'no privilege'
          : may(holding, 'assign', { owner })
            ? 'done'
            : 'no right';
        const alone = await world.reader.send('POST', 'contacts', { lastname: 'made', ...bind });
        expect(outcome(alone)).toBe(wanted);
        const nested = await world.reader.send('POST', 'accounts', {
          name: 'made',
          contact_customer_accounts: [{ lastname: 'made', ...bind }],
        });
        expect(outcome(nested)).toBe(wanted);
        for (const [set, name] of [
          ['contacts', 'lastname'],
          ['accounts', 'name'],
        ] as const) {
          const made = await world.admin.get<Rows>(`${set}?$select=${name}&$filter=${name} eq 'made'`);
          expect(made.body.value).toHaveLength(wanted !== 'done' ? 0 : set === 'contacts' ? 2 : 1);
          for (const row of made.body.value)
            await world.admin.send('DELETE', `${set}(${String(row[`${set.slice(0, -1)}id`])})`);
        }
      },
    );

    test('a change set is undone as a whole when one of its rows may not be written', async () => {
      for (const [name, { contact }] of world.clusters) {
        const answer = await world.reader.send(
          'POST',
          '$batch',
          changeSet(world.hub, contact, `${holdingName} ${name}`),
          {
            'content-type': 'multipart/mixed; boundary=b',
          },
        );
        const isDone = expected(holding, ['write'], kinds[name]!) === 'done';
        expect([name, answer.status === 200]).toEqual([name, isDone]);
        const hub = await world.admin.get(`accounts(${world.hub})?$select=websiteurl`);
        expect([name, hub.body['websiteurl'] === `${holdingName} ${name}`]).toEqual([name, isDone]);
      }
    });

    test('RetrievePrincipalAccess says the same', async () => {
      for (const [name, { contact }] of world.clusters) {
        const answer = await world.admin.get(
          `systemusers(${world.ids.get('reader')!})/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@tid)?@tid={'@odata.id':'contacts(${contact})'}`,
        );
        const told = String(answer.body['AccessRights'])
          .split(', ')
          .filter((right) => right !== 'CreateAccess');
        const wanted = accessOrder.filter((verb) => may(holding, verb, kinds[name]!));
        const list = wanted.map((verb) => `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Access`);
        expect([name, told]).toEqual([name, list.length === 0 ? ['None'] : list]);
      }
    });
  });
});

const accessOrder: readonly Verb[] = ['read', 'write', 'append', 'appendTo', 'delete', 'share', 'assign'];

function changeSet(hub: string, contact: string, name: string): string {
  const part = (id: number, path: string, body: object) => [
    '--c',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    `Content-ID: ${id}`,
    '',
    `PATCH /api/data/v9.2/${path} HTTP/1.1`,
    'Content-Type: application/json',
    '',
    JSON.stringify(body),
  ];
  return [
    '--b',
    'Content-Type: multipart/mixed; boundary=c',
    '',
    ...part(1, `accounts(${hub})`, { websiteurl: name }),
    ...part(2, `contacts(${contact})`, { jobtitle: 'w' }),
    '--c--',
    '--b--',
    '',
  ].join('\r\n');
}
