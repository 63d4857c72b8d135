import type { Model, Table } from '../../odata/metadata.ts';
import { tableOf } from '../../odata/metadata.ts';
import { isPolymorphic } from '../../odata/read/scope.ts';
import type { Row, Session } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';

/** Which columns a new row takes over from the row that it is made from: the original's standard maps. */
interface Mapping {
  from: string;
  to: string;
  /** Columns of the same name. */
  same?: readonly string[];
  renamed?: readonly (readonly [from: string, to: string])[];
  /** Lookups of the new row that point back. */
  back?: readonly string[];
}

const addressParts = ['line1', 'line2', 'line3', 'city', 'postalcode', 'stateorprovince', 'country', 'county', 'name'];
const address = addressParts.map((part) => `address1_${part}`);
const consent = ['donotemail', 'donotphone', 'donotbulkemail', 'donotfax', 'donotpostalmail', 'donotsendmm'];
const emails = ['emailaddress1', 'emailaddress2', 'emailaddress3'];
const person = ['firstname', 'middlename', 'lastname', 'salutation', 'jobtitle', ...emails];
const phones = ['telephone1', 'telephone2', 'telephone3', 'mobilephone', 'fax', 'pager'];
const currency = 'transactioncurrencyid';
const budget = ['budgetamount', 'budgetstatus', 'need', 'purchaseprocess', 'purchasetimeframe', 'initialcommunication'];

const mappings: readonly Mapping[] = [
  {
    from: 'lead',
    to: 'account',
    same: [
      ...address,
      ...consent,
      'emailaddress1',
      'telephone1',
      'fax',
      'websiteurl',
      'industrycode',
      'numberofemployees',
      'revenue',
      'sic',
      'description',
      currency,
    ],
    renamed: [['companyname', 'name']],
    back: ['originatingleadid'],
  },
  {
    from: 'lead',
    to: 'contact',
    same: [
      ...person,
      ...phones,
      ...address,
      ...consent,
      'websiteurl',
      'preferredcontactmethodcode',
      'description',
      currency,
    ],
    back: ['originatingleadid'],
  },
  {
    from: 'lead',
    to: 'opportunity',
    same: [
      ...budget,
      'description',
      'estimatedclosedate',
      'decisionmaker',
      'confirminterest',
      'evaluatefit',
      'qualificationcomments',
      'parentaccountid',
      'parentcontactid',
      currency,
    ],
    renamed: [
      ['subject', 'name'],
      ['estimatedvalue', 'estimatedvalue'],
      ['estimatedamount', 'estimatedvalue'],
      ['leadqualitycode', 'opportunityratingcode'],
      ['emailaddress1', 'emailaddress'],
    ],
    back: ['originatingleadid'],
  },
  {
    from: 'account',
    to: 'contact',
    same: [...address, 'telephone1', 'fax', 'websiteurl', 'paymenttermscode', currency],
    back: ['parentcustomerid'],
  },
  {
    from: 'account',
    to: 'account',
    same: [...address, 'telephone1', 'fax', 'websiteurl', currency],
    back: ['parentaccountid'],
  },
  {
    from: 'account',
    to: 'opportunity',
    same: [currency],
    renamed: [['emailaddress1', 'emailaddress']],
    back: ['customerid', 'parentaccountid'],
  },
  { from: 'account', to: 'incident', back: ['customerid'] },
  {
    from: 'account',
    to: 'lead',
    same: [...address, 'emailaddress1', 'telephone1', 'websiteurl', currency],
    renamed: [['name', 'companyname']],
    back: ['parentaccountid'],
  },
  { from: 'contact', to: 'contact', same: [...address, 'parentcustomerid', 'telephone1', currency] },
  {
    from: 'contact',
    to: 'opportunity',
    same: [currency],
    renamed: [
      ['emailaddress1', 'emailaddress'],
      ['parentcustomerid', 'parentaccountid'],
    ],
    back: ['customerid', 'parentcontactid'],
  },
  { from: 'contact', to: 'incident', back: ['customerid', 'primarycontactid'] },
  {
    from: 'contact',
    to: 'lead',
    same: [...person, ...phones, ...address, currency],
    renamed: [['parentcustomerid', 'parentaccountid']],
    back: ['parentcontactid'],
  },
  { from: 'opportunity', to: 'opportunity', same: ['customerid', 'parentaccountid', 'parentcontactid', currency] },
  { from: 'incident', to: 'incident', same: ['customerid', 'primarycontactid', 'subjectid'], back: ['parentcaseid'] },
  { from: 'email', to: 'lead', same: ['subject'] },
  { from: 'email', to: 'opportunity', renamed: [['subject', 'name']] },
  { from: 'email', to: 'incident', renamed: [['subject', 'title']] },
];

/** @returns column -> stored value for a new row of `to`, or `undefined` when there is no map between the two tables */
export function mapRow(session: Session, from: Table, row: Row, to: Table): Map<string, Stored> | undefined {
  const mapping = mappings.find((each) => each.from === from.name && each.to === to.name);
  if (mapping === undefined) return undefined;
  const values = new Map<string, Stored>();
  const pairs = [...(mapping.same ?? []).map((name) => [name, name] as const), ...(mapping.renamed ?? [])];
  for (const [source, target] of pairs) copy(session, { from, row, source }, { to, target }, values);
  for (const name of mapping.back ?? [])
    point(session.model, to, name, { table: from.name, id: String(row[from.key]) }, values);
  return values;
}

function copy(
  session: Session,
  { from, row, source }: { from: Table; row: Row; source: string },
  { to, target }: { to: Table; target: string },
  values: Map<string, Stored>,
): void {
  const [read, written] = [from.columns.get(source), to.columns.get(target)];
  const value = row[source];
  if (read === undefined || written === undefined || value === null || value === undefined || value === '') return;
  if (!session.access.mayUse(session.caller, 'read', from, read)) return;
  if (written.kind === 'lookup') {
    const type = isPolymorphic(from, source) ? row[`${source}_type`] : read.targets?.[0];
    if (typeof type === 'string' && typeof value === 'string')
      point(session.model, to, target, { table: type, id: value }, values);
  } else if (written.kind === 'choice' && written.options?.has(Number(value)) !== true) return;
  else
    values.set(target, typeof value === 'string' ? value.slice(0, written.length ?? value.length) : (value as Stored));
}

/** Sets a lookup, if it can point there. */
export function point(
  model: Model,
  table: Table,
  column: string,
  to: { table: string; id: string },
  values: Map<string, Stored>,
): void {
  if (tableOf(model, table.name).columns.get(column)?.targets?.includes(to.table) !== true) return;
  values.set(column, to.id);
  if (isPolymorphic(table, column)) values.set(`${column}_type`, to.table);
}
