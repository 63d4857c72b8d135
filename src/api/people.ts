import { foldAddress } from '../model/message.ts';
import type { ActivityGlance, OpenCase, OpenDeal, Person, PersonDetails, PersonTable } from '../model/records.ts';
import type { Dataverse, Row } from './dataverse.ts';
import { anyEquals, literal, query } from './dialect.ts';
import { formatted, lookup, number, text } from './row.ts';

/** Who is this address? One batch for everybody on the mail, a second one for the slower half of the card. */
export interface People {
  /** Keyed by folded address; an address that nobody has is not in the map. Best match first. */
  find(addresses: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, readonly Person[]>>;
  details(person: Person, signal?: AbortSignal): Promise<PersonDetails>;
  /** Rows that look like the one about to be created: the same mail address, or the same first and last name. */
  duplicates(candidate: Candidate, signal?: AbortSignal): Promise<readonly Person[]>;
}

export interface Candidate {
  readonly firstname: string;
  readonly lastname: string;
  readonly emailaddress1: string;
}

const mailColumns = ['emailaddress1', 'emailaddress2', 'emailaddress3'];
const shared = [...mailColumns, 'telephone1', 'statecode', '_ownerid_value'];

/** Per table: the columns read, and those that hold addresses. Order is the order of preference (dynamics-behaviour 1.8). */
const sources: readonly {
  table: PersonTable;
  set: string;
  select: readonly string[];
  addresses: readonly string[];
  expand?: string;
}[] = [
  {
    table: 'systemuser',
    set: 'systemusers',
    select: [
      'systemuserid',
      'fullname',
      'internalemailaddress',
      'jobtitle',
      'address1_telephone1',
      'mobilephone',
      'isdisabled',
    ],
    addresses: ['internalemailaddress'],
  },
  {
    table: 'contact',
    set: 'contacts',
    select: ['contactid', 'fullname', 'jobtitle', 'mobilephone', '_parentcustomerid_value', ...shared],
    addresses: mailColumns,
  },
  { table: 'account', set: 'accounts', select: ['accountid', 'name', ...shared], addresses: mailColumns },
  {
    table: 'lead',
    set: 'leads',
    select: ['leadid', 'fullname', 'companyname', 'jobtitle', 'mobilephone', ...shared],
    addresses: mailColumns,
  },
];

/** Addresses in one request: keeps the longest filter (three columns each) far below the 64 KB a batch part may have. */
const addressesPerBatch = 40;

/** Rows per table and batch: more candidates for one address than a person would read through. */
const matchesPerTable = 200;

export function createPeople(crm: Dataverse): People {
  return {
    async find(addresses, signal) {
      const wanted = [...new Set(addresses.map(foldAddress))].filter((address) => address !== '');
      const found = new Map<string, Person[]>();
      for (let at = 0; at < wanted.length; at += addressesPerBatch) {
        const slice = wanted.slice(at, at + addressesPerBatch);
        const answers = await crm.listAll(
          sources.map((source) => findQuery(source, slice)),
          signal,
        );
        collect(answers, new Set(slice), found);
      }
      return found;
    },

    async details(person, signal) {
      const [deals = [], cases = [], last = [], next = []] = await crm.listAll(detailQueries(person), signal);
      return {
        opportunities: deals.flatMap(readDeal),
        cases: cases.flatMap(readCase),
        lastActivity: last.flatMap(readActivity)[0] ?? null,
        nextActivity: next.flatMap(readActivity)[0] ?? null,
      };
    },

    async duplicates(candidate, signal) {
      const conditions = [
        candidate.emailaddress1 === '' ? '' : anyEquals(mailColumns, [foldAddress(candidate.emailaddress1)]),
        candidate.lastname === '' || candidate.firstname === ''
          ? ''
          : `(firstname eq ${literal(candidate.firstname)} and lastname eq ${literal(candidate.lastname)})`,
      ].filter((condition) => condition !== '');
      if (conditions.length === 0) return [];
      const filter = conditions.join(' or ');
      const named = sources.filter((source) => source.table === 'contact' || source.table === 'lead');
      const answers = await crm.listAll(
        named.map((source) => query(source.set, { select: source.select, filter, top: 10 })),
        signal,
      );
      return answers.flatMap((rows, index) => rows.flatMap((row) => readPerson(named[index]?.table ?? 'contact', row)));
    },
  };
}

function findQuery(source: (typeof sources)[number], addresses: readonly string[]): string {
  return query(source.set, {
    select: source.select,
    filter: anyEquals(source.addresses, addresses),
    orderby: 'createdon asc',
    top: matchesPerTable,
  });
}

function collect(
  answers: readonly (readonly Row[])[],
  wanted: ReadonlySet<string>,
  found: Map<string, Person[]>,
): void {
  sources.forEach((source, index) => {
    for (const row of answers[index] ?? []) {
      for (const address of source.addresses.map((column) => foldAddress(text(row, column) ?? ''))) {
        if (!wanted.has(address)) continue;
        const people = found.get(address) ?? [];
        for (const person of readPerson(source.table, row)) {
          if (!people.some(({ id }) => id === person.id)) people.push({ ...person, email: address });
        }
        found.set(
          address,
          people.sort((a, b) => Number(b.active) - Number(a.active)),
        );
      }
    }
  });
}

function readPerson(table: PersonTable, row: Row): Person[] {
  const id = text(row, `${table}id`);
  if (id === null) return [];
  const email = text(row, table === 'systemuser' ? 'internalemailaddress' : 'emailaddress1') ?? '';
  return [
    {
      table,
      id: id.toLowerCase(),
      name: text(row, table === 'account' ? 'name' : 'fullname') ?? email,
      email,
      jobTitle: text(row, 'jobtitle'),
      company: companyOf(table, row),
      phone: text(row, table === 'systemuser' ? 'address1_telephone1' : 'telephone1'),
      mobile: text(row, 'mobilephone'),
      owner: lookup(row, 'ownerid')?.name ?? null,
      active: table === 'systemuser' ? row['isdisabled'] !== true : (number(row, 'statecode') ?? 0) === 0,
    },
  ];
}

function companyOf(table: PersonTable, row: Row): Person['company'] {
  const parent = lookup(row, 'parentcustomerid');
  if (parent?.table === 'account') return { table: 'account', id: parent.id, name: parent.name ?? '' };
  const named = table === 'lead' ? text(row, 'companyname') : null;
  return named === null ? null : { table: null, name: named };
}

const activitySelect = [
  'activityid',
  'activitytypecode',
  'subject',
  'scheduledstart',
  'scheduledend',
  'actualend',
  'statecode',
];

/**
 * A contact's cases and deals may hang on the contact or, by custom, on the account; both are asked. Activities: everything
 * the person is a party of, which includes the record it is regarding.
 */
function detailQueries(person: Person): string[] {
  const owner = person.company?.table === 'account' ? [person.id, person.company.id] : [person.id];
  const customer = owner.map((id) => `_customerid_value eq ${id}`).join(' or ');
  const deals =
    person.table === 'lead'
      ? `_originatingleadid_value eq ${person.id}`
      : person.table === 'systemuser'
        ? `_ownerid_value eq ${person.id}`
        : `${customer} or _parentcontactid_value eq ${person.id}`;
  const cases =
    person.table === 'systemuser'
      ? `_ownerid_value eq ${person.id}`
      : `${customer} or _primarycontactid_value eq ${person.id}`;
  const involved = `(_regardingobjectid_value eq ${person.id} or activitypointer_activity_parties/any(p:p/_partyid_value eq ${person.id}))`;
  return [
    query('opportunities', {
      select: ['opportunityid', 'name', 'estimatedvalue', 'estimatedclosedate'],
      filter: `statecode eq 0 and (${deals})`,
      orderby: 'estimatedclosedate asc',
      top: 5,
    }),
    query('incidents', {
      select: ['incidentid', 'title', 'ticketnumber', 'statuscode'],
      filter: `statecode eq 0 and (${cases})`,
      orderby: 'createdon desc',
      top: 5,
    }),
    query('activitypointers', {
      select: activitySelect,
      filter: `statecode eq 1 and ${involved}`,
      orderby: 'actualend desc',
      top: 1,
    }),
    query('activitypointers', {
      select: activitySelect,
      filter: `(statecode eq 0 or statecode eq 3) and ${involved}`,
      orderby: 'scheduledend asc',
      top: 1,
    }),
  ];
}

function readDeal(row: Row): OpenDeal[] {
  const id = text(row, 'opportunityid');
  if (id === null) return [];
  return [
    {
      record: { table: 'opportunity', id, name: text(row, 'name') ?? '' },
      value: formatted(row, 'estimatedvalue') ?? number(row, 'estimatedvalue')?.toString() ?? null,
      closesOn: text(row, 'estimatedclosedate'),
    },
  ];
}

function readCase(row: Row): OpenCase[] {
  const id = text(row, 'incidentid');
  if (id === null) return [];
  return [
    {
      record: { table: 'incident', id, name: text(row, 'title') ?? '' },
      number: text(row, 'ticketnumber'),
      status: formatted(row, 'statuscode'),
    },
  ];
}

function readActivity(row: Row): ActivityGlance[] {
  const id = text(row, 'activityid');
  const type = text(row, 'activitytypecode');
  if (id === null || type === null) return [];
  const done = number(row, 'statecode') === 1;
  const at = done ? text(row, 'actualend') : (text(row, 'scheduledstart') ?? text(row, 'scheduledend'));
  return [{ id, type, subject: text(row, 'subject') ?? '', at }];
}
