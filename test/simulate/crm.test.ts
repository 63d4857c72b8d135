import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase, type Database } from '../../src/server/db/open.ts';
import { createWorld, dana } from '../server/world.ts';
import { answerWebApi } from './crm-api.ts';
import { createCrm } from './crm.ts';

/** The simulated CRM answers as the built-in one does: what the simulator finds is true of more than its own fake. */

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Said {
  readonly status: number;
  readonly etag: string | null;
  readonly body: Record<string, unknown>;
}

type Side = (asked: Asked) => Promise<Said>;

const [kim, fabrikam] = ['0c000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000002'];
const [first, second, third, nobody] = [1, 2, 3, 9].map((end) => `0e000000-0000-4000-8000-00000000000${end}`);
const readonlySelect =
  '$select=activityid,messageid,subject,sender,senton,createdon,_createdby_value,_regardingobjectid_value';
const contact = (id: string | undefined) => ({ 'regardingobjectid_contact_email@odata.bind': `/contacts(${id})` });
const account = { 'regardingobjectid_account_email@odata.bind': `/accounts(${fabrikam})` };

function promote(id: string | undefined, differs: Record<string, unknown> = {}, regarding: object = {}): Asked {
  const mail = {
    MessageId: '<order@fabrikam.example>',
    Subject: 'Order 17',
    From: '"Kim" <kim@fabrikam.example>',
    To: '"Dana" <dana@contoso.example>',
    Cc: '',
    Bcc: '',
    ReceivedOn: '2026-11-20T09:15:00.000Z',
    SubmittedBy: 'dana@contoso.example',
    Importance: '1',
    Body: '<p>Please.</p>',
    Attachments: [],
    ExtraProperties: { '@odata.type': 'Microsoft.Dynamics.CRM.email', ...regarding },
  };
  return {
    method: 'POST',
    path: `emails(${id})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`,
    body: { ...mail, ...differs },
  };
}

function look(...ids: string[]): Asked {
  const filter = ids.map((id) => `messageid eq '${id.replaceAll("'", "''")}'`).join(' or ');
  return {
    method: 'GET',
    path: `emails?${readonlySelect}&$filter=${encodeURIComponent(filter)}&$orderby=createdon asc&$top=20`,
  };
}

const regard = (id: string | undefined, body: object, ifMatch = '*'): Asked => ({
  method: 'PATCH',
  path: `emails(${id})`,
  headers: { 'if-match': ifMatch },
  body,
});
const remove = (id: string | undefined, ifMatch?: string): Asked => ({
  method: 'DELETE',
  path: `emails(${id})`,
  ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
});
const lead: Asked = {
  method: 'PATCH',
  path: `leads(${third})`,
  headers: { 'if-none-match': '*' },
  body: { subject: 'Fifty rooms', lastname: 'Abercrombie', companyname: 'Fabrikam' },
};
const invoice = { Subject: 'Invoice', From: 'mallory@evil.example' };
const plain = { MessageId: '<plain@fabrikam.example>', Subject: 'Plain' };

/** One story for both; `seen` is the version that the first promotion was answered with. */
const story: readonly [string, Asked][] = [
  ['a mail that is not there', look('<order@fabrikam.example>')],
  ['is promoted under the id that was asked for', promote(first, {}, contact(kim))],
  ['and once more under it: the same row', promote(first, {}, contact(kim))],
  ['and by somebody else under another id: the same row', promote(second)],
  ['another mail of the same Message-ID is refused', promote(second, invoice)],
  ['another mail under an id that is in use is refused', promote(first, plain)],
  ['another mail is promoted, regarding nothing', promote(second, plain)],
  ['both are found', look('<order@fabrikam.example>', '<plain@fabrikam.example>')],
  ['neither is found under what nobody sent', look("<it's@fabrikam.example>")],
  ['regarding is set over the version that was read', regard(first, account, 'seen')],
  ['and not once more over it', regard(first, contact(kim), 'seen')],
  ['but over any', regard(first, contact(kim))],
  ['not for a record that is not there', regard(first, contact(nobody))],
  ['not on a mail that is not there', regard(nobody, contact(kim))],
  ['it is cleared', regard(first, { 'regardingobjectid_contact_email@odata.bind': null })],
  ['and seen so', look('<order@fabrikam.example>')],
  ['a mail is not removed in a version that is over', remove(first, 'seen')],
  ['but in any', remove(first)],
  ['once', remove(first)],
  ['and is gone', look('<order@fabrikam.example>')],
  ['its id is not used again', promote(first)],
  ['a record is created under its id', lead],
  ['once', lead],
  ['and read', { method: 'GET', path: `leads(${third})?$select=lastname` }],
  ['what is not there, is not', { method: 'GET', path: `leads(${nobody})` }],
  ['who asks is told', { method: 'GET', path: 'WhoAmI()' }],
  ['how large an attachment may be', { method: 'GET', path: 'organizations?$select=maxuploadfilesize' }],
];

