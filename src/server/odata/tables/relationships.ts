import {
  parental,
  referential,
  restricting,
  type Cascades,
  type CollectionParts,
  type Column,
  type ManyParts,
  type Table,
} from '../metadata.ts';
import { activityTables } from './activities.ts';

/** Goes with what it points to, but keeps its own owner. */
const dependent: Cascades = { assign: 'none', share: 'none', delete: 'cascade' };

/** One-to-many relationships with names of their own; all the others are named by a rule, as the original names them. */
const named: readonly CollectionParts[] = [
  ['contact_customer_accounts', 'account', 'contact', 'parentcustomerid', parental],
  ['contact_customer_contacts', 'contact', 'contact', 'parentcustomerid', parental],
  ['account_parent_account', 'account', 'account', 'parentaccountid'],
  ['account_primary_contact', 'contact', 'account', 'primarycontactid'],
  ['system_user_accounts', 'systemuser', 'account', 'preferredsystemuserid'],
  ['system_user_contacts', 'systemuser', 'contact', 'preferredsystemuserid'],
  ['account_originating_lead', 'lead', 'account', 'originatingleadid'],
  ['contact_originating_lead', 'lead', 'contact', 'originatingleadid'],
  ['opportunity_customer_accounts', 'account', 'opportunity', 'customerid', parental],
  ['opportunity_customer_contacts', 'contact', 'opportunity', 'customerid', parental],
  ['opportunity_parent_account', 'account', 'opportunity', 'parentaccountid'],
  ['opportunity_parent_contact', 'contact', 'opportunity', 'parentcontactid'],
  ['opportunity_originating_lead', 'lead', 'opportunity', 'originatingleadid'],
  ['incident_customer_accounts', 'account', 'incident', 'customerid', parental],
  ['incident_customer_contacts', 'contact', 'incident', 'customerid', parental],
  ['contact_as_primary_contact', 'contact', 'incident', 'primarycontactid'],
  ['contact_as_responsible_contact', 'contact', 'incident', 'responsiblecontactid'],
  ['incident_parent_incident', 'incident', 'incident', 'parentcaseid'],
  ['incident_existingcase', 'incident', 'incident', 'existingcase'],
  ['subject_incidents', 'subject', 'incident', 'subjectid'],
  ['subject_parent_subject', 'subject', 'subject', 'parentsubject', dependent],
  ['lead_parent_account', 'account', 'lead', 'parentaccountid'],
  ['lead_parent_contact', 'contact', 'lead', 'parentcontactid'],
  ['lead_customer_accounts', 'account', 'lead', 'customerid'],
  ['lead_customer_contacts', 'contact', 'lead', 'customerid'],
  ['lead_qualifying_opportunity', 'opportunity', 'lead', 'qualifyingopportunityid'],
  ['OriginatingCase_Lead', 'incident', 'lead', 'originatingcaseid'],
  ['opportunity_OpportunityCloses', 'opportunity', 'opportunityclose', 'opportunityid', parental],
  ['incident_IncidentResolutions', 'incident', 'incidentresolution', 'incidentid', parental],
  ['activitypointer_activity_parties', 'activitypointer', 'activityparty', 'activityid'],
  ['activity_pointer_activity_mime_attachment', 'activitypointer', 'activitymimeattachment', 'objectid'],
  ['system_user_activity_parties', 'systemuser', 'activityparty', 'partyid'],
  ['business_unit_system_users', 'businessunit', 'systemuser', 'businessunitid', restricting],
  ['queue_system_user', 'queue', 'systemuser', 'queueid'],
  ['queue_team', 'queue', 'team', 'queueid'],
  ['lk_teambase_administratorid', 'systemuser', 'team', 'administratorid'],
  ['queue_primary_user', 'systemuser', 'queue', 'primaryuserid'],
  ['queue_entries', 'queue', 'queueitem', 'queueid', dependent],
  ['systemuser_queueitem_workerid', 'systemuser', 'queueitem', 'workerid'],
  ['team_queueitem_workerid', 'team', 'queueitem', 'workerid'],
  ['connection_role_connections1', 'connectionrole', 'connection', 'record1roleid', restricting],
  ['connection_role_connections2', 'connectionrole', 'connection', 'record2roleid', restricting],
  ['connection_related_connection', 'connection', 'connection', 'relatedconnectionid', dependent],
  ['mailbox_regarding_systemuser', 'systemuser', 'mailbox', 'regardingobjectid', dependent],
  ['mailbox_regarding_queue', 'queue', 'mailbox', 'regardingobjectid', dependent],
  ['systemuser_defaultmailbox_mailbox', 'mailbox', 'systemuser', 'defaultmailbox'],
  ['queue_defaultmailbox_mailbox', 'mailbox', 'queue', 'defaultmailbox'],
  ['mailboxtrackingfolder_mailboxid', 'mailbox', 'mailboxtrackingfolder', 'mailboxid', dependent],
  ['email_email_parentactivityid', 'email', 'email', 'parentactivityid'],
  ['email_email_correlatedactivityid', 'email', 'email', 'correlatedactivityid'],
  ['Account_Email_SendersAccount', 'account', 'email', 'sendersaccount'],
  ['DuplicateRule_DuplicateRuleConditions', 'duplicaterule', 'duplicaterulecondition', 'regardingobjectid', parental],
  [
    'MobileOfflineProfile_MobileOfflineProfileItem',
    'mobileofflineprofile',
    'mobileofflineprofileitem',
    'regardingobjectid',
    parental,
  ],
  [
    'MobileOfflineProfileItem_MobileOfflineProfileItemAssociation',
    'mobileofflineprofileitem',
    'mobileofflineprofileitemassociation',
    'mobileofflineprofileitemid',
    parental,
  ],
  ['basecurrency_organization', 'transactioncurrency', 'organization', 'basecurrencyid', restricting],
  ...activityTables.flatMap((name): CollectionParts[] => [
    [`${name}_activity_parties`, name, 'activityparty', 'activityid', 'owned'],
    [`${name}_activity_mime_attachment`, name, 'activitymimeattachment', 'objectid', 'owned'],
  ]),
];

