import { fold } from '../../db/fold.ts';
import type { Column, Table } from '../../odata/metadata.ts';
import { unreadable } from './text.ts';

/** Tables that people bring files for. */
export const importable: ReadonlySet<string> = new Set(['contact', 'lead', 'account']);

/** A column that a file may fill. `fullname` is taken apart, and a company is looked up by its name. */
export interface Target {
  name: string;
  label: string;
  column: Column;
}

const KINDS = new Set([
  'string',
  'memo',
  'integer',
  'bigint',
  'decimal',
  'money',
  'boolean',
  'choice',
  'choices',
  'datetime',
  'date',
]);
const LEFT_OUT = new Set(['statecode', 'statuscode', 'overriddencreatedon', 'importsequencenumber']);

export function targetsOf(table: Table): ReadonlyMap<string, Target> {
  const columns = [...table.columns.values()].filter(
    ({ name, kind, readOnly }) =>
      (KINDS.has(kind) && readOnly !== true && !LEFT_OUT.has(name)) ||
      (name === table.primary && name === 'fullname') ||
      (table.name === 'contact' && name === 'parentcustomerid'),
  );
  return new Map(columns.map((column) => [column.name, { name: column.name, label: column.label, column }]));
}

/**
 * Headings that other programs write (Outlook's and Google's exports, and common words), besides a column's own names.
 * The first target that the table has is meant.
 */
const ALIASES: readonly (readonly [targets: readonly string[], headings: readonly string[]])[] = [
  [['firstname'], ['given name', 'forename']],
  [['lastname'], ['surname', 'family name']],
  [['middlename'], ['additional name']],
  [
    ['fullname', 'name'],
    ['name', 'full name', 'display name', 'contact name', 'file as'],
  ],
  [['nickname'], ['nick name']],
  [
    ['emailaddress1'],
    ['e-mail', 'email', 'mail', 'e-mail address', 'email address', 'e-mail 1 - value', 'e-mail 1', 'email 1'],
  ],
  [['emailaddress2'], ['e-mail 2 address', 'e-mail 2 - value', 'e-mail 2', 'email 2']],
  [['emailaddress3'], ['e-mail 3 address', 'e-mail 3 - value', 'e-mail 3', 'email 3']],
  [
    ['telephone1'],
    ['phone', 'telephone', 'business phone', 'work phone', 'company main phone', 'phone 1 - value', 'main phone'],
  ],
  [
    ['mobilephone', 'telephone2'],
    ['mobile', 'mobile phone', 'cell phone', 'phone 2 - value'],
  ],
  [['telephone2'], ['home phone', 'phone 3 - value']],
  [['fax'], ['business fax', 'fax number']],
  [['jobtitle'], ['title', 'job title', 'position', 'organization title', 'organization 1 - title']],
  [['department'], ['organization department', 'organization 1 - department']],
  [
    ['parentcustomerid', 'companyname', 'name'],
    [
      'company',
      'company name',
      'organization',
      'organization name',
      'organization 1 - name',
      'account',
      'account name',
      'organisation',
      'employer',
    ],
  ],
  [['websiteurl'], ['web page', 'website', 'website 1 - value', 'url', 'homepage']],
  [['birthdate'], ['birthday', 'date of birth']],
  [['description'], ['notes', 'note', 'comments']],
  [['subject'], ['topic']],
  [
    ['address1_line1'],
    ['address', 'street', 'business street', 'business address', 'work street', 'address 1 - street'],
  ],
  [['address1_line2'], ['business street 2', 'street 2', 'address 1 - extended address']],
  [['address1_city'], ['city', 'town', 'business city', 'address 1 - city']],
  [['address1_stateorprovince'], ['state', 'region', 'province', 'business state', 'address 1 - region']],
  [
    ['address1_postalcode'],
    ['zip', 'zip code', 'postcode', 'postal code', 'business postal code', 'address 1 - postal code'],
  ],
  [
    ['address1_country'],
    ['country', 'country/region', 'business country/region', 'business country', 'address 1 - country'],
  ],
  [['revenue'], ['annual revenue', 'turnover']],
  [['numberofemployees'], ['employees', 'number of employees']],
];

/** One heading and where its cells go; `null`: nowhere. */
export type Mapping = readonly (string | null)[];

/** What the headings mean, each target at most once: the first heading wins. */
export function guessMapping(table: Table, headings: readonly string[]): Mapping {
  const targets = targetsOf(table);
  const known = new Map<string, string>();
  for (const { name, label } of targets.values()) known.set(plain(label), name);
  for (const { name } of targets.values()) known.set(plain(name), name);
  // Last, because the column that is named `company` holds a phone number.
  for (const [names, words] of ALIASES) {
    const target = names.find((name) => targets.has(name));
    if (target !== undefined) for (const word of words) known.set(plain(word), target);
  }
  const taken = new Set<string>();
  return headings.map((heading) => {
    const target = known.get(plain(heading));
    if (target === undefined || taken.has(target)) return null;
    taken.add(target);
    return target;
  });
}

/** Letters and digits only: `E-mail Address` and `email_address` are one word. */
function plain(text: string): string {
  return fold(text).replace(/[^\p{Letter}\p{Number}]/gu, '');
}

/** What a person chose: a list as long as the headings. @throws {HttpError} 400 naming what is not possible */
export function readMapping(table: Table, headings: readonly string[], source: string | undefined): Mapping {
  if (source === undefined) return guessMapping(table, headings);
  const targets = targetsOf(table);
  const wanted = parseList(source);
  if (wanted?.length !== headings.length)
    throw unreadable(`The mapping must be a list of ${headings.length} columns, one for each heading.`);
  const taken = new Set<string>();
  return wanted.map((name, index) => {
    if (name === null) return null;
    if (typeof name !== 'string' || !targets.has(name))
      throw unreadable(
        `The heading "${headings[index]?.slice(0, 60) ?? ''}" cannot go into ${JSON.stringify(name).slice(0, 60)}.`,
      );
    if (taken.has(name))
      throw unreadable(`Two headings go into ${targets.get(name)?.label ?? name}. Choose one of them.`);
    taken.add(name);
    return name;
  });
}

function parseList(source: string): unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(source);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}
