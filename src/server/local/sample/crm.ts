// What the CRM of the sample knows about the people in the sample mailbox, as Web API payloads. Ids are fixed, so posting
// them twice changes nothing. Not everybody is in it: the baker with the big question is still a stranger.

export interface Payload {
  /** Entity set and key, as in `accounts(...)`. */
  path: string;
  body: Record<string, unknown>;
}

export interface SampleContext {
  /** Epoch ms of the day that the sample's newest mail came on. */
  now: number;
  /** systemuserid of the two colleagues. */
  dana: string;
  miguel: string;
}

const kinds = {
  accounts: 'acc0',
  contacts: 'c0a7',
  leads: '1ead',
  opportunities: '0bb0',
  incidents: 'ca5e',
  phonecalls: 'ca11',
  tasks: '7a5c',
  appointments: 'a990',
};
type Who = 'dana' | 'miguel';
type Owner = (who: Who) => Record<string, string>;
type EntitySet = keyof typeof kinds;

const guid = (set: EntitySet, number: number) => `${kinds[set]}0000-5a3b-4e00-8a00-${String(number).padStart(12, '0')}`;
const bind = (set: EntitySet, number: number) => `/${set}(${guid(set, number)})`;
const row = (set: EntitySet, number: number, body: Record<string, unknown>): Payload => ({
  path: `${set}(${guid(set, number)})`,
  body,
});

const fabrikam = 1;
const northwind = 2;
const adatum = 3;
const tailspin = 4;
const bookshop = 5;
const [hannah, jonas, amara, priya, tom, yuki, kenji, lucia, olena, layla, marco] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
] as const;

const day = 24 * 60 * 60 * 1000;

/** `at(-1, 14)`: yesterday at two. */
const clock = (now: number) => (days: number, hour: number) => {
  const midnight = new Date(now).setUTCHours(0, 0, 0, 0);
  return new Date(midnight + days * day + hour * 3_600_000).toISOString().replace('.000Z', 'Z');
};

const accounts = (owner: Owner): Payload[] => [
  row('accounts', fabrikam, {
    name: 'Fabrikam Hotels',
    telephone1: '+49 451 555 0100',
    emailaddress1: 'office@fabrikam.example',
    websiteurl: 'https://www.fabrikam.example',
    accountnumber: 'C-1001',
    address1_line1: 'An der Obertrave 12',
    address1_postalcode: '23552',
    address1_city: 'Lübeck',
    address1_country: 'Germany',
    numberofemployees: 480,
    description: 'Six houses on the Baltic coast. Breakfast is sacred.',
    ...owner('dana'),
  }),
  row('accounts', northwind, {
    name: 'Northwind Roasters',
    telephone1: '+44 20 7946 0300',
    emailaddress1: 'hello@northwind.example',
    websiteurl: 'https://www.northwind.example',
    accountnumber: 'C-1002',
    address1_line1: '4 Depot Lane',
    address1_postalcode: 'E8 4QN',
    address1_city: 'London',
    address1_country: 'United Kingdom',
    numberofemployees: 65,
    ...owner('dana'),
  }),
  row('accounts', adatum, {
    name: 'Adatum Logistics (アダタム物流)',
    telephone1: '+81 6 5555 0100',
    emailaddress1: 'info@adatum.example',
    accountnumber: 'C-1003',
    address1_line1: '2-4-9 Umeda, Kita-ku',
    address1_postalcode: '530-0001',
    address1_city: '大阪',
    address1_country: 'Japan',
    numberofemployees: 180,
    ...owner('dana'),
  }),
  row('accounts', tailspin, {
    name: 'Tailspin Airlines',
    telephone1: '+34 91 555 0100',
    emailaddress1: 'lounges@tailspin.example',
    websiteurl: 'https://www.tailspin.example',
    accountnumber: 'C-1004',
    address1_line1: 'Terminal 4, Barajas',
    address1_postalcode: '28042',
    address1_city: 'Madrid',
    address1_country: 'Spain',
    numberofemployees: 9200,
    ...owner('miguel'),
  }),
  row('accounts', bookshop, {
    name: 'The Old Town Bookshop',
    telephone1: '+39 06 555 0102',
    address1_city: 'Roma',
    address1_country: 'Italy',
    ...owner('miguel'),
  }),
];

