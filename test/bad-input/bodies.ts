import { account, contact } from './addresses.ts';
import type { BadInput } from './bad-input.ts';

const nobody = '00000000-0000-0000-0000-000000000000';
const row = `contacts(${contact})`;

/** Every kind of address that takes JSON. */
const takers: readonly string[] = [
  'POST contacts',
  `PATCH ${row}`,
  `PUT ${row}/lastname`,
  `PUT ${row}/parentcustomerid_account/$ref`,
  `POST ${row}/contact_customer_contacts/$ref`,
  'POST GrantAccess',
  'POST RevokeAccess',
  'POST SendEmailFromTemplate',
  'POST InstantiateTemplate',
  'POST WinOpportunity',
  'POST CloseIncident',
  `POST emails(${nobody})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`,
  'POST emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail',
  'POST GetTrackingTokenEmail',
  `POST leads(${contact})/Microsoft.Dynamics.CRM.QualifyLead`,
  `POST queues(${contact})/Microsoft.Dynamics.CRM.AddToQueue`,
  `POST emails(${contact})/Microsoft.Dynamics.CRM.SendEmail`,
  "PUT EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='lastname')",
  'POST /sync/v1/changes',
  'POST /sync/v1/items/state',
];

const json = 'application/json';
const bodies: readonly (readonly [name: string, body: string | Buffer, type?: string])[] = [
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[{}]'],
  ['a text', '"x"'],
  ['a number beyond all', '1e999'],
  ['half an object', '{"a":'],
  ['what follows an object', '{} {}'],
  ['a name twice', '{"lastname":"x","lastname":"y"}'],
  ['__proto__', '{"__proto__":{"lastname":"x"}}'],
  ['constructor', '{"constructor":{"prototype":{"lastname":"x"}}}'],
  ['an unknown name', '{"nothing_here":1}'],
  ['fifty thousand levels', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
  ['fifty thousand lists', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ['a hundred thousand names', `{${Array.from({ length: 100_000 }, (_, index) => `"n${index}":1`).join()}}`],
  ['1 MB that never ends', `{"a":"${'x'.repeat(1_000_000)}`],
  ['1 MB of backslashes', `{"a":"${'\\'.repeat(1_000_000)}`],
  ['bytes that are no UTF-8', Buffer.from('{"lastname":"\xff\xfe"}', 'latin1')],
  ['UTF-16', Buffer.from('\ufeff{"lastname":"x"}', 'utf16le')],
  ['XML', '<a/>', 'application/xml'],
  ['a form', 'lastname=x', 'application/x-www-form-urlencoded'],
  ['another character set', '{"lastname":"x"}', `${json}; charset=utf-16`],
  ['a type that is none', '{"lastname":"x"}', ';;;'],
];

/** Parameters of messages and names of rows, each of a kind that is not asked for. */
const values: readonly (readonly [name: string, value: unknown])[] = [
  ['NUL', '\0'],
  ['SQL', "' or 1=1--"],
  ['a number', 5],
  ['a list', [[]]],
  ['an object', { constructor: 1 }],
  ['no', false],
  ['a row of a table that is none', { '@odata.type': 'Microsoft.Dynamics.CRM.constructor', contactid: contact }],
  ['a row by SQL', { '@odata.type': 'Microsoft.Dynamics.CRM.contact', contactid: "' or 1=1--" }],
  ['a row by NUL', { '@odata.type': 'Microsoft.Dynamics.CRM.contact', contactid: '\0' }],
  ['a reference to nothing', { '@odata.id': 'nothing_here(1)' }],
  ['a reference with NUL', { '@odata.id': `contacts(\0)` }],
];
const parameters: readonly (readonly [request: string, name: string, others?: object])[] = [
  [`PUT ${row}/parentcustomerid_account/$ref`, '@odata.id'],
  [`POST ${row}/contact_customer_contacts/$ref`, '@odata.id'],
  [`PATCH ${row}`, 'parentcustomerid_account@odata.bind'],
  [`PATCH ${row}`, 'ownerid@odata.bind'],
  ['POST GrantAccess', 'Target'],
  [
    'POST GrantAccess',
    'PrincipalAccess',
    { Target: { '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid: account } },
  ],
  ['POST RevokeAccess', 'Revokee', { Target: { '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid: account } }],
  ['POST WinOpportunity', 'OpportunityClose'],
  ['POST CloseIncident', 'IncidentResolution'],
  ['POST emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', 'Attachments', { MessageId: '<a@b.example>' }],
  ['POST InstantiateTemplate', 'TemplateId'],
  ['POST SendEmailFromTemplate', 'Target'],
  [`POST leads(${contact})/Microsoft.Dynamics.CRM.QualifyLead`, 'Status'],
  [`POST queues(${contact})/Microsoft.Dynamics.CRM.AddToQueue`, 'Target'],
  [`POST emails(${contact})/Microsoft.Dynamics.CRM.SendEmail`, 'IssueSend'],
  ['POST /sync/v1/changes', 'id'],
  ['POST /sync/v1/changes', 'mail'],
  ['POST /sync/v1/items/state', 'mails'],
];

export function inBodies(): BadInput[] {
  const made = (where: string, name: string, body: string | Buffer, type: string): BadInput => {
    const [method = '', path = ''] = where.split(' ');
    return { where, name, method, path, body, headers: { 'content-type': type }, status: undefined, word: '' };
  };
  return [
    ...takers.flatMap((where) => bodies.map(([name, body, type = json]) => made(where, name, body, type))),
    ...parameters.flatMap(([where, parameter, others]) =>
      values.map(([name, value]) =>
        made(where, `${parameter} as ${name}`, JSON.stringify({ ...others, [parameter]: value }), json),
      ),
    ),
  ];
}
