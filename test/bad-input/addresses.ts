import type { BadInput } from './bad-input.ts';

/** Rows that are there. */
export const contact = 'cccccccc-0000-4000-8000-000000000001';
export const account = 'aaaaaaaa-0000-4000-8000-000000000001';
const row = `contacts(${contact})`;

/**
 * `{}` is where a stranger's text goes; the status is what an unknown name gets there. `word` stands in the message where that
 * does not repeat the name.
 */
const holes: readonly (readonly [request: string, status: number, word?: string])[] = [
  ['GET {}', 404],
  ['GET {}/$count', 404],
  [`GET {}(${contact})`, 404],
  ['GET contacts({})', 400],
  ["GET accounts({}='A1')", 400],
  ['GET contacts/{}', 404],
  [`GET ${row}/{}`, 400],
  [`GET ${row}/{}/$value`, 400],
  [`GET ${row}/{}/$ref`, 400],
  [`GET ${row}/fullname/{}`, 404],
  [`GET ${row}/parentcustomerid_account/{}`, 404],
  [`GET ${row}/contact_customer_contacts/{}`, 404],
  [`GET ${row}/contact_customer_contacts({})`, 404],
  [`GET ${row}?$select={}`, 400],
  [`GET ${row}/contact_customer_contacts?$filter={} eq 1`, 400],
  [`PUT ${row}/{}`, 400],
  [`PUT ${row}/{}/$ref`, 400],
  [`POST ${row}/{}/$ref`, 400],
  [`DELETE ${row}/{}`, 400],
  [`DELETE ${row}/{}/$ref`, 400],
  [`DELETE ${row}/contact_customer_contacts({})/$ref`, 400],
  [`DELETE ${row}/contact_customer_contacts/$ref?$id={}`, 400],
  ['DELETE contacts({})', 400],
  ['PATCH contacts({})', 400],
  ['POST {}', 404],
  ['POST contacts/Microsoft.Dynamics.CRM.{}', 404],
  [`POST ${row}/Microsoft.Dynamics.CRM.{}`, 404],
  [`GET ${row}/Microsoft.Dynamics.CRM.{}`, 404],
  ['GET WhoAmI/{}', 404, 'WhoAmI'],
  ["GET CheckPromoteEmail({}='x')", 400],
  ['GET RetrieveDuplicates({}=1)', 400],
  ['GET CheckPromoteEmail(MessageId={})', 400],
  ['GET contacts?$select={}', 400],
  ['GET contacts?$select=fullname,{}', 400],
  ['GET contacts?$orderby={}', 400],
  ['GET contacts?$orderby=fullname {}', 400],
  ['GET contacts?$orderby=parentcustomerid_account/{}', 400],
  ['GET contacts?$filter={}', 400, 'Syntax error'],
  ['GET contacts?$filter={} eq 1', 400],
  ['GET contacts?$filter=fullname eq {}', 400],
  ['GET contacts?$filter=fullname {} 1', 400],
  ["GET contacts?$filter={}(fullname,'x')", 400],
  ['GET contacts?$filter=contact_customer_contacts/any(o:o/{} eq 1)', 400],
  ["GET contacts?$filter=Microsoft.Dynamics.CRM.{}(PropertyName='fullname')", 400],
  ["GET contacts?$filter=Microsoft.Dynamics.CRM.LastXDays(PropertyName='{}',PropertyValue=2)", 400],
  ['GET contacts/$count?$filter={} eq 1', 400],
  ['GET contacts?$expand={}', 400],
  ['GET contacts?$expand=parentcustomerid_account($select={})', 400],
  ['GET contacts?$expand=parentcustomerid_account({}=1)', 400],
  ['GET contacts?$expand=contact_customer_contacts($filter={} eq 1)', 400],
  ['GET contacts?$expand=contact_customer_contacts($orderby={})', 400],
  ['GET contacts?$apply={}', 400, 'Syntax error'],
  ['GET contacts?$apply=groupby(({}))', 400],
  ['GET contacts?$apply=aggregate({} with sum as n)', 400],
  ['GET contacts?$apply=aggregate(fullname with {} as n)', 400],
  ['GET contacts?$apply=filter({} eq 1)', 400, 'groupby'],
  ['GET contacts?$count={}', 400, '$count'],
  ['GET contacts?$top={}', 400],
  ['GET contacts?$skip={}', 400, '$skip'],
  ['GET contacts?${}=1', 400],
  ['GET contacts?$skiptoken={}', 400, '$skiptoken'],
  ['GET contacts?$deltatoken={}', 400, '$deltatoken'],
  ['GET contacts?savedQuery={}', 400],
  ['GET contacts?userQuery={}', 400],
  ['GET contacts?fetchXml={}', 400, 'Invalid XML'],
  ['GET contacts?fetchXml=<fetch><entity name="{}"/></fetch>', 400],
  ['GET contacts?fetchXml=<fetch><entity name="contact"><attribute name="{}"/></entity></fetch>', 400],
  ['GET contacts?fetchXml=<fetch><entity name="contact"><order attribute="{}"/></entity></fetch>', 400],
  ['GET contacts?fetchXml=<fetch top="{}"><entity name="contact"/></fetch>', 400],
  ['GET contacts?fetchXml=<fetch paging-cookie="{}"><entity name="contact"/></fetch>', 400, 'paging-cookie'],
  [
    'GET contacts?fetchXml=<fetch><entity name="contact"><filter><condition attribute="{}" operator="null"/></filter></entity></fetch>',
    400,
  ],
  [
    'GET contacts?fetchXml=<fetch><entity name="contact"><filter><condition attribute="fullname" operator="{}" value="1"/></filter></entity></fetch>',
    400,
  ],
  [
    'GET contacts?fetchXml=<fetch><entity name="contact"><link-entity name="{}" from="contactid" to="contactid"/></entity></fetch>',
    400,
  ],
  [
    'GET contacts?fetchXml=<fetch><entity name="contact"><link-entity name="account" from="{}" to="contactid"/></entity></fetch>',
    400,
  ],
  ['GET EntityDefinitions({})', 400, 'Syntax error'],
  ["GET EntityDefinitions(LogicalName='{}')", 404],
  ["GET EntityDefinitions(LogicalName='contact')/{}", 404],
  ["GET EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='{}')", 404],
  ["GET EntityDefinitions(LogicalName='contact')/Attributes/Microsoft.Dynamics.CRM.{}", 404],
  ["PUT EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='{}')", 404],
  ['GET EntityDefinitions?$select={}', 400],
  ['GET EntityDefinitions?$filter={} eq 1', 400],
  ['GET EntityDefinitions?$expand={}', 400],
  ['GET EntityDefinitions?$expand=Attributes($select={})', 400],
  ["GET RelationshipDefinitions(SchemaName='{}')", 404],
  ["GET GlobalOptionSetDefinitions(Name='{}')", 404],
  ['GET $metadata/{}', 404, '$metadata'],
  ['GET /api/data/{}/contacts', 404, 'v9.2'],
  ['GET /api/{}', 404, 'Nothing is served'],
  ['GET /{}', 404, 'Nothing is served'],
  ['GET /{}/taskpane.html', 404, 'Nothing is served'],
  ['GET /crm/{}', 404, 'Nothing is served'],
  [`GET /crm/{}/${contact}`, 404, 'no such record'],
  ['GET /crm/contact/{}', 404, 'no such record'],
  ['GET /crm/export/{}', 404, 'no such table'],
  ['GET /crm/export/contacts?$select={}', 400],
  ['GET /crm/export/contacts?$filter={} eq 1', 400],
  ['POST /crm/import/{}/preview', 404, 'can be imported'],
  ['POST /crm/import/contact/{}', 400, 'GUID'],
  [`POST /crm/import/contact/${contact}?duplicates={}`, 400, 'duplicates'],
  ['POST /crm/import/contact/preview?mapping={}', 400, 'mapping'],
  [`GET /Image/download.aspx?Entity={}&Attribute=entityimage&Id=${contact}`, 400],
  [`GET /Image/download.aspx?Entity=contact&Attribute={}&Id=${contact}`, 400],
  ['GET /Image/download.aspx?Entity=contact&Attribute=entityimage&Id={}', 400],
  ['GET /Image/download.aspx?{}=1', 400],
  ['POST /sync/v1/{}', 404, 'Nothing is served'],
  ['GET /sync/v1/events?after={}', 400, 'cursor'],
  ['PUT /sync/v1/changes/{}/attachments/1', 400, 'attachment'],
  [`PUT /sync/v1/changes/${contact}/attachments/{}`, 400, 'attachment'],
];