interface ContactFacts {
  first: string;
  last: string;
  mail: string;
  title: string;
  company: number;
  phone: string;
  mobile?: string;
  owner: Who;
}

const contactFacts: [number, ContactFacts][] = [
  [
    hannah,
    {
      first: 'Hannah',
      last: 'Meyer',
      mail: 'hannah.meyer@fabrikam.example',
      title: 'Head of Purchasing',
      company: fabrikam,
      phone: '+49 451 555 0142',
      mobile: '+49 170 555 0142',
      owner: 'dana',
    },
  ],
  [
    jonas,
    {
      first: 'Jonas',
      last: 'Lindqvist',
      mail: 'jonas.lindqvist@fabrikam.example',
      title: 'Facility Manager',
      company: fabrikam,
      phone: '+49 451 555 0148',
      owner: 'miguel',
    },
  ],
  [
    amara,
    {
      first: 'Amara',
      last: 'Okafor',
      mail: 'amara.okafor@fabrikam.example',
      title: 'General Manager, Harbour',
      company: fabrikam,
      phone: '+49 40 555 0155',
      mobile: '+49 171 555 0155',
      owner: 'dana',
    },
  ],
  [
    priya,
    {
      first: 'Priya',
      last: 'Raman',
      mail: 'priya@northwind.example',
      title: 'Head of Café Operations',
      company: northwind,
      phone: '+44 20 7946 0311',
      mobile: '+44 7700 900311',
      owner: 'dana',
    },
  ],
  [
    tom,
    {
      first: 'Tom',
      last: 'Becker',
      mail: 'tom.becker@northwind.example',
      title: 'Finance',
      company: northwind,
      phone: '+44 20 7946 0315',
      owner: 'dana',
    },
  ],
  [
    yuki,
    {
      first: '由紀',
      last: '田中',
      mail: 'yuki.tanaka@adatum.example',
      title: '総務部',
      company: adatum,
      phone: '+81 6 5555 0123',
      owner: 'dana',
    },
  ],
  [
    kenji,
    {
      first: '健二',
      last: '佐藤',
      mail: 'kenji.sato@adatum.example',
      title: '施設担当',
      company: adatum,
      phone: '+81 6 5555 0127',
      owner: 'dana',
    },
  ],
  [
    lucia,
    {
      first: 'Lucía',
      last: 'Fernández',
      mail: 'lucia.fernandez@tailspin.example',
      title: 'Lounge Manager Madrid',
      company: tailspin,
      phone: '+34 91 555 0180',
      mobile: '+34 600 555 180',
      owner: 'miguel',
    },
  ],
  [
    olena,
    {
      first: 'Олена',
      last: 'Коваль',
      mail: 'olena.koval@tailspin.example',
      title: 'Lounge Manager Kyiv',
      company: tailspin,
      phone: '+380 44 555 0166',
      owner: 'miguel',
    },
  ],
  [
    layla,
    {
      first: 'ليلى',
      last: 'حداد',
      mail: 'layla.haddad@tailspin.example',
      title: 'مديرة الصالة',
      company: tailspin,
      phone: '+974 4455 0170',
      owner: 'miguel',
    },
  ],
  [
    marco,
    {
      first: 'Marco',
      last: 'Rossi',
      mail: 'marco.rossi@proseware.example',
      title: 'Owner',
      company: bookshop,
      phone: '+39 06 555 0102',
      mobile: '+39 320 555 0133',
      owner: 'miguel',
    },
  ],
];

const contacts = (owner: Owner): Payload[] =>
  contactFacts.map(([number, facts]) =>
    row('contacts', number, {
      firstname: facts.first,
      lastname: facts.last,
      emailaddress1: facts.mail,
      jobtitle: facts.title,
      telephone1: facts.phone,
      ...(facts.mobile ? { mobilephone: facts.mobile } : {}),
      'parentcustomerid_account@odata.bind': bind('accounts', facts.company),
      ...owner(facts.owner),
    }),
  );