describe('the simulated CRM and the built-in one', () => {
  let database: Database;
  const told: { name: string; fake: unknown; real: unknown }[] = [];
  beforeAll(async () => {
    database = await openDatabase({ file: ':memory:' });
    const [fake, real] = [openFake(), await openReal(database)];
    const seen = { fake: '', real: '' };
    for (const [name, asked] of story) {
      const [one, other] = [await fake(over(asked, seen.fake)), await real(over(asked, seen.real))];
      if (seen.fake === '' && one.status === 200 && asked.method === 'POST')
        Object.assign(seen, { fake: one.body['@odata.etag'], real: other.body['@odata.etag'] });
      told.push({ name, fake: relevant(one), real: relevant(other) });
    }
  });
  afterAll(() => database.close());

  test.each(story.map(([name], index) => [name, index] as const))('%s', (_name, index) => {
    expect(told[index]!.fake).toEqual(told[index]!.real);
  });
});

function over({ headers = {}, ...asked }: Asked, seen: string): Asked {
  const entries = Object.entries(headers).map(([name, value]) => [name, value === 'seen' ? seen : value] as const);
  return { ...asked, headers: Object.fromEntries(entries) };
}

const columns = [
  'activityid',
  'messageid',
  'subject',
  'sender',
  'senton',
  '_regardingobjectid_value',
  '_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname',
  '_regardingobjectid_value@OData.Community.Display.V1.FormattedValue',
  'leadid',
  'lastname',
];

/** What api/ reads of an answer; versions and times only by their being there. */
function relevant({ status, etag, body }: Said): unknown {
  const { value, error } = body as { value?: Record<string, unknown>[]; error?: { code: string } };
  if (error !== undefined) return { status, code: error.code };
  const rows = (value ?? [body]).map((row) => ({
    ...Object.fromEntries(columns.flatMap((name) => (name in row ? [[name, row[name]]] : []))),
    version: typeof row['@odata.etag'],
    createdOn: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(row['createdon'])),
    createdBy: typeof row['_createdby_value@OData.Community.Display.V1.FormattedValue'],
    limit: typeof row['maxuploadfilesize'],
    user: typeof row['UserId'],
  }));
  return { status, version: status === 204 && etag !== null, rows };
}

function openFake(): Side {
  let now = Date.parse('2026-11-21T08:00:00.000Z');
  const crm = createCrm(
    () => (now += 1_000),
    [
      { table: 'contact', id: kim, name: 'Kim Abercrombie' },
      { table: 'account', id: fabrikam, name: 'Fabrikam Hotels' },
    ],
  );
  return async ({ method, path, headers, body }) => {
    const request = {
      method,
      url: new URL(path, 'https://crm.contoso.example/api/data/v9.2/'),
      headers: new Headers(headers),
      body: body === undefined ? '' : JSON.stringify(body),
      bytes: null,
      changeId: null,
    };
    const answer = answerWebApi(crm, request, { name: dana.name, change: null });
    const said = (answer.body === '' ? {} : JSON.parse(answer.body as string)) as Record<string, unknown>;
    return { status: answer.status, etag: answer.headers['etag'] ?? null, body: said };
  };
}

async function openReal(database: Database): Promise<Side> {
  const client = (await createWorld(database)).as(dana);
  const known = { 'if-none-match': '*' };
  await client.send('PATCH', `contacts(${kim})`, { firstname: 'Kim', lastname: 'Abercrombie' }, known);
  await client.send('PATCH', `accounts(${fabrikam})`, { name: 'Fabrikam Hotels' }, known);
  return async ({ method, path, headers, body }) => {
    const annotated = { prefer: 'odata.include-annotations="*"', ...headers };
    const answer = await client.send(method, path, body, annotated);
    const etag = (answer.headers['etag'] as string | undefined) ?? null;
    return { status: answer.status, etag, body: answer.body };
  };
}
