// What the CRM of the sample knows about the people in the sample mailbox, as Web API payloads. Ids are fixed, so posting
// them twice changes nothing. Not everybody is in it: the baker with the big question is still a stranger.
import { accounts, contacts, leads } from './crm-people.ts';
import {
  adatum,
  amara,
  bind,
  fabrikam,
  hannah,
  jonas,
  layla,
  lucia,
  northwind,
  olena,
  priya,
  row,
  tailspin,
  tom,
  yuki,
} from './crm-rows.ts';
import type { Owner, Payload, Who } from './crm-rows.ts';

export interface SampleContext {
  /** Epoch ms of the day that the sample's newest mail came on. */
  now: number;
  /** systemuserid of the two colleagues. */
  dana: string;
  miguel: string;
}

const day = 24 * 60 * 60 * 1000;

/** `at(-1, 14)`: yesterday at two. */
const clock = (now: number) => (days: number, hour: number) => {
  const midnight = new Date(now).setUTCHours(0, 0, 0, 0);
  return new Date(midnight + days * day + hour * 3_600_000).toISOString().replace('.000Z', 'Z');
};

const deals = ({ now }: SampleContext, owner: Owner): Payload[] => {
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
    closed: Record<string, unknown> = {},
  ) =>
    row('opportunities', number, {
      name,
      estimatedvalue: value,
      estimatedclosedate: date(close),
      'parentcontactid@odata.bind': bind('contacts', contact),
      'parentaccountid@odata.bind': bind('accounts', account),
      'customerid_account@odata.bind': bind('accounts', account),
      ...closed,
      ...owner(who),
    });
  const problem = (
    number: number,
    title: string,
    ticket: string,
    account: number,
    contact: number,
    priority: number,
    closed: Record<string, unknown> = {},
  ) =>
    row('incidents', number, {
      title,
      ticketnumber: ticket,
      prioritycode: priority,
      caseorigincode: 2,
      casetypecode: 2,
      'customerid_account@odata.bind': bind('accounts', account),
      'primarycontactid@odata.bind': bind('contacts', contact),
      ...closed,
      ...owner('miguel'),
    });
  return [
    deal(1, 'Service contract, six houses, four hours', fabrikam, hannah, 42_000, 30, 'dana'),
    deal(2, 'Coffee bar for the Harbour spa', fabrikam, amara, 24_000, 75, 'dana'),
    deal(3, 'Twelve Barista Duo for four new cafés', northwind, priya, 68_400, 0, 'dana', {
      statecode: 1,
      statuscode: 3,
      actualvalue: 68_400,
      actualclosedate: date(0),
    }),
    deal(4, 'Two machines for the Osaka office', adatum, yuki, 19_500, 21, 'dana'),
    deal(5, 'Arabic coffee and espresso, Doha lounge', tailspin, layla, 55_000, 60, 'miguel'),
    deal(6, 'Mobile bar for the summer party', fabrikam, hannah, 6_800, -120, 'miguel', {
      statecode: 2,
      statuscode: 4,
      actualvalue: 0,
      actualclosedate: date(-115),
    }),
    problem(1, 'The grinder in the quiet zone sings (BD-20417)', 'CAS-1042', tailspin, lucia, 1),
    problem(2, 'E27 on the lobby machine in Lübeck', 'CAS-1043', fabrikam, hannah, 1, {
      statecode: 1,
      statuscode: 5,
    }),
    problem(3, 'Slow drain on the mezzanine', 'CAS-1044', fabrikam, jonas, 3),
  ];
};

const activities = (context: SampleContext, owner: Owner): Payload[] => {
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