const leads = (owner: Owner): Payload[] => [
  row('leads', 1, {
    subject: 'Breakfast machine for a 34-room hotel in Thessaloniki',
    firstname: 'Νίκος',
    lastname: 'Παπαδόπουλος',
    companyname: 'Wingtip Rooms',
    emailaddress1: 'nikos@wingtip.example',
    telephone1: '+30 2310 555 019',
    jobtitle: 'Owner',
    address1_city: 'Thessaloniki',
    leadsourcecode: 9,
    ...owner('miguel'),
  }),
  row('leads', 2, {
    subject: 'Seven bakeries, five kinds of machine',
    firstname: 'Sofia',
    lastname: 'Lindgren',
    companyname: 'Litware Backhaus',
    emailaddress1: 'sofia.lindgren@litware.example',
    telephone1: '+49 451 555 0121',
    jobtitle: 'Managing Director',
    leadsourcecode: 7,
    leadqualitycode: 1,
    ...owner('dana'),
  }),
  row('leads', 3, {
    subject: 'Espresso for the Proseware canteen',
    firstname: 'Marco',
    lastname: 'Rossi',
    companyname: 'Proseware',
    emailaddress1: 'marco.rossi@proseware.example',
    telephone1: '+39 06 555 0133',
    jobtitle: 'Canteen Manager',
    leadsourcecode: 9,
    ...owner('miguel'),
  }),
];

const deals = ({ now, ...users }: SampleContext, owner: Owner): Payload[] => {
  const at = clock(now);
  const date = (days: number) => at(days, 0).slice(0, 10);
  const deal = (
    number: number,
    name: string,
    account: number,
    contact: number,
    value: number,
    close: number,
    who: Who,
  ) =>
    row('opportunities', number, {
      name,
      estimatedvalue: value,
      estimatedclosedate: date(close),
      'parentcontactid@odata.bind': bind('contacts', contact),
      'parentaccountid@odata.bind': bind('accounts', account),
      'customerid_account@odata.bind': bind('accounts', account),
      ...owner(who),
    });
  const problem = (number: number, title: string, ticket: string, account: number, contact: number, priority: number) =>
    row('incidents', number, {
      title,
      ticketnumber: ticket,
      prioritycode: priority,
      caseorigincode: 2,
      casetypecode: 2,
      'customerid_account@odata.bind': bind('accounts', account),
      'primarycontactid@odata.bind': bind('contacts', contact),
      ...owner('miguel'),
    });
  return [
    deal(1, 'Service contract, six houses, four hours', fabrikam, hannah, 42_000, 30, 'dana'),
    deal(2, 'Coffee bar for the Harbour spa', fabrikam, amara, 24_000, 75, 'dana'),
    deal(3, 'Twelve Barista Duo for four new cafés', northwind, priya, 68_400, 0, 'dana'),
    deal(4, 'Two machines for the Osaka office', adatum, yuki, 19_500, 21, 'dana'),
    deal(5, 'Arabic coffee and espresso, Doha lounge', tailspin, layla, 55_000, 60, 'miguel'),
    deal(6, 'Mobile bar for the summer party', fabrikam, hannah, 6_800, -120, 'miguel'),
    row('opportunities', 3, { statecode: 1, statuscode: 3, actualvalue: 68_400, actualclosedate: date(0) }),
    row('opportunities', 6, { statecode: 2, statuscode: 4, actualvalue: 0, actualclosedate: date(-115) }),
    problem(1, 'The grinder in the quiet zone sings (BD-20417)', 'CAS-1042', tailspin, lucia, 1),
    problem(2, 'E27 on the lobby machine in Lübeck', 'CAS-1043', fabrikam, hannah, 1),
    problem(3, 'Slow drain on the mezzanine', 'CAS-1044', fabrikam, jonas, 3),
    row('incidents', 2, { statecode: 1, statuscode: 5 }),
  ];
};

