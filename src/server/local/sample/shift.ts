// The sample's mails were written once, but should look as if the last one came today. Dates move by whole days, so that a
// mail from the morning stays one; bytes that are no date stay what they are.
import { mailDate } from '../mailbox/compose.ts';
import { headOf } from '../../mailbox/mime/head.ts';

const day = 24 * 60 * 60 * 1000;
const dateLine =
  /^((?:Date|Received|Resent-Date):(?:[^\r\n]|\r?\n[ \t])*?)([A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4})/gm;
const calendarLine = /^((?:DTSTART|DTEND|DTSTAMP)[^:\r\n]*:)(\d{4})(\d\d)(\d\d)/gm;

/** Days to add to `newest` so that it is today, or yesterday while its time of day has not come yet. */
export const daysUntil = (newest: number, now: number) => Math.floor((now - newest) / day);

const pad = (value: number) => String(value).padStart(2, '0');

/** Keeps the author's own offset: 09:12 +0100 stays 09:12 +0100. */
const shiftDate = (text: string, days: number) => {
  const offset = text.slice(-5);
  const minutes = (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3))) * (offset.startsWith('-') ? -1 : 1);
  const wallClock = new Date(Date.parse(text) + days * day + minutes * 60_000);
  return mailDate(wallClock).replace('+0000', offset);
};

const shiftCalendarDay = (year: string, month: string, date: string, days: number) => {
  const moved = new Date(Date.UTC(Number(year), Number(month) - 1, Number(date) + days));
  return `${moved.getUTCFullYear()}${pad(moved.getUTCMonth() + 1)}${pad(moved.getUTCDate())}`;
};

export const shiftMail = (raw: Buffer, days: number): Buffer => {
  const head = headOf(raw).byteLength;
  const headers = raw
    .toString('latin1', 0, head)
    .replace(dateLine, (_all, before: string, date: string) => before + shiftDate(date, days));
  const body = raw
    .toString('latin1', head)
    .replace(
      calendarLine,
      (_all, name: string, year: string, month: string, date: string) =>
        name + shiftCalendarDay(year, month, date, days),
    );
  return Buffer.from(headers + body, 'latin1');
};
