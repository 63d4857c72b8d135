// The companies, people and leads of the sample.
import {
  adatum,
  amara,
  bind,
  bookshop,
  fabrikam,
  hannah,
  jonas,
  kenji,
  layla,
  lucia,
  marco,
  northwind,
  olena,
  priya,
  row,
  tailspin,
  tom,
  yuki,
} from './crm-rows.ts';
import type { Owner, Payload, Who } from './crm-rows.ts';

export const accounts = (owner: Owner): Payload[] => [
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

export const contacts = (owner: Owner): Payload[] =>
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

export const leads = (owner: Owner): Payload[] => [
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