/** Every lookup of `tables` has its other side: those named above or in `more`, and the rest by rule. */
export function relationshipsOf(
  tables: readonly Table[],
  more: readonly CollectionParts[] = [],
): readonly CollectionParts[] {
  const known = [...named, ...more];
  const covered = new Set(known.map(([, of, target, column]) => `${of} ${target} ${column}`));
  const ruled = tables.flatMap((child) =>
    [...child.columns.values()].flatMap((column) =>
      (column.targets ?? [])
        .filter((of) => !covered.has(`${of} ${child.name} ${column.name}`))
        .map((of) => byRule(child, column, of)),
    ),
  );
  return [...known, ...ruled];
}

function byRule(child: Table, column: Column, of: string): CollectionParts {
  const [name, cascades] = ruleFor(child, column.name, of);
  return [name, of, child.name, column.name, cascades];
}

/** Tables that somebody added keep the prefix of who did. */
function capital(name: string): string {
  if (name === 'phonecall') return 'PhoneCall';
  return name.includes('_') ? name : name.charAt(0).toUpperCase() + name.slice(1);
}

function ruleFor(child: Table, column: string, of: string): [name: string, cascades: Cascades] {
  const base = child.activity ? child.name : `${child.name}base`;
  switch (column) {
    case 'createdby':
    case 'modifiedby':
      return [`lk_${base}_${column}`, referential];
    case 'ownerid':
      return [`${of === 'team' ? 'team' : 'user'}_${child.activity ? child.name : child.setName}`, referential];
    case 'owningbusinessunit':
      return [`business_unit_${child.activity ? `${child.name}_activities` : child.setName}`, restricting];
    case 'businessunitid':
      return [`business_unit_${child.name}`, restricting];
    case 'transactioncurrencyid':
      return [`transactioncurrency_${child.name}`, restricting];
    case 'masterid':
      return [`${child.name}_master_${child.name}`, referential];
    case 'partyid':
      return [`${of}_activity_parties`, referential];
    case 'emailsender':
      return [`${capital(of)}_Email_EmailSender`, referential];
    case 'record1id':
    case 'record2id':
      return [`${of}_connections${column.charAt(6)}`, dependent];
    case 'objectid':
      return child.name === 'annotation'
        ? [`${capital(of)}_Annotation`, parental]
        : [`${capital(of)}_QueueItem`, dependent];
    case 'regardingobjectid':
      return regardingRule(child, of);
    default:
      return [`${of}_${child.name}_${column}`, referential];
  }
}

const activitySets = new Map([
  ['email', 'Emails'],
  ['appointment', 'Appointments'],
  ['task', 'Tasks'],
  ['phonecall', 'Phonecalls'],
  ['letter', 'Letters'],
  ['activitypointer', 'ActivityPointers'],
]);

/** `Contact_Emails`, `Contact_ActivityPointers` ...: the original writes these with a capital. */
function regardingRule(child: Table, of: string): [name: string, cascades: Cascades] {
  if (child.name === 'syncerror') return [`${capital(of)}_SyncErrors`, dependent];
  if (!child.activity) return [`${of}_${child.setName}`, dependent];
  const set = activitySets.get(child.name);
  return [set === undefined ? `${of}_${child.setName}_regarding` : `${capital(of)}_${set}`, parental];
}

/** Pairs of rows that may be many on both sides. */
export const pairs: readonly ManyParts[] = [
  {
    name: 'accountleads_association',
    intersect: 'accountleads',
    sides: [
      { table: 'account', column: 'accountid' },
      { table: 'lead', column: 'leadid' },
    ],
  },
  {
    name: 'contactleads_association',
    intersect: 'contactleads',
    sides: [
      { table: 'contact', column: 'contactid' },
      { table: 'lead', column: 'leadid' },
    ],
  },
];
