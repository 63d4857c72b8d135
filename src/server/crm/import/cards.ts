import ICAL from 'ical.js';
import type { Sheet, SheetRow } from './sheet.ts';
import { unreadable } from './text.ts';

/** A property as jCard has it: name, parameters, type, values. */
type Property = [name: string, parameters: Record<string, string | string[]>, type: string, ...values: unknown[]];

/** The columns that a file of cards has; the same headings as a CSV file could have. */
const HEADINGS = [
  ...['First Name', 'Middle Name', 'Last Name', 'Full Name', 'Nickname', 'Company', 'Department', 'Job Title'],
  ...['E-mail Address', 'E-mail 2 Address', 'E-mail 3 Address', 'Business Phone', 'Home Phone', 'Mobile Phone', 'Fax'],
  ...['Street', 'City', 'State or Province', 'Postal Code', 'Country', 'Website', 'Birthday', 'Notes'],
] as const;
type Heading = (typeof HEADINGS)[number];

/** vCard 2.1, 3.0 and 4.0. @throws {HttpError} 400 naming the card */
export function readCards(text: string, most: number): Pick<Sheet, 'headings' | 'rows'> {
  const cards = unfold(text).match(/^BEGIN:VCARD[ \t]*$[^]*?^END:VCARD[ \t]*$/gim) ?? [];
  if (cards.length === 0) throw unreadable('The file begins a card and never ends it.');
  if (cards.length > most) throw unreadable(`The file has more than ${most} cards. Split it and import the parts.`);
  const found = cards.map((card, index) => readCard(card, index + 1));
  const headings = HEADINGS.filter((heading) => found.some((card) => card.has(heading)));
  const rows: SheetRow[] = found.map((card, index) => ({
    number: index + 1,
    cells: headings.map((heading) => card.get(heading) ?? ''),
  }));
  return { headings, rows };
}

function unfold(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n[ \t]/g, (fold, at: number, all: string) => {
    // A soft break of quoted-printable text is not a fold; it is joined with its own rule.
    return all[at - 1] === '=' ? fold : '';
  });
}

function readCard(card: string, number: number): Map<Heading, string> {
  const isOld = /^VERSION:2\.1\s*$/im.test(card);
  const source = (isOld ? modernise(card) : card).replace(/\n/g, '\r\n');
  let parsed: unknown;
  try {
    parsed = ICAL.parse(`${source}\r\n`);
  } catch {
    throw unreadable(`Card ${number} is not a valid vCard.`);
  }
  const properties = Array.isArray(parsed) && Array.isArray(parsed[1]) ? (parsed[1] as Property[]) : [];
  const values = new Map<Heading, string>();
  for (const property of properties) readProperty(property, values);
  return values;
}

/**
 * vCard 2.1 as 3.0: parameters without a name are types, quoted-printable is decoded, and commas, which mean nothing in 2.1,
 * are marked as text.
 */
function modernise(card: string): string {
  return card
    .replace(/=\n[ \t]?/g, '')
    .split('\n')
    .map((line) => {
      const match = /^([^:;]+)((?:;[^:]*)?):(.*)$/.exec(line);
      if (match === null || /^(?:BEGIN|END)$/i.test(line.slice(0, line.indexOf(':')))) return line;
      const [, name = '', parameters = '', value = ''] = match;
      if (/^VERSION$/i.test(name)) return 'VERSION:3.0';
      const given = parameters.split(';').filter(Boolean);
      const charset = given.map((each) => /^CHARSET=(.+)$/i.exec(each)?.[1]).find(Boolean);
      const printable = given.some((each) => /^(?:ENCODING=)?QUOTED-PRINTABLE$/i.test(each));
      const types = given.filter((each) => /^[\w-]+$/.test(each) || /^TYPE=[\w-]+$/i.test(each));
      const type = types.map((each) => `;TYPE=${each.replace(/^TYPE=/i, '')}`).join('');
      const text = printable ? decodePrintable(value, charset) : value;
      return `${name}${printable ? '' : type}${printable ? type : ''}:${text.replace(/,/g, '\\,').replace(/\r?\n/g, '\\n')}`;
    })
    .join('\n');
}

function decodePrintable(value: string, charset = 'utf-8'): string {
  const bytes = Buffer.from(
    value.replace(/=([\dA-F]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function readProperty([name, parameters, , ...values]: Property, found: Map<Heading, string>): void {
  const first = values[0];
  const parts = (Array.isArray(first) ? first : [first]).map((part) =>
    Array.isArray(part) ? part.join(', ') : text(part),
  );
  const add = (heading: Heading, value: string | undefined) => {
    if (value !== undefined && value.trim() !== '' && !found.has(heading)) found.set(heading, value.trim());
  };
  const addFirstFree = (headings: readonly Heading[], value: string | undefined) => {
    const free = headings.find((heading) => !found.has(heading));
    if (free !== undefined) add(free, value);
  };
  const types = [parameters['type'] ?? []].flat().map((type) => type.toLowerCase());
  switch (name) {
    case 'n':
      (['Last Name', 'First Name', 'Middle Name'] as const).forEach((heading, index) => add(heading, parts[index]));
      break;
    case 'org':
      add('Company', parts[0]);
      add('Department', parts[1]);
      break;
    case 'adr':
      (['Street', 'City', 'State or Province', 'Postal Code', 'Country'] as const).forEach((heading, index) =>
        add(heading, parts[index + 2]),
      );
      break;
    case 'email':
      addFirstFree(['E-mail Address', 'E-mail 2 Address', 'E-mail 3 Address'], parts[0]);
      break;
    case 'tel':
      add(phoneOf(types), parts[0]?.replace(/^tel:/i, ''));
      break;
    default: {
      const heading = PLAIN.get(name);
      if (heading !== undefined) add(heading, parts.join(', '));
    }
  }
}

const PLAIN = new Map<string, Heading>([
  ['fn', 'Full Name'],
  ['nickname', 'Nickname'],
  ['title', 'Job Title'],
  ['url', 'Website'],
  ['bday', 'Birthday'],
  ['note', 'Notes'],
]);

function phoneOf(types: readonly string[]): Heading {
  if (types.includes('fax')) return 'Fax';
  if (types.includes('cell')) return 'Mobile Phone';
  return types.includes('home') ? 'Home Phone' : 'Business Phone';
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
