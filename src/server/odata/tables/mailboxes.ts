import { byServer, choice, email, lookup, memo, named, plain, required, table, text, type Table } from '../metadata.ts';
import { activeStates, emailRouterAccessApproval, incomingDelivery, outgoingDelivery } from './option-sets.ts';
import { rare } from './shared-columns.ts';

const testResult = { 0: 'Not Run', 1: 'Success', 2: 'Failure' };

const mailbox = table({
  name: 'mailbox',
  label: 'Mailbox',
  set: 'mailboxes',
  key: 'mailboxid',
  primary: 'name',
  owned: true,
  states: activeStates,
  columns: {
    name: required(named('Name', 200)),
    emailaddress: email('Email Address'),
    regardingobjectid: lookup('Regarding', 'queue', 'systemuser'),
    isforwardmailbox: plain('Is Forward Mailbox', 'boolean', { initial: false }),
    username: text('User Name', 200),
    incomingemaildeliverymethod: choice('Incoming Email Delivery Method', incomingDelivery, 0),
    outgoingemaildeliverymethod: choice('Outgoing Email Delivery Method', outgoingDelivery, 0),
    actdeliverymethod: choice(
      'ACT Delivery Method',
      { 0: 'Microsoft Dynamics 365 for Outlook', 1: 'Server-Side Synchronization', 2: 'None' },
      2,
    ),
    enabledforincomingemail: byServer(plain('Enabled For Incoming Email', 'boolean', { initial: false })),
    enabledforoutgoingemail: byServer(plain('Enabled For Outgoing Email', 'boolean', { initial: false })),
    enabledforact: byServer(plain('Enabled For ACT', 'boolean', { initial: false })),
    emailrouteraccessapproval: choice('Email Address Status', emailRouterAccessApproval, 0),
    isemailaddressapprovedbyo365admin: byServer(plain('Email Address Approved', 'boolean', { initial: false })),
    incomingemailstatus: byServer(choice('Incoming Email Status', testResult, 0)),
    outgoingemailstatus: byServer(choice('Outgoing Email Status', testResult, 0)),
    actstatus: byServer(choice('ACT Status', testResult, 0)),
    mailboxstatus: byServer(choice('Mailbox Status', testResult, 0)),
    testemailconfigurationscheduled: plain('Test Email Configuration Scheduled', 'boolean', { initial: false }),
    lastsuccessfulsynccompletedon: byServer(plain('Last Successful Sync Completed On', 'datetime')),
    ...rare({
      processanddeleteemails: plain('Delete Emails after Processing', 'boolean', { initial: false }),
      itemsprocessedforlastsync: byServer(plain('Items Processed For Last Sync', 'integer')),
      itemsfailedforlastsync: byServer(plain('Items Failed For Last Sync', 'integer')),
      lastmessageid: text('Last Message ID', 1024, { exact: true }),
      lastsyncerror: byServer(text('Last Sync Error', 200)),
      lastsyncerrorcode: byServer(plain('Last Sync Error Code', 'integer')),
      lastsyncerrorcount: byServer(plain('Last Sync Error Count', 'integer')),
      lastsyncerroroccurredon: byServer(plain('Last Sync Error Occurred On', 'datetime')),
      lastsyncstartedon: byServer(plain('Last Sync Started On', 'datetime')),
      postponemailboxprocessinguntil: plain('Postpone Mailbox Processing Until', 'datetime'),
      postponesendinguntil: plain('Postpone Sending Until', 'datetime'),
      folderhierarchy: memo('Folder Hierarchy', 1_048_576),
      verboseloggingenabled: plain('Verbose Logging', 'integer'),
    }),
  },
});

/** A folder whose mails are tracked by being moved there (facts: at most 25 of one user). */
const mailboxtrackingfolder = table({
  name: 'mailboxtrackingfolder',
  label: 'Mailbox Auto Tracking Folder',
  set: 'mailboxtrackingfolders',
  key: 'mailboxtrackingfolderid',
  primary: 'exchangefoldername',
  owned: true,
  columns: {
    exchangefolderid: text('Exchange Folder Id', 120, { exact: true }),
    exchangefoldername: named('Exchange Folder Name', 256),
    folderonboardingstatus: required(plain('Folder Onboarding Status', 'integer', { initial: 0 })),
    mailboxid: required(lookup('Mailbox', 'mailbox')),
    regardingobjectid: lookup('Regarding Object Id', 'account', 'contact', 'lead', 'opportunity', 'incident'),
  },
});

export const mailboxes: readonly Table[] = [mailbox, mailboxtrackingfolder];
