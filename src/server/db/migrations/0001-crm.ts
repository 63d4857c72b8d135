import { sql, type Kysely } from 'kysely';
import type { Engine } from '../engine.ts';
import { foldInPostgres } from '../fold.ts';
import type { Step } from './step.ts';

/**
 * The tables of the CRM, with the logical names of the dialect as column names.
 * - times are text `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`: one order on both engines, and what goes over the wire;
 * - yes/no and choices are integers; a lookup is the row's id, and `<lookup>_type` its table where several are possible;
 * - `<column>_folded` is for comparing and searching (fold.ts), indexed for equality and prefixes;
 * - `rowno` is what the full-text index of SQLite points to; `versionnumber` grows with every write to any table.
 */
interface TableShape {
  key: string;
  text?: string;
  /** Text with a folded companion: compared through an index. */
  folded?: string;
  /** Folded text that is also searched inside, by trigrams. */
  searched?: string;
  integer?: string;
  real?: string;
  bytes?: string;
  /** Lookups to one table; all are indexed. */
  lookup?: string;
  /** Lookups to one of several tables. */
  polymorphic?: string;
}

const written = { text: 'createdon modifiedon', lookup: 'createdby modifiedby' };
const address = 'address1_line1 address1_city address1_postalcode address1_stateorprovince address1_country';
const furtherEmails = 'emailaddress2 emailaddress3';

function owned(shape: TableShape): TableShape {
  return {
    ...shape,
    text: `${shape.text ?? ''} ${written.text}`,
    integer: `${shape.integer ?? ''} statecode statuscode`,
    lookup: `${shape.lookup ?? ''} ${written.lookup} owningbusinessunit`,
    polymorphic: `${shape.polymorphic ?? ''} ownerid`,
  };
}

function activity(shape: Omit<TableShape, 'key'>): TableShape {
  return owned({
    ...shape,
    key: 'activityid',
    searched: 'subject',
    text: `description scheduledstart scheduledend actualstart actualend ${shape.text ?? ''}`,
    integer: `prioritycode ${shape.integer ?? ''}`,
    polymorphic: `regardingobjectid ${shape.polymorphic ?? ''}`,
  });
}

