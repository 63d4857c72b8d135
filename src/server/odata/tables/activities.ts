import {
  byServer,
  choice,
  lookup,
  memo,
  named,
  plain,
  required,
  table,
  text,
  type Table,
  type TableParts,
} from '../metadata.ts';
import { correlationColumns, resolutionColumns } from './mail-columns.ts';
import { imported, rare } from './shared-columns.ts';

export const regardingTables = ['account', 'contact', 'lead', 'opportunity', 'incident'] as const;
export const partyTables = ['systemuser', 'contact', 'account', 'lead', 'team', 'queue'] as const;
/** What people put into a queue, a calendar or a list of things to do. */
export const queuedActivities = ['email', 'appointment', 'task', 'phonecall', 'letter'] as const;
export const activityTables = [...queuedActivities, 'opportunityclose', 'incidentresolution'] as const;

const BODY = 1_073_741_823;

const shared = (type: string): TableParts['columns'] => ({
  activitytypecode: byServer(text('Activity Type', 64, { constant: type })),
  subject: required(named('Subject', 800)),
  description: memo('Description', BODY),
  regardingobjectid: lookup('Regarding', ...regardingTables),
  scheduledstart: plain('Start', 'datetime'),
  scheduledend: plain('Due', 'datetime'),
  actualstart: plain('Actual Start', 'datetime'),
  actualend: plain('Actual End', 'datetime'),
  prioritycode: choice('Priority', { 0: 'Low', 1: 'Normal', 2: 'High' }, 1),
  actualdurationminutes: plain('Actual Duration', 'integer'),
  scheduleddurationminutes: plain('Scheduled Duration', 'integer'),
  ...rare({
    sortdate: plain('Sort Date', 'datetime'),
    isbilled: plain('Is Billed', 'boolean', { initial: false }),
    isworkflowcreated: plain('Is Workflow Created', 'boolean', { initial: false }),
  }),
});

const categories = rare({ category: text('Category', 250), subcategory: text('Sub-Category', 250) });

/** Lookups that activitypointer hands down; `ownerid_email` and the like are the activity's own names of them. */
const inherited = new Set(['createdby', 'modifiedby', 'owningbusinessunit', 'transactioncurrencyid']);

/** Both the navigation that activitypointer hands down and the activity's own one are spoken. */
export function activity(parts: Omit<TableParts, 'key' | 'primary' | 'owned' | 'activity' | 'paths'>): Table {
  return table({
    ...parts,
    key: 'activityid',
    primary: 'subject',
    owned: true,
    activity: true,
    columns: { ...shared(parts.name), ...parts.columns },
    paths: (column, target) =>
      column === 'regardingobjectid'
        ? [`regardingobjectid_${target}`, `regardingobjectid_${target}_${parts.name}`]
        : inherited.has(column)
          ? [column, `${column}_${parts.name}`]
          : undefined,
  });
}

