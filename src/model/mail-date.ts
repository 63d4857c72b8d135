/**
 * A date of a mail's header (RFC 5322 3.3, with the obsolete forms of 4.3 and the order of asctime that some senders write) as
 * ISO 8601 in UTC; null when it is none. Not `Date.parse`: engines differ in what they take beyond the standard, and take a date
 * without a zone in the zone of the machine, so that pane and server would know one mail by two times. Here no zone is UTC.
 */
export function readMailDate(text: string): string | null {
  const plain = withoutComments(text.slice(0, LONGEST)).replace(/\s+/g, ' ').trim();
  const found = STANDARD.exec(plain)?.groups ?? ASCTIME.exec(plain)?.groups;
  if (found === undefined) return null;
  const { day = '', month = '', hour = '', minute = '', second = '0', zone = '' } = found;
  const year = fullYear(found['year'] ?? '');
  const index = MONTHS.indexOf(month.toLowerCase());
  if (year < EARLIEST || year > LATEST || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const moment = Date.UTC(year, index, Number(day), Number(hour), Number(minute), Number(second));
  // 31 February would be a day of March; a leap second may well be the first of the next minute.
  if (new Date(Date.UTC(year, index, Number(day))).getUTCDate() !== Number(day)) return null;
  return new Date(moment - offset(zone) * 60_000).toISOString();
}

const LONGEST = 200;
/** What the column of a CRM holds. */
const EARLIEST = 1753;
const LATEST = 9998;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const month = `(?<month>${MONTHS.join('|')})[a-z]*\\.?`;
const time = '(?<hour>\\d{1,2}):(?<minute>\\d\\d)(?::(?<second>\\d\\d)(?:\\.\\d+)?)?';
const zone = '(?<zone>[+-]\\d{1,2}:?\\d\\d|[a-z]{1,5})?';
const STANDARD = new RegExp(
  `^(?:[a-z]+\\.?,? ?)?(?<day>\\d{1,2})[ -]?${month}[ -]?(?<year>\\d{2,4}),? ${time} ?${zone}(?![\\d:])`,
  'i',
);
const ASCTIME = new RegExp(
  `^(?:[a-z]+,? )?${month} (?<day>\\d{1,2}),? ${time} (?:[a-z]{1,5} )?(?<year>\\d{4}) ?${zone}`,
  'i',
);

/** Comments may hold comments; a few levels are plenty. */
function withoutComments(text: string): string {
  let rest = text;
  for (let level = 0; level < 4 && rest.includes('('); level += 1) rest = rest.replace(/\([^()]*\)/g, ' ');
  return rest;
}

function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 4) return year;
  return year < 50 ? year + 2000 : year + 1900;
}

const ZONES = new Map([
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
]);

/** Minutes east of Greenwich. A name that is not among the standard's says nothing (RFC 5322 4.3), nor does an hour no zone has. */
function offset(text: string): number {
  const found = /^([+-])(\d{1,2}):?(\d\d)$/.exec(text);
  if (found === null) return ZONES.get(text.toUpperCase()) ?? 0;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return minutes > 24 * 60 ? 0 : found[1] === '-' ? -minutes : minutes;
}