/** What is wrong as a whole. */
const wholes: readonly (readonly [request: string, status: number, word: string])[] = [
  [
    'GET contacts?$filter=Microsoft.Dynamics.CRM.Between(PropertyName=\'fullname\',PropertyValues=["\\u0000","b"])',
    400,
    'Invalid JSON',
  ],
  [
    'GET contacts?$filter=Microsoft.Dynamics.CRM.In(PropertyName=\'fullname\',PropertyValues=["\\uZZZZ"])',
    400,
    'Invalid JSON',
  ],
  ['GET CheckPromoteEmail(MessageId=@m)?@m=["\\u0000"]', 400, 'valid JSON'],
  ['GET CheckPromoteEmail(MessageId=@m)?@m={"\\u0000":1}', 400, 'valid JSON'],
  [`GET CheckPromoteEmail(MessageId=@m)?@m=${'['.repeat(5_000)}`, 400, 'nested'],
  ['GET CheckPromoteEmail(MessageId=@m)', 400, '@m'],
  ['GET contacts?$select=fullname&$select=lastname', 400, '$select'],
  [`GET contacts?$filter=${'not '.repeat(8_000)}true`, 400, ''],
  [`GET contacts?$filter=contactid in (${"'a',".repeat(7_000)}'a')`, 400, ''],
  [`GET contacts?$expand=${'parentcustomerid_account($expand='.repeat(900)}`, 400, ''],
  ['DELETE contacts', 405, 'DELETE'],
  ['PATCH contacts', 405, 'PATCH'],
  ['POST contacts/$count', 405, 'POST'],
  [`POST ${row}`, 405, 'POST'],
  ['PUT $metadata', 405, ''],
  ['DELETE EntityDefinitions', 405, ''],
  ['POST WhoAmI', 405, 'GET'],
  ['GET GrantAccess', 405, 'POST'],
  ['GET $batch', 405, 'POST'],
  ['PUT /crm/export/contacts', 404, ''],
  ['DELETE /config.json', 404, ''],
];

