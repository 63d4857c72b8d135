import { byServer, choice, email, lookup, named, plain, required, table, text, type Table } from '../metadata.ts';
import { queuedActivities } from './activities.ts';
import { activeStates, emailRouterAccessApproval, incomingDelivery, outgoingDelivery } from './option-sets.ts';
import { imported, rare } from './shared-columns.ts';

/** What can wait in a queue. */
export const queuedTables = [...queuedActivities, 'incident'] as const;

const queue = table({
  name: 'queue',
  label: 'Queue',
  set: 'queues',
  key: 'queueid',
  primary: 'name',
  owned: true,
  states: activeStates,
  columns: {
    name: required(named('Name', 200)),
    emailaddress: email('Incoming Email'),
    description: text('Description', 2000),
    queueviewtype: choice('Type', { 0: 'Public', 1: 'Private' }, 0),
    queuetypecode: choice('Queue Type (deprecated)', { 1: 'Default Value' }),
    incomingemailfilteringmethod: choice(
      'Convert Incoming Email To Activities',
      {
        0: 'All email messages',
        1: 'Email messages in response to Dynamics 365 email',
        2: 'Email messages from Dynamics 365 Leads, Contacts and Accounts',
      },
      0,
    ),
    incomingemaildeliverymethod: choice('Incoming Email Delivery Method', incomingDelivery, 2),
    outgoingemaildeliverymethod: choice('Outgoing Email Delivery Method', outgoingDelivery, 2),
    emailrouteraccessapproval: choice('Primary Email Status', emailRouterAccessApproval, 0),
    isemailaddressapprovedbyo365admin: byServer(plain('Email Address Approved', 'boolean', { initial: false })),
    defaultmailbox: lookup('Mailbox', 'mailbox'),
    businessunitid: byServer(lookup('Business Unit', 'businessunit')),
    primaryuserid: lookup('Owner (deprecated)', 'systemuser'),
    numberofitems: byServer(plain('Queue items', 'integer')),
    numberofmembers: byServer(plain('No. of Members', 'integer')),
    ...rare({
      allowemailcredentials: plain('Allow Credentials', 'boolean', { initial: false }),
      ignoreunsolicitedemail: plain('Convert To Email Activities', 'boolean', { initial: false }),
      isfaxqueue: plain('Fax Queue', 'boolean', { initial: false }),
    }),
    ...imported,
  },
});

const queueitem = table({
  name: 'queueitem',
  label: 'Queue Item',
  set: 'queueitems',
  key: 'queueitemid',
  primary: 'title',
  states: activeStates,
  columns: {
    title: byServer(named('Title', 300)),
    queueid: required(lookup('Queue', 'queue')),
    objectid: required(lookup('Object', ...queuedTables)),
    workerid: lookup('Worked By', 'systemuser', 'team'),
    workeridmodifiedon: byServer(plain('Worked By Last Modified', 'datetime')),
    enteredon: byServer(plain('Entered Queue', 'datetime')),
    priority: plain('Priority', 'integer'),
    sender: text('From', 250),
    torecipients: text('To', 500),
    ownerid: byServer(lookup('Owner', 'systemuser', 'team')),
    owningbusinessunit: byServer(lookup('Owning Business Unit', 'businessunit')),
    ...imported,
  },
});

export const queues: readonly Table[] = [queue, queueitem];