const tables = new Map<string, TableShape>([
  [
    'account',
    owned({
      key: 'accountid',
      searched: 'name emailaddress1',
      folded: furtherEmails,
      text: `telephone1 websiteurl accountnumber description ${address}`,
      integer: 'industrycode numberofemployees',
      real: 'revenue',
      lookup: 'primarycontactid parentaccountid',
    }),
  ],
  [
    'contact',
    owned({
      key: 'contactid',
      searched: 'fullname emailaddress1',
      folded: furtherEmails,
      text: `firstname lastname telephone1 telephone2 mobilephone jobtitle department birthdate description ${address}`,
      integer: 'donotemail preferredcontactmethodcode',
      polymorphic: 'parentcustomerid',
    }),
  ],
  [
    'lead',
    owned({
      key: 'leadid',
      searched: 'fullname companyname emailaddress1',
      folded: furtherEmails,
      text: `subject firstname lastname telephone1 mobilephone jobtitle websiteurl description estimatedclosedate ${address}`,
      integer: 'leadsourcecode leadqualitycode donotemail',
      real: 'estimatedvalue',
      lookup: 'parentaccountid parentcontactid qualifyingopportunityid',
    }),
  ],
  [
    'opportunity',
    owned({
      key: 'opportunityid',
      searched: 'name',
      text: 'description estimatedclosedate actualclosedate',
      integer: 'closeprobability opportunityratingcode prioritycode',
      real: 'estimatedvalue actualvalue',
      lookup: 'parentaccountid parentcontactid originatingleadid',
      polymorphic: 'customerid',
    }),
  ],
  [
    'incident',
    owned({
      key: 'incidentid',
      searched: 'title ticketnumber',
      text: 'description',
      integer: 'caseorigincode prioritycode casetypecode',
      lookup: 'primarycontactid',
      polymorphic: 'customerid',
    }),
  ],
  [
    'email',
    activity({
      text: 'sender torecipients submittedby messageid inreplyto conversationindex trackingtoken senton internetmessageheaders conversationtrackingid',
      integer:
        'directioncode correlationmethod attachmentcount notifications readreceiptrequested deliveryreceiptrequested deliveryattempts deliveryprioritycode isduplicatesenderunresolved',
      lookup: 'correlatedactivityid parentactivityid sendersaccount',
      polymorphic: 'emailsender',
    }),
  ],
  [
    'appointment',
    activity({
      text: 'location globalobjectid onlinemeetingjoinurl',
      integer: 'isalldayevent scheduleddurationminutes instancetypecode isonlinemeeting isdraft',
    }),
  ],
  ['task', activity({ text: 'category', integer: 'percentcomplete' })],
  ['phonecall', activity({ text: 'phonenumber', integer: 'directioncode' })],
  [
    'activityparty',
    {
      key: 'activitypartyid',
      folded: 'addressused',
      integer: 'participationtypemask addressusedemailcolumnnumber ispartydeleted',
      polymorphic: 'activityid partyid',
    },
  ],
  [
    'activitymimeattachment',
    {
      key: 'activitymimeattachmentid',
      text: 'filename mimetype subject attachmentcontentid',
      integer: 'attachmentnumber filesize',
      bytes: 'body',
      polymorphic: 'objectid',
    },
  ],
  [
    'systemuser',
    {
      key: 'systemuserid',
      searched: 'fullname',
      folded: 'internalemailaddress',
      text: `firstname lastname domainname title jobtitle mobilephone address1_telephone1 azureactivedirectoryobjectid applicationid ${written.text}`,
      integer: 'isdisabled',
      lookup: `businessunitid ${written.lookup}`,
    },
  ],
  [
    'team',
    {
      key: 'teamid',
      searched: 'name',
      folded: 'emailaddress',
      text: `description ${written.text}`,
      integer: 'teamtype',
      lookup: `businessunitid ${written.lookup}`,
    },
  ],
  ['queue', owned({ key: 'queueid', searched: 'name', folded: 'emailaddress', text: 'description' })],
  [
    'businessunit',
    { key: 'businessunitid', searched: 'name', text: written.text, lookup: `parentbusinessunitid ${written.lookup}` },
  ],
  ['role', { key: 'roleid', searched: 'name', text: written.text, lookup: `businessunitid ${written.lookup}` }],
  [
    'organization',
    {
      key: 'organizationid',
      searched: 'name',
      text: `trackingprefix blockedattachments ${written.text}`,
      integer: 'maxuploadfilesize',
      lookup: written.lookup,
    },
  ],
]);

const activityColumns = [
  'activityid subject subject_folded description scheduledstart scheduledend actualstart actualend prioritycode',
  'regardingobjectid regardingobjectid_type createdon modifiedon createdby modifiedby owningbusinessunit',
  'ownerid ownerid_type statecode statuscode versionnumber',
].join(' ');

export const crmTables: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    if (engine === 'postgres') await run(foldInPostgres);
    await run(
      engine === 'postgres' ? 'create sequence crm_version' : 'create table crm_version (value integer not null)',
    );
    if (engine === 'sqlite') await run('insert into crm_version values (0)');
    const trigrams = engine === 'postgres' && (await hasTrigrams(db));
    for (const [name, shape] of tables) {
      await run(tableText(name, shape, engine));
      for (const statement of indexTexts(name, shape, engine, trigrams)) await run(statement);
    }
    await run('create unique index email_once on email (messageid, directioncode) where messageid is not null');
    await run('create index email_reply on email (inreplyto)');
    await run('create unique index systemuser_identity on systemuser (azureactivedirectoryobjectid)');
    await run(
      'create table systemuserroles (systemuserid text not null, roleid text not null, primary key (systemuserid, roleid))',
    );
    const each = ['email', 'appointment', 'task', 'phonecall'];
    const parts = each.map(
      (name) => `select '${name}' as activitytypecode, ${words(activityColumns).join(', ')} from ${name}`,
    );
    await run(`create view activitypointer as ${parts.join(' union all ')}`);
  },
};

