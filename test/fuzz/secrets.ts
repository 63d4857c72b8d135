import { tableOf } from '../../src/server/odata/metadata.ts';
import { governing, privilegeName, rights } from '../../src/server/crm/security/rights.ts';
import { dana, miguel, type Client, type World } from '../server/world.ts';
import type { Material } from './query.ts';

/** Stands in every text of the hidden rows; nothing that is sent has it. */
export const SECRET = 'Zwetschgenkern';

type Rows = { value: Record<string, unknown>[] };

/** Reads the hidden rows again, as text. */
export type Secrets = () => Promise<string>;

const hidden: readonly (readonly [table: string, row: Record<string, unknown>])[] = [
  ['account', { name: SECRET, accountnumber: 'A1', telephone1: SECRET, description: SECRET }],
  ['contact', { lastname: SECRET, emailaddress1: `${SECRET}@fuzz.example`, jobtitle: SECRET }],
  ['lead', { subject: SECRET, lastname: SECRET, companyname: SECRET }],
  ['opportunity', { name: SECRET, description: SECRET }],
  ['email', { subject: SECRET, description: SECRET, messageid: `<${SECRET}@fuzz.example>` }],
  ['task', { subject: SECRET, description: SECRET }],
  ['phonecall', { subject: SECRET, phonenumber: SECRET }],
  ['annotation', { subject: SECRET, notetext: SECRET, filename: `${SECRET}.txt`, documentbody: 'AAAA' }],
  ['queue', { name: SECRET, description: SECRET }],
  [
    'template',
    { title: SECRET, subject: SECRET, body: SECRET, templatetypecode: 'contact', ispersonal: true, languagecode: 1033 },
  ],
  [
    'userquery',
    { name: SECRET, returnedtypecode: 'contact', querytype: 0, fetchxml: '<fetch><entity name="contact"/></fetch>' },
  ],
];

/** Takes the guest's roles away for one that reaches the own rows, and hides rows of somebody else among the known ids. */
export async function hideSecrets(world: World, material: Material): Promise<Secrets> {
  const admin = world.as(dana);
  await limitGuest(admin, String((await world.as(miguel).get('WhoAmI')).body['UserId']), material);
  const paths: string[] = [];
  const hide = async (name: string, row: object) => {
    const { setName, key } = tableOf(material.model, name);
    const id = await admin.create(setName, row);
    paths.push(`${setName}(${id})`);
    material.ids.set(name, [...(material.ids.get(name) ?? []), id, id]);
    return { id, key };
  };
  for (const [name, row] of hidden) await hide(name, row);
  const account = material.ids.get('account')?.at(-1) ?? '';
  const customer = { 'customerid_account@odata.bind': `/accounts(${account})` };
  await hide('incident', { title: SECRET, ...customer });
  return async () => {
    const read = paths.map(async (path) => (await admin.get(path)).text.replace(/"@odata\.context":"[^"]*",/, ''));
    return (await Promise.all(read)).join('\n');
  };
}

async function limitGuest(admin: Client, guest: string, { model }: Material): Promise<void> {
  const role = await admin.create('roles', { name: 'Own rows' });
  const owned = [...model.tables.values()].filter(({ owned }) => owned);
  const names = new Set(owned.flatMap((table) => rights.map((right) => privilegeName(right, governing(table)))));
  const own = [...names].map((PrivilegeName) => ({ PrivilegeName, Depth: 'Basic' }));
  const people = ['prvReadUser', 'prvReadTeam', 'prvReadCurrency', 'prvAppendToUser'].map((PrivilegeName) => ({
    PrivilegeName,
    Depth: 'Global',
  }));
  const known = new Set((await admin.get<Rows>('privileges?$select=name')).body.value.map(({ name }) => String(name)));
  const Privileges = [...own, ...people].filter(({ PrivilegeName }) => known.has(PrivilegeName));
  const given = await admin.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges });
  if (given.status !== 204) throw new Error(given.text);
  const path = `systemusers(${guest})/systemuserroles_association`;
  for (const { roleid } of (await admin.get<Rows>(path)).body.value)
    await admin.send('DELETE', `${path}(${String(roleid)})/$ref`);
  const put = await admin.send('POST', `${path}/$ref`, { '@odata.id': `roles(${role})` });
  if (put.status !== 204) throw new Error(put.text);
}
