import { model, type CollectionParts } from '../metadata.ts';
import { activities, activityTables, partyTables, regardingTables } from './activities.ts';
import { account } from './account.ts';
import { closes } from './closes.ts';
import { connections } from './connections.ts';
import { contact } from './contact.ts';
import { transactioncurrency } from './currency.ts';
import { duplicates } from './duplicates.ts';
import { service } from './incident.ts';
import { lead } from './lead.ts';
import { mailboxes } from './mailboxes.ts';
import { notes } from './notes.ts';
import { offline } from './offline.ts';
import { opportunity } from './opportunity.ts';
import { organisation } from './organisation.ts';
import { queues } from './queues.ts';
import { security, securityCollections, securityPairs } from './security.ts';
import { templates } from './templates.ts';
import { views } from './views.ts';

const inverse: CollectionParts[] = [
  ['contact_customer_accounts', 'account', 'contact', 'parentcustomerid'],
  ['contact_customer_contacts', 'contact', 'contact', 'parentcustomerid'],
  ['account_parent_account', 'account', 'account', 'parentaccountid'],
  ['account_primary_contact', 'contact', 'account', 'primarycontactid'],
  ['opportunity_customer_accounts', 'account', 'opportunity', 'customerid'],
  ['opportunity_customer_contacts', 'contact', 'opportunity', 'customerid'],
  ['opportunity_parent_account', 'account', 'opportunity', 'parentaccountid'],
  ['opportunity_parent_contact', 'contact', 'opportunity', 'parentcontactid'],
  ['opportunity_originating_lead', 'lead', 'opportunity', 'originatingleadid'],
  ['incident_customer_accounts', 'account', 'incident', 'customerid'],
  ['incident_customer_contacts', 'contact', 'incident', 'customerid'],
  ['contact_as_primary_contact', 'contact', 'incident', 'primarycontactid'],
  ['lead_parent_account', 'account', 'lead', 'parentaccountid'],
  ['lead_parent_contact', 'contact', 'lead', 'parentcontactid'],
  ['activitypointer_activity_parties', 'activitypointer', 'activityparty', 'activityid'],
  ['activity_pointer_activity_mime_attachment', 'activitypointer', 'activitymimeattachment', 'objectid'],
  ['email_activity_mime_attachment', 'email', 'activitymimeattachment', 'objectid', 'owned'],
  ['appointment_activity_mime_attachment', 'appointment', 'activitymimeattachment', 'objectid', 'owned'],
  ['system_user_activity_parties', 'systemuser', 'activityparty', 'partyid'],
  ['business_unit_system_users', 'businessunit', 'systemuser', 'businessunitid'],
  ...activityTables.map((name): CollectionParts => [
    `${name}_activity_parties`,
    name,
    'activityparty',
    'activityid',
    'owned',
  ]),
  ...partyTables
    .filter((name) => name !== 'systemuser')
    .map((name): CollectionParts => [`${name}_activity_parties`, name, 'activityparty', 'partyid']),
  ...regardingTables.flatMap((name) => activitiesOf(name)),
];

/** `Contact_Emails`, `Contact_ActivityPointers` ...: the original writes these with a capital. */
function activitiesOf(name: string): CollectionParts[] {
  const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const sets = {
    email: 'Emails',
    appointment: 'Appointments',
    task: 'Tasks',
    phonecall: 'Phonecalls',
    activitypointer: 'ActivityPointers',
  };
  return Object.entries(sets).map(([target, set]): CollectionParts => [
    `${capital}_${set}`,
    name,
    target,
    'regardingobjectid',
  ]);
}

export const crmModel = model(
  [
    account,
    contact,
    lead,
    opportunity,
    ...service,
    ...activities,
    ...closes,
    ...notes,
    ...connections,
    ...queues,
    ...mailboxes,
    ...templates,
    ...duplicates,
    ...views,
    ...offline,
    transactioncurrency,
    ...organisation,
    ...security,
  ],
  [...inverse, ...securityCollections],
  securityPairs,
);
