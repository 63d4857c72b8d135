const DAY = 24 * 60 * 60 * 1000;

const startOfDay = (time: Date): number => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();

function timeOf(text: string | null | undefined): Date | null {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? null : time;
}

/** As short as a list wants it: the hour today, the weekday this week, else the date. Empty without a date. */
export function shortTime(text: string | null | undefined, now: Date): string {
  const time = timeOf(text);
  if (!time) return '';
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY);
  if (days === 0) return time.toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' });
  if (days > 0 && days < 7) {
    return time.toLocaleString(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
  }
  return time.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

export function longTime(text: string | null | undefined): string {
  const time = timeOf(text);
  return time
    ? time.toLocaleString(undefined, {
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        year: 'numeric',
        hour: 'numeric',
        minute: '2-digit',
      })
    : 'no date';
}

/** When a meeting begins: in the reader's time where the invitation says which moment it is, else as it is written. */
export function meetingTime(
  time: { readonly dateTime: string; readonly timeZone: string } | string | null | undefined,
): string {
  if (!time) return '';
  if (typeof time === 'string') return longTime(time);
  if (time.timeZone === 'UTC') return longTime(`${time.dateTime}Z`);
  return `${longTime(time.dateTime)} (${time.timeZone})`;
}

/** The heading under which a list puts a mail. */
export function period(text: string | null | undefined, now: Date): string {
  const time = timeOf(text);
  if (!time) return 'No date';
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return 'This week';
  if (days < 14) return 'Last week';
  if (time.getFullYear() === now.getFullYear() && time.getMonth() === now.getMonth()) return 'This month';
  return time.toLocaleDateString(undefined, { month: 'long', year: 'numeric' });
}
