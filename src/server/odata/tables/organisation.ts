import { byServer, choice, email, lookup, named, plain, required, table, text, type Table } from '../metadata.ts';

const systemuser = table({
  name: 'systemuser',
  label: 'User',
  set: 'systemusers',
  key: 'systemuserid',
  primary: 'fullname',
  columns: {
    fullname: byServer(named('Full Name', 200)),
    firstname: text('First Name', 64),
    lastname: text('Last Name', 64),
    internalemailaddress: email('Primary E-mail'),
    domainname: text('User Name', 1024),
    title: text('Title', 128),
    jobtitle: text('Job Title', 100),
    mobilephone: text('Mobile Phone', 64),
    address1_telephone1: text('Main Phone', 64),
    azureactivedirectoryobjectid: plain('Directory Object Id', 'guid'),
    applicationid: byServer(plain('Application Id', 'guid')),
    isdisabled: plain('Disabled', 'boolean', { initial: false }),
    businessunitid: lookup('Business Unit', 'businessunit'),
    parentsystemuserid: lookup('Manager', 'systemuser'),
  },
});

const team = table({
  name: 'team',
  label: 'Team',
  set: 'teams',
  key: 'teamid',
  primary: 'name',
  columns: {
    name: required(named('Team Name', 160)),
    emailaddress: email('E-mail'),
    description: text('Description', 2000),
    teamtype: choice('Team Type', { 0: 'Owner', 1: 'Access' }, 0),
    businessunitid: lookup('Business Unit', 'businessunit'),
  },
});

const queue = table({
  name: 'queue',
  label: 'Queue',
  set: 'queues',
  key: 'queueid',
  primary: 'name',
  owned: true,
  states: [
    [0, 'Active', [[1, 'Active']]],
    [1, 'Inactive', [[2, 'Inactive']]],
  ],
  columns: {
    name: required(named('Name', 200)),
    emailaddress: email('Incoming E-mail'),
    description: text('Description', 2000),
  },
});

const businessunit = table({
  name: 'businessunit',
  label: 'Business Unit',
  set: 'businessunits',
  key: 'businessunitid',
  primary: 'name',
  columns: {
    name: required(named('Name', 160)),
    parentbusinessunitid: lookup('Parent Business', 'businessunit'),
    isdisabled: plain('Disabled', 'boolean', { initial: false }),
  },
});

const organization = table({
  name: 'organization',
  label: 'Organization',
  set: 'organizations',
  key: 'organizationid',
  primary: 'name',
  columns: {
    name: required(named('Organization Name', 160)),
    /** In bytes; the decoded size of one attachment. */
    maxuploadfilesize: plain('Maximum Attachment Size', 'integer'),
    trackingprefix: text('Tracking Prefix', 256),
    blockedattachments: text('Blocked Attachments', 4000),
    ishierarchicalsecuritymodelenabled: plain('Hierarchical Security', 'boolean', { initial: false }),
    /** How many levels of reports a manager may read. */
    maxdepthforhierarchicalsecuritymodel: plain('Hierarchical Security Depth', 'integer', { initial: 3 }),
    sharetopreviousowneronassign: plain('Share Reassigned Records with Original Owner', 'boolean', { initial: false }),
  },
});

export const organisation: readonly Table[] = [systemuser, team, queue, businessunit, organization];
