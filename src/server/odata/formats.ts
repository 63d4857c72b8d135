import { utc, type Zone } from '../db/time-zone.ts';

/** How somebody reads dates, times and numbers; what is not said is written as in the United States. */
export interface Formats {
  zone: Zone;
  /** .NET patterns: `dd.MM.yyyy`, `HH:mm`; `/` and `:` stand for the separators. */
  date?: string | undefined;
  time?: string | undefined;
  dateSeparator?: string | undefined;
  timeSeparator?: string | undefined;
  decimalSymbol?: string | undefined;
  numberSeparator?: string | undefined;
}

export const usualFormats: Formats = { zone: utc };

const usualDate = new Intl.DateTimeFormat('en-US', { dateStyle: 'short', timeZone: 'UTC' });
const usualTime = new Intl.DateTimeFormat('en-US', { timeStyle: 'short', timeZone: 'UTC' });
const months = names({ month: 'long' }, (index) => Date.UTC(2024, index, 1), 12);
/** From Sunday. */
const weekdays = names({ weekday: 'long' }, (index) => Date.UTC(2024, 8, 1 + index), 7);

function names(options: Intl.DateTimeFormatOptions, at: (index: number) => number, count: number): string[] {
  const format = new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
  return Array.from({ length: count }, (_, index) => format.format(at(index)));
}

/** A calendar day, which is the same everywhere. */
export function writeDay(day: Date, formats: Formats): string {
  return formats.date === undefined ? usualDate.format(day) : fill(formats.date, day, formats);
}

export function writeMoment(moment: Date, formats: Formats): string {
  const wall = formats.zone.wallOf(moment);
  const time = formats.time === undefined ? usualTime.format(wall) : fill(formats.time, wall, formats);
  return `${writeDay(wall, formats)}${formats.date === undefined && formats.time === undefined ? ',' : ''} ${time}`;
}

/** The separators of a number as en-US writes it, in somebody's own. */
export function separate(text: string, { decimalSymbol = '.', numberSeparator = ',' }: Formats): string {
  return text.replace(/[.,]/g, (mark) => (mark === '.' ? decimalSymbol : numberSeparator));
}

function fill(pattern: string, wall: Date, formats: Formats): string {
  return pattern.replace(/'([^']*)'|d+|M+|y+|H+|h+|m+|s+|t+|[/:]/g, (token, quoted: string | undefined) =>
    quoted === undefined ? part(token, wall, formats) : quoted,
  );
}

function part(token: string, wall: Date, { dateSeparator = '/', timeSeparator = ':' }: Formats): string {
  const digits = (value: number) => String(value).padStart(Math.min(token.length, 2), '0');
  const hour = wall.getUTCHours();
  switch (token.charAt(0)) {
    case 'd':
      return token.length < 3 ? digits(wall.getUTCDate()) : short(weekdays[wall.getUTCDay()], token.length === 3);
    case 'M':
      return token.length < 3 ? digits(wall.getUTCMonth() + 1) : short(months[wall.getUTCMonth()], token.length === 3);
    case 'y':
      return token.length < 3 ? digits(wall.getUTCFullYear() % 100) : String(wall.getUTCFullYear()).padStart(4, '0');
    case 'H':
      return digits(hour);
    case 'h':
      return digits(hour % 12 === 0 ? 12 : hour % 12);
    case 'm':
      return digits(wall.getUTCMinutes());
    case 's':
      return digits(wall.getUTCSeconds());
    case 't':
      return (hour < 12 ? 'AM' : 'PM').slice(0, token.length);
    default:
      return token === '/' ? dateSeparator : timeSeparator;
  }
}

function short(name = '', abbreviated: boolean): string {
  return abbreviated ? name.slice(0, 3) : name;
}
