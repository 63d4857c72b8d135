import type { Shot } from './load.ts';

// A hundred thousand people with names as they are: few first names, more family names, some much more frequent.
const given =
  'Anna Ben Carla David Elena Felix Greta Hannah Ivan Julia Karim Lucia Marco Nadia Olena Priya Quentin Rosa Samuel Tessa Umar Vera Wanda Xavier Yuki Zoe Amara Jonas Layla Miguel'.split(
    ' ',
  );
const starts =
  'Ander Berg Carl Dahl Eng Fisch Gold Hart Iver Jan Kauf Lind Mar Nor Ols Peter Rich Stein Thom Wag'.split(' ');
const ends =
  'sen mann berg ström ner ino ova ez ton well stadt feld bach hof dorf low ski enko aro ley son wood ham ford'.split(
    ' ',
  );

export const accounts = 5_000;
export const accountId = (number: number) => `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`;
export const contactId = (number: number) => `cccccccc-0000-4000-8000-${String(number).padStart(12, '0')}`;
export const addressOf = (number: number) => `person${number}@company${number % accounts}.example`;

const pick = (from: readonly string[], number: number) => from[number % from.length] ?? '';
/** Even and without a pattern, the same in every run (the finaliser of MurmurHash3). */
function scatter(number: number): number {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
/** Squared, so that some names are frequent and most are rare. */
const skewed = (number: number, of: number) => Math.floor(scatter(number) ** 2 * of);

export const firstName = (number: number) => pick(given, skewed(number * 3 + 1, given.length));
export const lastName = (number: number) =>
  `${pick(starts, skewed(number * 3 + 2, starts.length))}${pick(ends, skewed(number * 3 + 3, ends.length))}`;

/** What people type into a search box: three to six letters of a name. */
export const fragments = [
  ...starts.map((start, index) => `${start.slice(1)}${pick(ends, index).slice(0, 2)}`),
  ...ends.filter((end) => end.length > 3),
].filter((fragment) => fragment.length >= 3);

const account = (number: number) => ({
  accountid: accountId(number),
  name: `${lastName(number)} & ${lastName(number + 1)} ${number}`,
  emailaddress1: `office@company${number}.example`,
});

const contact = (number: number) => ({
  contactid: contactId(number),
  firstname: firstName(number),
  lastname: lastName(number),
  emailaddress1: addressOf(number),
  jobtitle: 'Head of Testing',
  telephone1: `+49 451 ${100_000 + number}`,
  'parentcustomerid_account@odata.bind': `/accounts(${accountId(number % accounts)})`,
});

const batchSize = 500;

/** Everything as change sets of the Web API, accounts first. */
export function* fill(contacts: number, headers: Record<string, string>): Generator<Shot> {
  for (let from = 0; from < accounts; from += batchSize)
    yield createAll('accounts', range(from, accounts).map(account), headers);
  for (let from = 0; from < contacts; from += batchSize)
    yield createAll('contacts', range(from, contacts).map(contact), headers);
}

function range(from: number, end: number): number[] {
  return Array.from({ length: Math.min(batchSize, end - from) }, (_, index) => from + index);
}

export function createAll(set: string, rows: readonly object[], headers: Record<string, string>): Shot {
  const parts = rows.map(
    (row, index) =>
      `--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: ${index + 1}\r\n\r\n` +
      `POST ${set} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(row)}\r\n`,
  );
  return {
    method: 'POST',
    path: '/api/data/v9.2/$batch',
    headers: { ...headers, 'content-type': 'multipart/mixed; boundary=b' },
    body: `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n${parts.join('')}--c--\r\n--b--\r\n`,
  };
}
