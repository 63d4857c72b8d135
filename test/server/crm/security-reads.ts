import { expect } from '@jest/globals';
import type { Answer, Client } from '../world.ts';
import { kinds } from './security-oracle.ts';
import { addressOf, FILE, PICTURE, type Cluster, type SecurityWorld } from './security-world.ts';

export type Rows = { value: Record<string, unknown>[] };
type Ask = (world: SecurityWorld) => Promise<string[] | number | 'refused'>;

export const names = Object.keys(kinds);
const ANNOTATED = { prefer: 'odata.include-annotations="*"' };
const FORMATTED = 'OData.Community.Display.V1.FormattedValue';

/** 403 for the missing privilege is one answer; anything else that is no success is a mistake of the test. */
function read<T>(answer: Answer<T>, then: (body: T) => string[] | number): string[] | number | 'refused' {
  if (answer.status === 403) return 'refused';
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return then(answer.body);
}

export const listed =
  (path: string, name: string, headers = {}): Ask =>
  async ({ reader }) =>
    read(await reader.get<Rows>(path, headers), ({ value }) => value.map((row) => String(row[name])));

/** Asks once for each kind; seen is what is answered with anything but "there is no such row". */
const each = (path: (cluster: Cluster, name: string, hub: string) => string, seen?: (body: Rows) => boolean): Ask =>
  eachAnswer(({ reader, hub }, cluster, name) => reader.get<Rows>(path(cluster, name, hub)), seen);

export const eachAnswer =
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

export interface Block {
  FileContinuationToken: string;
  Data?: string;
}

export const loadBlock = (reader: Client, FileContinuationToken: string) =>
  reader.send<Block>('POST', 'DownloadBlock', { Offset: 0, BlockLength: 100, FileContinuationToken });

export const note = (annotationid: string, more: object = {}) => ({
  Target: { '@odata.type': 'Microsoft.Dynamics.CRM.annotation', annotationid, ...more },
});

export const target = (id: string) => ({ contactid: id, '@odata.type': 'Microsoft.Dynamics.CRM.contact' });
const some = ({ value }: Rows) => value.length > 0;
const fetchXml = (inside: string) => `fetchXml=${encodeURIComponent(inside)}`;

/** Every way to rows of contact and email. What is seen must be exactly what the oracle says. */
export const paths: [string, Ask][] = [
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
export const quiet = new Set(["a lookup's name", 'alongside_ResolveAddresses']);
