import { byServer, choice, email, lookup, named, plain, required, table, text, type Table } from '../metadata.ts';
import { defaultValue } from './option-sets.ts';
import { description, imported, merged, rare } from './shared-columns.ts';

const agreement = { 1: 'In Progress', 2: 'Nearing Noncompliance', 3: 'Succeeded', 4: 'Noncompliant' };

const incident = table({
  name: 'incident',
  label: 'Case',
  set: 'incidents',
  key: 'incidentid',
  primary: 'title',
  owned: true,
  states: [
    [
      0,
      'Active',
      [
        [1, 'In Progress'],
        [2, 'On Hold'],
        [3, 'Waiting for Details'],
        [4, 'Researching'],
      ],
    ],
    [
      1,
      'Resolved',
      [
        [5, 'Problem Solved'],
        [1000, 'Information Provided'],
      ],
    ],
    [
      2,
      'Canceled',
      [
        [6, 'Canceled'],
        [2000, 'Merged'],
      ],
    ],
  ],
  columns: {
    title: required(named('Case Title', 200)),
    ticketnumber: named('Case Number', 100),
    ...description,
    caseorigincode: choice('Origin', {
      1: 'Phone',
      2: 'Email',
      3: 'Web',
      2483: 'Facebook',
      3986: 'Twitter',
      700610000: 'IoT',
    }),
    prioritycode: choice('Priority', { 1: 'High', 2: 'Normal', 3: 'Low' }, 2),
    casetypecode: choice('Case Type', { 1: 'Question', 2: 'Problem', 3: 'Request' }),
    severitycode: choice('Severity', defaultValue, 1),
    customerid: required(lookup('Customer', 'account', 'contact')),
    primarycontactid: lookup('Contact', 'contact'),
    subjectid: lookup('Subject', 'subject'),
    parentcaseid: lookup('Parent Case', 'incident'),
    isescalated: plain('Is Escalated', 'boolean', { initial: false }),
    ...rare({
      responsiblecontactid: lookup('Responsible Contact (Deprecated)', 'contact'),
      existingcase: lookup('Existing Case', 'incident'),
      emailaddress: email('Email Address'),
      productserialnumber: text('Serial Number', 100),
      activitiescomplete: plain('Activities Complete', 'boolean', { initial: false }),
      checkemail: plain('Check Email', 'boolean', { initial: false }),
      customercontacted: plain('Customer Contacted', 'boolean', { initial: false }),
      firstresponsesent: plain('First Response Sent', 'boolean', { initial: false }),
      followuptaskcreated: plain('Follow up Task Created', 'boolean', { initial: false }),
      routecase: plain('Route Case', 'boolean', { initial: true }),
      contractservicelevelcode: choice('Service Level', { 1: 'Gold', 2: 'Silver', 3: 'Bronze' }),
      customersatisfactioncode: choice('Satisfaction', {
        1: 'Very Dissatisfied',
        2: 'Dissatisfied',
        3: 'Neutral',
        4: 'Satisfied',
        5: 'Very Satisfied',
      }),
      incidentstagecode: choice('Case Stage', defaultValue, 1),
      servicestage: choice('Service Stage', { 0: 'Identify', 1: 'Research', 2: 'Resolve' }, 0),
      messagetypecode: choice('Received As', { 0: 'Public Message', 1: 'Private Message' }),
      firstresponseslastatus: choice('First Response SLA Status', agreement, 1),
      resolvebyslastatus: choice('Resolve By SLA Status', agreement, 1),
      responseby: plain('First Response By', 'datetime'),
      resolveby: plain('Resolve By', 'datetime'),
      followupby: plain('Follow Up By', 'date'),
      escalatedon: byServer(plain('Escalated On', 'datetime')),
      numberofchildincidents: byServer(plain('Child Cases', 'integer')),
    }),
    ...merged('incident'),
    ...imported,
  },
});

const subject = table({
  name: 'subject',
  label: 'Subject',
  set: 'subjects',
  key: 'subjectid',
  primary: 'title',
  columns: {
    title: required(named('Title', 500)),
    ...description,
    parentsubject: lookup('Parent Subject', 'subject'),
    featuremask: plain('Feature Mask', 'integer', { initial: 1 }),
  },
});

export const service: readonly Table[] = [incident, subject];
