import { byServer, choice, email, lookup, memo, named, plain, required, table, text, type Table } from '../metadata.ts';

const address = {
  address1_line1: text('Street', 250),
  address1_city: text('City', 80),
  address1_postalcode: text('Postal Code', 20),
  address1_stateorprovince: text('State or Province', 50),
  address1_country: text('Country', 80),
};

const emails = {
  emailaddress1: email('E-mail', 'inside'),
  emailaddress2: email('E-mail 2'),
  emailaddress3: email('E-mail 3'),
};

const activeStates = [
  [0, 'Active', [[1, 'Active']]],
  [1, 'Inactive', [[2, 'Inactive']]],
] as const;

const account = table({
  name: 'account',
  label: 'Account',
  set: 'accounts',
  key: 'accountid',
  primary: 'name',
  owned: true,
  states: activeStates,
  columns: {
    name: required(named('Account Name', 160)),
    ...emails,
    telephone1: text('Telephone', 50),
    websiteurl: text('Website', 200),
    accountnumber: text('Account Number', 20),
    description: memo('Description'),
    ...address,
    industrycode: choice('Industry', {
      1: 'Accounting',
      6: 'Business Services',
      8: 'Consulting',
      12: 'Durable Manufacturing',
      15: 'Financial',
      22: 'Inbound Repair and Services',
      33: 'Wholesale',
    }),
    numberofemployees: plain('Employees', 'integer'),
    revenue: plain('Annual Revenue', 'money'),
    primarycontactid: lookup('Primary Contact', 'contact'),
    parentaccountid: lookup('Parent Account', 'account'),
  },
});

const contact = table({
  name: 'contact',
  label: 'Contact',
  set: 'contacts',
  key: 'contactid',
  primary: 'fullname',
  owned: true,
  states: activeStates,
  columns: {
    firstname: text('First Name', 50),
    lastname: text('Last Name', 50),
    fullname: byServer(named('Full Name', 160)),
    ...emails,
    telephone1: text('Business Phone', 50),
    telephone2: text('Home Phone', 50),
    mobilephone: text('Mobile Phone', 50),
    jobtitle: text('Job Title', 100),
    department: text('Department', 100),
    birthdate: plain('Birthday', 'date'),
    description: memo('Description'),
    ...address,
    donotemail: plain('Do not allow E-mails', 'boolean', { initial: false }),
    preferredcontactmethodcode: choice(
      'Preferred Contact',
      { 1: 'Any', 2: 'E-mail', 3: 'Phone', 4: 'Fax', 5: 'Mail' },
      1,
    ),
    parentcustomerid: lookup('Company', 'account', 'contact'),
  },
});

const lead = table({
  name: 'lead',
  label: 'Lead',
  set: 'leads',
  key: 'leadid',
  primary: 'fullname',
  owned: true,
  states: [
    [
      0,
      'Open',
      [
        [1, 'New'],
        [2, 'Contacted'],
      ],
    ],
    [1, 'Qualified', [[3, 'Qualified']]],
    [
      2,
      'Disqualified',
      [
        [4, 'Lost'],
        [5, 'Cannot Contact'],
        [6, 'No Longer Interested'],
        [7, 'Canceled'],
      ],
    ],
  ],
  columns: {
    subject: required(text('Topic', 300)),
    firstname: text('First Name', 50),
    lastname: text('Last Name', 50),
    fullname: byServer(named('Name', 160)),
    companyname: named('Company', 100),
    ...emails,
    telephone1: text('Business Phone', 50),
    mobilephone: text('Mobile Phone', 50),
    jobtitle: text('Job Title', 100),
    websiteurl: text('Website', 200),
    description: memo('Description'),
    ...address,
    donotemail: plain('Do not allow E-mails', 'boolean', { initial: false }),
    leadsourcecode: choice('Lead Source', {
      1: 'Advertisement',
      2: 'Employee Referral',
      3: 'External Referral',
      4: 'Partner',
      5: 'Public Relations',
      6: 'Seminar',
      7: 'Trade Show',
      8: 'Web',
      9: 'Word of Mouth',
      10: 'Other',
    }),
    leadqualitycode: choice('Rating', { 1: 'Hot', 2: 'Warm', 3: 'Cold' }, 2),
    estimatedvalue: plain('Est. Value', 'decimal'),
    estimatedclosedate: plain('Est. Close Date', 'date'),
    parentaccountid: lookup('Parent Account', 'account'),
    parentcontactid: lookup('Parent Contact', 'contact'),
    qualifyingopportunityid: lookup('Qualifying Opportunity', 'opportunity'),
  },
});

const opportunity = table({
  name: 'opportunity',
  label: 'Opportunity',
  set: 'opportunities',
  key: 'opportunityid',
  primary: 'name',
  owned: true,
  states: [
    [
      0,
      'Open',
      [
        [1, 'In Progress'],
        [2, 'On Hold'],
      ],
    ],
    [1, 'Won', [[3, 'Won']]],
    [
      2,
      'Lost',
      [
        [4, 'Canceled'],
        [5, 'Out-Sold'],
      ],
    ],
  ],
  columns: {
    name: required(named('Topic', 300)),
    description: memo('Description'),
    estimatedvalue: plain('Est. Revenue', 'money'),
    actualvalue: plain('Actual Revenue', 'money'),
    estimatedclosedate: plain('Est. Close Date', 'date'),
    actualclosedate: plain('Actual Close Date', 'date'),
    closeprobability: plain('Probability', 'integer'),
    opportunityratingcode: choice('Rating', { 1: 'Hot', 2: 'Warm', 3: 'Cold' }, 2),
    customerid: lookup('Potential Customer', 'account', 'contact'),
    parentaccountid: lookup('Account', 'account'),
    parentcontactid: lookup('Contact', 'contact'),
    originatingleadid: lookup('Originating Lead', 'lead'),
  },
});

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
    description: memo('Description'),
    caseorigincode: choice('Origin', { 1: 'Phone', 2: 'Email', 3: 'Web' }),
    prioritycode: choice('Priority', { 1: 'High', 2: 'Normal', 3: 'Low' }, 2),
    casetypecode: choice('Case Type', { 1: 'Question', 2: 'Problem', 3: 'Request' }),
    customerid: required(lookup('Customer', 'account', 'contact')),
    primarycontactid: lookup('Contact', 'contact'),
  },
});

export const people: readonly Table[] = [account, contact, lead, opportunity, incident];
