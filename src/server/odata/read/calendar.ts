/**
 * What the words of time mean: `LastXWeeks`, `ThisFiscalPeriod`, `OlderThanXMonths`. All by a clock that
 * shows its time in UTC fields (time-zone.ts); a week begins on Sunday, the fiscal year on 1 January and has quarters, as in a
 * new organisation.
 * https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/conditionoperator
 */
type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** From the first moment to that before the second; without one of them, open on that side. */
export interface Span {
  from?: Date;
  to?: Date;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FIXED = new Map<Unit, number>([
  ['minute', MINUTE],
  ['hour', HOUR],
  ['day', DAY],
  ['week', 7 * DAY],
]);
const MONTHS = { month: 1, quarter: 3, year: 12 };

function monthsOf(unit: Unit): number {
  return unit === 'month' || unit === 'quarter' || unit === 'year' ? MONTHS[unit] : 0;
}

/** The last day of a month stands for days that it does not have: a month before 31 March is 28 February. */
function add(moment: Date, count: number, unit: Unit): Date {
  const fixed = FIXED.get(unit);
  if (fixed !== undefined) return new Date(moment.getTime() + count * fixed);
  const year = moment.getUTCFullYear();
  const month = moment.getUTCMonth() + count * monthsOf(unit);
  const lastDay = new Date(moment);
  lastDay.setUTCFullYear(year, month + 1, 0);
  const found = new Date(moment);
  found.setUTCFullYear(year, month, Math.min(moment.getUTCDate(), lastDay.getUTCDate()));
  return found;
}

function startOf(unit: Unit, moment: Date): Date {
  if (unit === 'week') return add(startOf('day', moment), -moment.getUTCDay(), 'day');
  const fixed = FIXED.get(unit);
  if (fixed !== undefined) return new Date(Math.floor(moment.getTime() / fixed) * fixed);
  const first = startOf('day', moment);
  first.setUTCMonth(moment.getUTCMonth() - (moment.getUTCMonth() % monthsOf(unit)), 1);
  return first;
}

/** The unit that `now` is in, or one before or after it. */
function whole(unit: Unit, offset: number): (now: Date) => Span {
  return (now) => ({ from: add(startOf(unit, now), offset, unit), to: add(startOf(unit, now), offset + 1, unit) });
}

/** Counted in whole days, or hours, back from now, and until now. */
function last(unit: Unit): (now: Date, count: number) => Span {
  const grain = unit === 'hour' ? 'hour' : 'day';
  return (now, count) => ({ from: add(startOf(grain, now), -count, unit), to: new Date(now.getTime() + 1) });
}

function next(unit: Unit): (now: Date, count: number) => Span {
  const grain = unit === 'hour' ? 'hour' : 'day';
  return (now, count) => ({ from: now, to: add(add(startOf(grain, now), count, unit), 1, grain) });
}

function olderThan(unit: Unit): (now: Date, count: number) => Span {
  return (now, count) => ({ to: add(now, -count, unit) });
}

/** As many whole units before the present one. */
function lastWhole(unit: Unit): (now: Date, count: number) => Span {
  return (now, count) => ({ from: add(startOf(unit, now), -count, unit), to: startOf(unit, now) });
}

function nextWhole(unit: Unit): (now: Date, count: number) => Span {
  return (now, count) => ({ from: add(startOf(unit, now), 1, unit), to: add(startOf(unit, now), count + 1, unit) });
}

/** Spans that are known from the present moment alone. */
export const spansOfNow = new Map<string, (now: Date) => Span>([
  ['Today', whole('day', 0)],
  ['Yesterday', whole('day', -1)],
  ['Tomorrow', whole('day', 1)],
  ['Last7Days', (now) => ({ from: add(startOf('day', now), -7, 'day'), to: add(startOf('day', now), 1, 'day') })],
  ['Next7Days', (now) => ({ from: startOf('day', now), to: add(startOf('day', now), 8, 'day') })],
  ['LastWeek', whole('week', -1)],
  ['ThisWeek', whole('week', 0)],
  ['NextWeek', whole('week', 1)],
  ['LastMonth', whole('month', -1)],
  ['ThisMonth', whole('month', 0)],
  ['NextMonth', whole('month', 1)],
  ['LastYear', whole('year', -1)],
  ['ThisYear', whole('year', 0)],
  ['NextYear', whole('year', 1)],
  ['LastFiscalPeriod', whole('quarter', -1)],
  ['ThisFiscalPeriod', whole('quarter', 0)],
  ['NextFiscalPeriod', whole('quarter', 1)],
  ['LastFiscalYear', whole('year', -1)],
  ['ThisFiscalYear', whole('year', 0)],
  ['NextFiscalYear', whole('year', 1)],
]);

/** Spans of a number of units. */
export const spansOfCount = new Map<string, (now: Date, count: number) => Span>([
  ['LastXHours', last('hour')],
  ['LastXDays', last('day')],
  ['LastXWeeks', last('week')],
  ['LastXMonths', last('month')],
  ['LastXYears', last('year')],
  ['NextXHours', next('hour')],
  ['NextXDays', next('day')],
  ['NextXWeeks', next('week')],
  ['NextXMonths', next('month')],
  ['NextXYears', next('year')],
  ['OlderThanXMinutes', olderThan('minute')],
  ['OlderThanXHours', olderThan('hour')],
  ['OlderThanXDays', olderThan('day')],
  ['OlderThanXWeeks', olderThan('week')],
  ['OlderThanXMonths', olderThan('month')],
  ['OlderThanXYears', olderThan('year')],
  ['LastXFiscalPeriods', lastWhole('quarter')],
  ['LastXFiscalYears', lastWhole('year')],
  ['NextXFiscalPeriods', nextWhole('quarter')],
  ['NextXFiscalYears', nextWhole('year')],
]);

/** Periods of a fiscal year, counted from 1. */
export const FISCAL_PERIODS = 12 / MONTHS.quarter;
/** The months of a fiscal period, counted from 1. */
export function monthsOfFiscalPeriod(period: number): [first: number, last: number] {
  return [(period - 1) * MONTHS.quarter + 1, period * MONTHS.quarter];
}

export function fiscalYear(year: number): Required<Span> {
  const from = startOfYear(year);
  return { from, to: add(from, 1, 'year') };
}

export function fiscalPeriod(period: number, year: number): Required<Span> {
  const from = add(startOfYear(year), period - 1, 'quarter');
  return { from, to: add(from, 1, 'quarter') };
}

export function dayOf(moment: Date): Required<Span> {
  const from = startOf('day', moment);
  return { from, to: add(from, 1, 'day') };
}

/** Date.UTC takes years below 100 for those of the last century. */
function startOfYear(year: number): Date {
  const found = new Date(0);
  found.setUTCFullYear(year, 0, 1);
  return found;
}