const names = ['nothing_here', 'constructor', '__proto__', 'toString', 'hasOwnProperty'];
/** Escaped as a client would. */
const texts: readonly (readonly [name: string, text: string])[] = [
  ['SQL', 'fullname; drop table contact--'],
  ['SQL in quotes', "x' or 1=1--"],
  ['a quote', "'"],
  ['ten thousand parentheses', '('.repeat(10_000)],
  ['ten thousand pairs of them', `${'('.repeat(5_000)}1 eq 1${')'.repeat(5_000)}`],
  ['twenty thousand letters', 'a'.repeat(20_000)],
  ['five thousand dots', '.'.repeat(5_000)],
  ['a way up', '../../../etc/passwd'],
  ['a template', '${7*7}{{7*7}}'],
  ['mark-up', '<script>alert(1)</script>&<!DOCTYPE a [<!ENTITY b "c">]>'],
  ['a picture', '\u{1f4a5}\u202e'],
  ['line ends', 'a\r\nx-injected: 1\r\n\r\n'],
];
/** Sent as they are. */
const escapes: readonly (readonly [name: string, text: string])[] = [
  ['an escape that is none', '%zz'],
  ['half an escape', '%4'],
  ['bytes that are no UTF-8', '%ff%fe'],
  ['half a character', '%c3'],
  ['an overlong character', '%c0%af'],
  ['a surrogate', '%ed%a0%80'],
  ['NUL', 'a%00b'],
];

export function inAddresses(): BadInput[] {
  const whole = wholes.map(([request, status, word]): BadInput => {
    const [method = '', ...address] = request.split(' ');
    const path = escaped(address.join(' '));
    return { where: 'as a whole', name: request.slice(0, 80), method, path, ...sent(method, path), status, word };
  });
  const filled = holes.flatMap(([request, status, word]) => {
    const make = (name: string, text: string, expected: number | undefined, said = ''): BadInput => {
      const [method = '', ...address] = request.replace('{}', () => '\0').split(' ');
      const path = escaped(address.join(' ')).replace('%00', () => text);
      return { where: request, name, method, path, ...sent(method, path), status: expected, word: said };
    };
    return [
      ...names.map((name) => make(name, name, status, word ?? name)),
      ...texts.map(([name, text]) => make(name, encodeURIComponent(text), undefined)),
      ...escapes.map(([name, text]) => make(name, text, undefined)),
    ];
  });
  return [...whole, ...filled];
}

/** What stands between the options of an address stays. */
function escaped(address: string): string {
  return encodeURI(address).replaceAll('%25', '%');
}

/** A body that would be fine at another address. */
function sent(method: string, path: string): Pick<BadInput, 'headers' | 'body'> {
  if (method === 'GET' || method === 'DELETE') return { headers: {}, body: undefined };
  if (path.startsWith('/crm/import')) return { headers: { 'content-type': 'text/csv' }, body: 'Last Name\nLee\n' };
  if (path.startsWith('/sync/v1/changes'))
    return { headers: { 'content-type': 'application/octet-stream' }, body: 'x' };
  return { headers: { 'content-type': 'application/json' }, body: '{}' };
}
