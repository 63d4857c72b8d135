const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How times, days and sizes are written in the person's language. `now` is an argument, so a test can stand still. */
export interface Moments {
  /** "14:05" today, "yesterday, 14:05", "21 Nov, 14:05", with the year when it is another. */
  at(iso: string, now: number): string;
  /** "in 40 seconds", "in 3 minutes", "3 days ago". */
  away(iso: string, now: number): string;
  /** "12 Dec 2026". */
  day(iso: string): string;
  /** "2.4 MB". */
  size(bytes: number): string;
}

export function momentsFor(language: string): Moments {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options);
  const time = format({ hour: 'numeric', minute: '2-digit' });
  const thisYear = format({ day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
  const otherYear = format({ day: 'numeric', month: 'short', year: 'numeric' });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const megabytes = new Intl.NumberFormat(language, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
  const kilobytes = new Intl.NumberFormat(language, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 });

  const midnight = (moment: number): number => new Date(moment).setHours(0, 0, 0, 0);

  return {
    at(iso, now) {
      const moment = Date.parse(iso);
      if (Number.isNaN(moment)) return '';
      const days = Math.round((midnight(moment) - midnight(now)) / day);
      if (days === 0) return time.format(moment);
      if (Math.abs(days) === 1) return `${relative.format(days, 'day')}, ${time.format(moment)}`;
      const sameYear = new Date(moment).getFullYear() === new Date(now).getFullYear();
      return (sameYear ? thisYear : otherYear).format(moment);
    },
    away(iso, now) {
      const distance = Date.parse(iso) - now;
      if (Number.isNaN(distance)) return '';
      const size = Math.abs(distance);
      if (size < minute) return relative.format(Math.round(distance / 1000), 'second');
      if (size < hour) return relative.format(Math.round(distance / minute), 'minute');
      if (size < day) return relative.format(Math.round(distance / hour), 'hour');
      return relative.format(Math.round(distance / day), 'day');
    },
    day(iso) {
      // A date without time is a day, not the midnight of some place.
      const moment = Date.parse(iso.length === 10 ? `${iso}T12:00:00` : iso);
      return Number.isNaN(moment) ? '' : otherYear.format(moment);
    },
    size(bytes) {
      return bytes >= 1_000_000 ? megabytes.format(bytes / 1_000_000) : kilobytes.format(Math.ceil(bytes / 1000));
    },
  };
}