const emailTable = activity({
  name: 'email',
  label: 'E-mail',
  set: 'emails',
  states: [
    [
      0,
      'Open',
      [
        [1, 'Draft'],
        [8, 'Failed'],
      ],
    ],
    [
      1,
      'Completed',
      [
        [2, 'Completed'],
        [3, 'Sent'],
        [4, 'Received'],
        [6, 'Pending Send'],
        [7, 'Sending'],
      ],
    ],
    [2, 'Canceled', [[5, 'Canceled']]],
  ],
  columns: {
    subject: named('Subject', 800),
    safedescription: byServer(memo('Safe Description', BODY, { heavy: true, from: 'description' })),
    directioncode: plain('Outgoing', 'boolean', { initial: true }),
    sender: text('From', 250),
    torecipients: text('To Recipients', 500),
    submittedby: text('Submitted By', 250),
    messageid: text('Message ID', 320, { exact: true }),
    inreplyto: byServer(text('In Reply To', 320, { exact: true })),
    conversationindex: byServer(text('Conversation Index', 2048, { exact: true })),
    conversationtrackingid: byServer(plain('Conversation Tracking Id', 'guid')),
    trackingtoken: text('Tracking Token', 50),
    correlationmethod: byServer(
      choice('Correlation Method', {
        0: 'None',
        1: 'Skipped',
        2: 'XHeader',
        3: 'InReplyTo',
        4: 'TrackingToken',
        5: 'ConversationIndex',
        6: 'SmartMatching',
        7: 'CustomCorrelation',
      }),
    ),
    senton: byServer(plain('Date Sent', 'datetime')),
    attachmentcount: byServer(plain('Attachment Count', 'integer', { initial: 0 })),
    notifications: choice('Notifications', { 0: 'None', 1: 'Attachments were left out', 2: 'The body was cut' }),
    internetmessageheaders: byServer(text('Internet Message Headers', 500)),
    readreceiptrequested: plain('Read Receipt Requested', 'boolean'),
    deliveryreceiptrequested: plain('Delivery Receipt Requested', 'boolean'),
    deliveryattempts: plain('Delivery Attempts', 'integer'),
    deliveryprioritycode: choice('Delivery Priority', { 0: 'Low', 1: 'Normal', 2: 'High' }, 1),
    isduplicatesenderunresolved: byServer(plain('Several Senders Match', 'boolean')),
    correlatedactivityid: byServer(lookup('Correlated With', 'email')),
    parentactivityid: byServer(lookup('Reply To', 'email')),
    emailsender: byServer(lookup('Sender', ...partyTables)),
    sendersaccount: byServer(lookup("Sender's Account", 'account')),
    ...correlationColumns,
    sendermailboxid: byServer(lookup("Sender's Mailbox", 'mailbox')),
    receivingmailboxid: lookup('Receiving Mailbox', 'mailbox'),
    acceptingentityid: byServer(lookup('Accepting Entity', 'queue', 'systemuser')),
    templateid: lookup('Template', 'template'),
    ...rare({
      mimetype: text('Mime Type', 256),
      compressed: byServer(plain('Compression', 'boolean', { initial: false })),
      delayedemailsendtime: plain('Delayed Send Time', 'datetime'),
      postponeemailprocessinguntil: byServer(plain('Delay email processing until', 'datetime')),
      lastopenedtime: byServer(plain('Last Opened Time', 'datetime')),
      opencount: byServer(plain('Open Count', 'integer', { initial: 0 })),
      replycount: byServer(plain('Reply Count', 'integer', { initial: 0 })),
      linksclickedcount: byServer(plain('Links Clicked Count', 'integer', { initial: 0 })),
      attachmentopencount: byServer(plain('Attachment Open Count', 'integer', { initial: 0 })),
      followemailuserpreference: plain('Following', 'boolean', { initial: true }),
      isunsafe: byServer(plain('IsUnsafe', 'integer')),
    }),
    ...categories,
    ...imported,
  },
});

const appointment = activity({
  name: 'appointment',
  label: 'Appointment',
  set: 'appointments',
  states: [
    [
      0,
      'Open',
      [
        [1, 'Free'],
        [2, 'Tentative'],
      ],
    ],
    [1, 'Completed', [[3, 'Completed']]],
    [2, 'Canceled', [[4, 'Canceled']]],
    [
      3,
      'Scheduled',
      [
        [5, 'Busy'],
        [6, 'Out of Office'],
      ],
    ],
  ],
  columns: {
    location: text('Location', 200),
    isalldayevent: plain('All Day Event', 'boolean', { initial: false }),
    globalobjectid: text('Global Object Id', 300, { exact: true }),
    instancetypecode: choice(
      'Instance',
      { 0: 'Not Recurring', 1: 'Recurring Master', 2: 'Instance', 3: 'Exception', 4: 'Future Exception' },
      0,
    ),
    isonlinemeeting: plain('Online Meeting', 'boolean'),
    onlinemeetingjoinurl: text('Join Address', 2000),
    isdraft: plain('Draft', 'boolean'),
    attachmentcount: byServer(plain('Attachment Count', 'integer', { initial: 0 })),
    ...rare({
      onlinemeetingid: text('Online Meeting Id', 250, { exact: true }),
      onlinemeetingchatid: text('Online Meeting Chat Id', 250, { exact: true }),
      onlinemeetingtype: choice('Online Meeting Type', { 1: 'Teams Meeting' }),
      modifiedfieldsmask: text('Modified Fields Mask', 100),
      originalstartdate: plain('Original Start Date', 'datetime'),
      outlookownerapptid: plain('Outlook Appointment Owner', 'integer'),
      seriesid: plain('Series Id', 'guid'),
    }),
    ...categories,
    ...imported,
  },
});

