import type { WriteSession } from '../../odata/session.ts';
import { tableOf } from '../../odata/metadata.ts';
import { sql } from 'kysely';
import { insertRow } from '../../odata/write/write.ts';

/** A public view that every organisation has. */
interface View {
  id: string;
  table: string;
  name: string;
  columns: string;
  conditions: string;
  order: string;
  descending?: true;
  isDefault?: true;
}

const state = (value: number) => `<condition attribute="statecode" operator="eq" value="${value}"/>`;
const active = state(0);
const inactive = state(1);
const mine = `${active}<condition attribute="ownerid" operator="eq-userid"/>`;
const open = '<condition attribute="statecode" operator="in"><value>0</value><value>3</value></condition>';

/** Those that the documents name by their ids have them here too. */
const documented = (last: string) => `00000000-0000-0000-00aa-0000${last}`;

/** `[documented part of the id, name, conditions, more]` of one table. */
type Line = readonly [id: string, name: string, conditions: string, more?: Partial<View>];

function viewsOf(table: string, columns: string, order: string, lines: readonly Line[]): View[] {
  return lines.map(([id, name, conditions, more]) => ({
    ...{ id: documented(id), table, name, columns, conditions, order },
    ...more,
  }));
}

const isDefault = { isDefault: true } as const;
const latest = { order: 'createdon', descending: true } as const;

const views: readonly View[] = [
  ...viewsOf('account', 'name telephone1 address1_city primarycontactid emailaddress1', 'name', [
    ['10001001', 'My Active Accounts', mine, isDefault],
    ['10001002', 'Active Accounts', active],
    ['10001012', 'Inactive Accounts', inactive],
  ]),
  ...viewsOf('contact', 'fullname emailaddress1 parentcustomerid telephone1', 'fullname', [
    ['10001003', 'My Active Contacts', mine, isDefault],
    ['10001004', 'Active Contacts', active],
    ['10001014', 'Inactive Contacts', inactive],
  ]),
  ...viewsOf('lead', 'fullname subject statuscode createdon companyname', 'createdon', [
    ['10002001', 'My Open Leads', mine, { ...isDefault, ...latest }],
    ['10002002', 'Open Leads', active, latest],
    ['10002003', 'Closed Leads', '<condition attribute="statecode" operator="ne" value="0"/>', latest],
  ]),
  ...viewsOf(
    'opportunity',
    'name customerid estimatedclosedate estimatedvalue closeprobability',
    'estimatedclosedate',
    [
      ['10003001', 'Open Opportunities', active],
      ['10003002', 'My Open Opportunities', mine, isDefault],
      ['10003003', 'Won Opportunities', state(1)],
      ['10003004', 'Lost Opportunities', state(2)],
    ],
  ),
  ...viewsOf('incident', 'title ticketnumber prioritycode caseorigincode customerid createdon', 'createdon', [
    ['10004001', 'My Active Cases', mine, { ...isDefault, ...latest }],
    ['10004002', 'Active Cases', active, latest],
    ['10004003', 'My Resolved Cases', mine.replace(active, inactive), latest],
    ['10004004', 'All Cases', '', latest],
  ]),
  ...viewsOf(
    'activitypointer',
    'subject regardingobjectid activitytypecode statecode ownerid scheduledend',
    'scheduledend',
    [
      ['10005001', 'My Activities', `${open}<condition attribute="ownerid" operator="eq-userid"/>`, isDefault],
      ['10005002', 'All Activities', ''],
      ['10005003', 'Open Activities', open],
    ],
  ),
  ...viewsOf('email', 'subject regardingobjectid sender torecipients statuscode createdon', 'createdon', [
    [
      '10006001',
      'My Received Emails',
      mine.replace(active, '<condition attribute="statuscode" operator="eq" value="4"/>'),
      { ...isDefault, ...latest },
    ],
    ['10006002', 'All Emails', '', latest],
    ['10006003', 'Draft Emails', active, latest],
  ]),
  ...viewsOf('appointment', 'subject regardingobjectid statecode scheduledstart scheduledend', 'scheduledstart', [
    ['10007001', 'My Appointments', `${open}<condition attribute="ownerid" operator="eq-userid"/>`, isDefault],
    ['10007002', 'All Appointments', ''],
  ]),
  ...viewsOf('task', 'subject regardingobjectid prioritycode scheduledend ownerid', 'scheduledend', [
    ['10008001', 'My Tasks', mine, isDefault],
    ['10008002', 'Open Tasks', active],
    ['10008003', 'All Tasks', ''],
  ]),
  ...viewsOf('phonecall', 'subject regardingobjectid phonenumber scheduledend ownerid', 'scheduledend', [
    ['10009001', 'My Phone Calls', mine, isDefault],
    ['10009002', 'All Phone Calls', ''],
  ]),
  ...viewsOf('systemuser', 'fullname internalemailaddress businessunitid title', 'fullname', [
    ['10010001', 'Enabled Users', '<condition attribute="isdisabled" operator="eq" value="0"/>', isDefault],
    ['10010002', 'Disabled Users', '<condition attribute="isdisabled" operator="eq" value="1"/>'],
  ]),
  ...viewsOf('team', 'name businessunitid teamtype', 'name', [['10011001', 'All Teams', '', isDefault]]),
  ...viewsOf('queue', 'name emailaddress ownerid', 'name', [['10012001', 'Active Queues', active, isDefault]]),
];

/** The ready-made views that are not there yet: all of them, or those that a later version brought. */
export async function ensureViews(session: WriteSession): Promise<void> {
  const table = tableOf(session.model, 'savedquery');
  const { rows } = await sql<{ id: string }>`select savedqueryid as id from savedquery`.execute(session.queries);
  const known = new Set(rows.map(({ id }) => id));
  for (const view of views.filter(({ id }) => !known.has(id))) {
    const values = new Map<string, string | number>([
      ['savedqueryid', view.id],
      ['name', view.name],
      ['returnedtypecode', view.table],
      ['querytype', 0],
      ['fetchxml', fetchOf(view)],
      ['layoutxml', layoutOf(view, tableOf(session.model, view.table).key)],
      ['isdefault', view.isDefault === true ? 1 : 0],
      ['isuserdefined', 0],
      ['iscustom', 0],
    ]);
    await insertRow(session, table, values);
  }
}

function fetchOf({ table, columns, conditions, order, descending }: View): string {
  const attributes = columns.split(' ').map((name) => `<attribute name="${name}"/>`);
  const filter = conditions === '' ? '' : `<filter type="and">${conditions}</filter>`;
  return `<fetch version="1.0" mapping="logical"><entity name="${table}">${attributes.join('')}<order attribute="${order}" descending="${descending === true}"/>${filter}</entity></fetch>`;
}

function layoutOf({ columns }: View, key: string): string {
  const [first = ''] = columns.split(' ');
  const cells = columns.split(' ').map((name) => `<cell name="${name}" width="${name === first ? 300 : 150}"/>`);
  return `<grid name="resultset" jump="${first}" select="1" icon="1" preview="1"><row name="result" id="${key}">${cells.join('')}</row></grid>`;
}