const activities = ({ now, ...users }: SampleContext, owner: Owner): Payload[] => {
  const at = clock(context.now);
  const user = (who: Who) => `/systemusers(${context[who]})`;
  const about = (set: 'contacts' | 'opportunities' | 'incidents', number: number, type: string) => ({
    [`regardingobjectid_${{ contacts: 'contact', opportunities: 'opportunity', incidents: 'incident' }[set]}_${type}@odata.bind`]:
      bind(set, number),
  });
  const call = (number: number, subject: string, contact: number, who: Who, days: number, hour: number) =>
    row('phonecalls', number, {
      subject,
      directioncode: true,
      scheduledend: at(days, hour),
      ...(days < 0 ? { actualend: at(days, hour) } : {}),
      ...about('contacts', contact, 'phonecall'),
      phonecall_activity_parties: [
        { 'partyid_systemuser@odata.bind': user(who), participationtypemask: 1 },
        { 'partyid_contact@odata.bind': bind('contacts', contact), participationtypemask: 2 },
      ],
      ...owner(who),
    });
  const made = (number: number) => row('phonecalls', number, { statecode: 1, statuscode: 2 });
  const visit = (
    number: number,
    subject: string,
    location: string,
    contact: number,
    who: Who,
    days: number,
    hour: number,
  ) =>
    row('appointments', number, {
      subject,
      location,
      scheduledstart: at(days, hour),
      scheduledend: at(days, hour + 1),
      ...about('contacts', contact, 'appointment'),
      appointment_activity_parties: [
        { 'partyid_systemuser@odata.bind': user(who), participationtypemask: 7 },
        { 'partyid_contact@odata.bind': bind('contacts', contact), participationtypemask: 5 },
      ],
      ...owner(who),
    });
  const todo = (number: number, subject: string, regarding: Record<string, string>, who: Who, days: number) =>
    row('tasks', number, { subject, scheduledend: at(days, 16), ...regarding, ...owner(who) });
  return [
    call(1, 'How the lobby machine is doing', hannah, 'dana', -1, 15),
    call(2, 'Water in four cafés', priya, 'miguel', -6, 11),
    call(3, 'Confirm the first delivery', tom, 'dana', 4, 9),
    call(4, 'White machine for the spa?', amara, 'dana', -1, 16),
    call(5, 'Cardamom and pressure', layla, 'miguel', 2, 8),
    call(6, 'Syrup has arrived', olena, 'miguel', -3, 10),
    ...[1, 2, 4, 6].map(made),
    visit(1, 'Service contract: walk through the houses', 'Fabrikam, Lübeck', hannah, 'dana', 6, 9),
    visit(2, 'Tasting at the Madrid lounge', 'Tailspin Lounge, Terminal 4', lucia, 'miguel', 5, 10),
    visit(3, 'New pump in the lobby', 'Fabrikam, Lübeck', jonas, 'miguel', -2, 10),
    row('appointments', 3, { statecode: 1, statuscode: 3, actualend: at(-2, 11) }),
    todo(1, 'Write the offer for Osaka', about('opportunities', 4, 'task'), 'dana', 2),
    todo(2, 'Ask the factory about white', about('opportunities', 2, 'task'), 'dana', 3),
    todo(3, 'Pack burrs for BD-20417', about('incidents', 1, 'task'), 'miguel', 4),
    todo(4, 'Send floor plan questions to 田中', about('contacts', yuki, 'task'), 'dana', -3),
    row('tasks', 4, { statecode: 1, statuscode: 5, actualend: at(-3, 12) }),
  ];
};

/** In an order in which every row finds those it points to. */
export const crmSample = (context: SampleContext): Payload[] => {
  const owner: Owner = (who) => ({ 'ownerid@odata.bind': `/systemusers(${context[who]})` });
  return [
    ...accounts(owner),
    ...contacts(owner),
    row('accounts', fabrikam, { 'primarycontactid@odata.bind': bind('contacts', hannah) }),
    row('accounts', northwind, { 'primarycontactid@odata.bind': bind('contacts', priya) }),
    ...leads(owner),
    ...deals(context, owner),
    ...activities(context, owner),
  ];
};