const task = activity({
  name: 'task',
  label: 'Task',
  set: 'tasks',
  states: [
    [
      0,
      'Open',
      [
        [2, 'Not Started'],
        [3, 'In Progress'],
        [4, 'Waiting on someone else'],
        [7, 'Deferred'],
      ],
    ],
    [1, 'Completed', [[5, 'Completed']]],
    [2, 'Canceled', [[6, 'Canceled']]],
  ],
  columns: {
    category: text('Category', 250),
    percentcomplete: plain('Percent Complete', 'integer'),
    subcategory: text('Sub-Category', 250, { heavy: true }),
    ...imported,
  },
});

const phonecall = activity({
  name: 'phonecall',
  label: 'Phone Call',
  set: 'phonecalls',
  states: [
    [0, 'Open', [[1, 'Open']]],
    [
      1,
      'Completed',
      [
        [2, 'Made'],
        [4, 'Received'],
      ],
    ],
    [2, 'Canceled', [[3, 'Canceled']]],
  ],
  columns: {
    phonenumber: text('Phone Number', 200),
    directioncode: plain('Outgoing', 'boolean', { initial: true }),
    leftvoicemail: plain('Left Voice Mail', 'boolean', { initial: false }),
    ...categories,
    ...imported,
  },
});

const letter = activity({
  name: 'letter',
  label: 'Letter',
  set: 'letters',
  states: [
    [
      0,
      'Open',
      [
        [1, 'Open'],
        [2, 'Draft'],
      ],
    ],
    [
      1,
      'Completed',
      [
        [4, 'Sent'],
        [3, 'Received'],
      ],
    ],
    [2, 'Canceled', [[5, 'Canceled']]],
  ],
  columns: {
    address: text('Address', 200),
    directioncode: plain('Outgoing', 'boolean', { initial: true }),
    ...categories,
    ...imported,
  },
});

const activitypointer = table({
  name: 'activitypointer',
  label: 'Activity',
  set: 'activitypointers',
  key: 'activityid',
  primary: 'subject',
  owned: true,
  activity: true,
  readOnly: true,
  states: [
    [0, 'Open', [[1, 'Open']]],
    [1, 'Completed', [[2, 'Completed']]],
    [2, 'Canceled', [[3, 'Canceled']]],
    [3, 'Scheduled', [[4, 'Scheduled']]],
  ],
  columns: { ...shared('activitypointer'), activitytypecode: byServer(text('Activity Type', 64)) },
});

const activityparty = table({
  name: 'activityparty',
  label: 'Activity Party',
  set: 'activityparties',
  key: 'activitypartyid',
  part: true,
  columns: {
    activityid: lookup('Activity', ...activityTables),
    partyid: lookup('Party', ...partyTables),
    participationtypemask: choice('Participation', {
      1: 'Sender',
      2: 'To Recipient',
      3: 'CC Recipient',
      4: 'BCC Recipient',
      5: 'Required attendee',
      6: 'Optional attendee',
      7: 'Organizer',
      8: 'Regarding',
      9: 'Owner',
      10: 'Resource',
      11: 'Customer',
      12: 'Chat participant',
    }),
    addressused: text('Address', 320, { folded: 'whole' }),
    addressusedemailcolumnnumber: plain('Column of the Address', 'integer'),
    ispartydeleted: plain('Party Deleted', 'boolean', { initial: false }),
    ...resolutionColumns,
  },
});

const activitymimeattachment = table({
  name: 'activitymimeattachment',
  label: 'Attachment',
  set: 'activitymimeattachments',
  key: 'activitymimeattachmentid',
  part: true,
  primary: 'filename',
  columns: {
    objectid: lookup('Activity', ...activityTables),
    filename: text('File Name', 255),
    mimetype: text('MIME Type', 256),
    subject: text('Subject', 2000),
    attachmentcontentid: text('Content Id', 250),
    attachmentnumber: plain('Number', 'integer'),
    filesize: byServer(plain('File Size', 'integer')),
    body: plain('Content', 'bytes', { heavy: true, inPieces: true }),
  },
  paths: (column, target) =>
    column === 'objectid'
      ? [`objectid_${target}`, ...(target === 'email' ? ['objectid_activitypointer'] : [])]
      : undefined,
});

export const activities: readonly Table[] = [
  emailTable,
  appointment,
  task,
  phonecall,
  letter,
  activitypointer,
  activityparty,
  activitymimeattachment,
];