function words(text: string | undefined): string[] {
  return text?.split(' ').filter((word) => word !== '') ?? [];
}

function tableText(name: string, shape: TableShape, engine: Engine): string {
  const postgres = engine === 'postgres';
  // The order of bytes, as SQLite has it: also what lets an index serve a prefix.
  const text = postgres ? 'text collate "C"' : 'text';
  const columns = [
    postgres ? 'rowno bigint generated always as identity' : 'rowno integer primary key',
    `${shape.key} ${text} not null ${postgres ? 'primary key' : 'unique'}`,
    'versionnumber bigint not null',
    ...words(shape.text).map((column) => `${column} ${text}`),
    ...foldedColumns(shape).flatMap((column) => [`${column} ${text}`, `${column}_folded ${text}`]),
    ...words(shape.integer).map((column) => `${column} ${postgres ? 'bigint' : 'integer'}`),
    ...words(shape.real).map((column) => `${column} ${postgres ? 'double precision' : 'real'}`),
    ...words(shape.bytes).map((column) => `${column} ${postgres ? 'bytea' : 'blob'}`),
    ...words(shape.lookup).map((column) => `${column} ${text}`),
    ...words(shape.polymorphic).flatMap((column) => [`${column} ${text}`, `${column}_type ${text}`]),
  ];
  return `create table ${name} (${columns.join(', ')})`;
}

function foldedColumns(shape: TableShape): string[] {
  return [...words(shape.searched), ...words(shape.folded)];
}

function indexTexts(name: string, shape: TableShape, engine: Engine, trigrams: boolean): string[] {
  const indexed = [
    'versionnumber',
    ...foldedColumns(shape).map((column) => `${column}_folded`),
    ...words(shape.lookup).filter((column) => !words(written.lookup).includes(column)),
    ...words(shape.polymorphic),
    ...words(shape.text).filter((column) =>
      ['createdon', 'modifiedon', 'scheduledend', 'actualend', 'senton'].includes(column),
    ),
  ];
  const plain = indexed.map((column) => `create index ${name}_by_${column} on ${name} (${column})`);
  const searched = words(shape.searched).map((column) => `${column}_folded`);
  if (engine === 'sqlite') return [...plain, ...(searched.length > 0 ? fullText(name, searched) : [])];
  if (!trigrams) return plain;
  return [
    ...plain,
    ...searched.map((column) => `create index ${name}_in_${column} on ${name} using gin (${column} gin_trgm_ops)`),
  ];
}

/** A trigram index beside the table, kept by triggers; it holds no text of its own. */
function fullText(name: string, columns: string[]): string[] {
  const list = columns.join(', ');
  const of = (row: string) => columns.map((column) => `${row}.${column}`).join(', ');
  const add = `insert into ${name}_fts (rowid, ${list}) values (new.rowno, ${of('new')});`;
  const drop = `insert into ${name}_fts (${name}_fts, rowid, ${list}) values ('delete', old.rowno, ${of('old')});`;
  return [
    `create virtual table ${name}_fts using fts5 (${list}, content = '${name}', content_rowid = 'rowno', tokenize = 'trigram', detail = 'none')`,
    `create trigger ${name}_fts_insert after insert on ${name} begin ${add} end`,
    `create trigger ${name}_fts_delete after delete on ${name} begin ${drop} end`,
    `create trigger ${name}_fts_update after update of ${list} on ${name} begin ${drop} ${add} end`,
  ];
}

/** The extension is part of every usual installation, but not every role may create it: then substrings are scanned for. */
async function hasTrigrams(db: Kysely<object>): Promise<boolean> {
  await sql`do $$ begin create extension if not exists pg_trgm; exception when others then null; end $$`.execute(db);
  const { rows } = await sql`select 1 from pg_extension where extname = 'pg_trgm'`.execute(db);
  return rows.length > 0;
}
