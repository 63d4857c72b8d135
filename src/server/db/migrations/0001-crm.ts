import { sql } from 'kysely';
import { foldInPostgres } from '../fold.ts';
import { hasTrigrams, indexTexts, tableText, words, type TableShape } from '../table-shape.ts';
import type { Step } from './step.ts';

/** The tables that a person at work sees. */
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
