import { sql, type RawBuilder } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { utc, type Zone } from '../../db/time-zone.ts';
import { badRequest } from '../bad-request.ts';
import type { Column } from '../metadata.ts';
import { containsAny, fromValues } from '../multi-select.ts';
import type { Literal } from '../parse/tokens.ts';
import { fromLiteral, storedTime } from '../values.ts';
import {
  dayOf,
  FISCAL_PERIODS,
  fiscalPeriod,
  fiscalYear,
  monthsOfFiscalPeriod,
  spansOfCount,
  spansOfNow,
  type Span,
} from './calendar.ts';
import { callerAndReports, callerOnly, hierarchyOf, idsAbove, idsUnder, teamsOf } from './hierarchy.ts';
import { localDay } from './local-day.ts';
import type { ColumnRef, Statement } from './scope.ts';

/** A condition on a column beyond a comparison: its name, the column, and the values, which may all be given as text. */
export interface OperatorCall {
  statement: Statement;
  name: string;
  column: ColumnRef;
  values: readonly Literal[];
}

/**
 * How many values one takes: none, exactly one or two, or a list. Its SQL is two-valued where it stands alone; a caller
 * that negates it coalesces first.
 */
export interface Operator {
  takes: 0 | 1 | 2 | 'list';
  sql(call: OperatorCall): RawBuilder<boolean>;
}

/** By the names of the enumeration ConditionOperator: `LastXDays`, `EqualUserId`, `Under`. */
export function findOperator(name: string): Operator | undefined {
  return operators.get(name);
}

const ENGLISH = 1033;
const LARGEST_COUNT = 100_000;

type Build = Operator['sql'];
const none = (build: Build): Operator => ({ takes: 0, sql: build });
const one = (build: Build): Operator => ({ takes: 1, sql: build });
const two = (build: Build): Operator => ({ takes: 2, sql: build });
const list = (build: Build): Operator => ({ takes: 'list', sql: build });
const negated =
  (build: Build): Build =>
  (call) =>
    sql<boolean>`(not coalesce(${build(call)}, false))`;

const isCaller: Build = (call) => sql`${idOf(call)} = ${call.statement.session.caller.userId}`;
const isBusiness: Build = (call) => sql`${idOf(call)} = ${call.statement.session.caller.businessUnitId}`;
const isIn =
  (ids: (call: OperatorCall) => RawBuilder<unknown>): Build =>
  (call) =>
    sql<boolean>`${idOf(call)} in (${ids(call)})`;

const above: Build = (call) =>
  sql`${call.column.ref} in (${idsAbove(hierarchyOf(call.statement, call.column), sql`${guid(call)}`)})`;
const under: Build = (call) =>
  sql`(${call.column.ref} in (${idsUnder(hierarchyOf(call.statement, call.column), sql`${guid(call)}`)}) and ${call.column.ref} <> ${guid(call)})`;
const orEqual =
  (build: Build): Build =>
  (call) =>
    sql<boolean>`(${build(call)} or ${call.column.ref} = ${guid(call)})`;

const operators = new Map<string, Operator>([
  ['In', list(inList)],
  ['NotIn', list(negated(inList))],
  ['ContainValues', list(containValues)],
  ['DoesNotContainValues', list(negated(containValues))],
  ['Between', list(between)],
  ['NotBetween', list(negated(between))],
  ['EqualUserId', none(isCaller)],
  ['NotEqualUserId', none(negated(isCaller))],
  ['EqualBusinessId', none(isBusiness)],
  ['NotEqualBusinessId', none(negated(isBusiness))],
  ['EqualRoleBusinessId', none(isIn(roleBusinesses))],
  ['EqualUserLanguage', none(({ column }) => sql`${column.ref} = ${ENGLISH}`)],
  ['EqualUserTeams', none(isIn(({ statement }) => teamsOf(statement, callerOnly(statement))))],
  ['EqualUserOrUserTeams', none(isIn(({ statement }) => withTeams(statement, callerOnly(statement))))],
  ['EqualUserOrUserHierarchy', none(isIn(({ statement }) => callerAndReports(statement)))],
  [
    'EqualUserOrUserHierarchyAndTeams',
    none(isIn(({ statement }) => withTeams(statement, callerAndReports(statement)))),
  ],
  ['Above', one(above)],
  ['AboveOrEqual', one(orEqual(above))],
  ['Under', one(under)],
  ['UnderOrEqual', one(orEqual(under))],
  ['NotUnder', one(negated(under))],
  ...[...spansOfNow].map(([name, span]) => [name, none((call) => within(call, span(now(call))))] as const),
  ...[...spansOfCount].map(
    ([name, span]) => [name, one((call) => within(call, span(now(call), count(call))))] as const,
  ),
  ['On', one((call) => within(call, dayOf(wallTime(call))))],
  ['OnOrAfter', one((call) => within(call, { from: dayOf(wallTime(call)).from }))],
  ['OnOrBefore', one((call) => within(call, { to: dayOf(wallTime(call)).to }))],
  ['InFiscalYear', one((call) => within(call, fiscalYear(year(call, 0))))],
  ['InFiscalPeriod', one(inFiscalPeriod)],
  ['InFiscalPeriodAndYear', two((call) => within(call, period(call)))],
  ['InOrAfterFiscalPeriodAndYear', two((call) => within(call, { from: period(call).from }))],
  ['InOrBeforeFiscalPeriodAndYear', two((call) => within(call, { to: period(call).to }))],
]);

/** PostgreSQL compares no number with an id, and SQLite would find nothing. */
function idOf({ name, column: { column, ref } }: OperatorCall): RawBuilder<unknown> {
  if (column.kind !== 'lookup' && column.kind !== 'guid')
    throw badRequest(`${name} works on lookups and ids, not on ${column.name}.`);
  return ref;
}

function withTeams(statement: Statement, users: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`${users} union ${teamsOf(statement, users)}`;
}

function roleBusinesses({ statement }: OperatorCall): RawBuilder<unknown> {
  return sql`select r.businessunitid from role as r join systemuserroles as u on u.roleid = r.roleid where u.systemuserid = ${statement.session.caller.userId}`;
}

function inList({ name, statement, column: found, values }: OperatorCall): RawBuilder<boolean> {
  const { column, ref, folded } = found;
  if (values.length === 0) throw badRequest(`${name} needs at least one value.`);
  // Of several choices, the values are one set: what is selected is exactly these.
  if (column.kind === 'choices') {
    const given = values.map(({ value }) => value);
    return sql<boolean>`${ref} = ${fromValues(column, given)}`;
  }
  const stored = values.map((value) => comparable(column, value));
  if (!isNumeric(column)) return isOneOf(statement.session.engine, isText(column) ? folded : ref, stored.map(String));
  return sql<boolean>`${ref} in (${sql.join(stored)})`;
}

function containValues({ name, statement, column: { column, ref }, values }: OperatorCall): RawBuilder<boolean> {
  if (column.kind !== 'choices')
    throw badRequest(`${name} works on columns that hold several choices; ${column.name} is ${column.kind}.`);
  const wanted = values.map(({ value }) => value);
  return containsAny(statement.session.engine, column, ref, wanted);
}

function between({ name, column: { column, folded }, values }: OperatorCall): RawBuilder<boolean> {
  if (column.kind === 'choices')
    throw badRequest(`${name} is not valid for ${column.name}, which holds several choices.`);
  const [low, high] = values;
  if (low === undefined || high === undefined || values.length !== 2)
    throw badRequest(`${name} needs exactly two values.`);
  return sql<boolean>`${folded} between ${comparable(column, low, true)} and ${comparable(column, high)}`;
}

/** A value as it stands in the column, or in its folded companion. */
function comparable(column: Column, value: Literal, roundUp = false): string | number {
  const stored = fromLiteral(column, typed(column, value), roundUp);
  return isText(column) && column.exact !== true ? fold(String(stored)) : stored;
}

function isText({ kind }: Column): boolean {
  return kind === 'string' || kind === 'memo';
}

function isNumeric({ kind }: Column): boolean {
  return ['decimal', 'money', 'integer', 'choice', 'bigint', 'boolean'].includes(kind);
}

/** Operators may be given all their values as text. */
function typed(column: Column, literal: Literal): Literal {
  if (literal.type !== 'string') return literal;
  const value = String(literal.value);
  if (column.kind === 'boolean' && /^(?:true|false|0|1)$/i.test(value))
    return { kind: 'literal', type: 'boolean', value: /^(?:true|1)$/i.test(value) };
  return isNumeric(column) && /^-?\d{1,15}(?:\.\d+)?$/.test(value)
    ? { kind: 'literal', type: 'number', value: Number(value) }
    : literal;
}

/** Spans are read off the caller's clock. Hours and minutes are as long on every clock, also on the night it is changed. */
function clockOf({ name, statement }: OperatorCall): Zone {
  return /Hours|Minutes/.test(name) ? utc : statement.session.caller.formats.zone;
}

/** Dates are their first moment; a span that begins or ends within a day takes in that day. */
function within(call: OperatorCall, { from, to }: Span): RawBuilder<boolean> {
  const {
    name,
    column: { column, ref },
  } = call;
  const zone = clockOf(call);
  if (column.kind !== 'datetime' && column.kind !== 'date')
    throw badRequest(`${name} works on dates; ${column.name} is ${column.kind}.`);
  const after = from === undefined ? undefined : sql<boolean>`${ref} >= ${stamp(column, from, false, zone)}`;
  const before = to === undefined ? undefined : sql<boolean>`${ref} < ${stamp(column, to, true, zone)}`;
  if (after !== undefined && before !== undefined) return sql<boolean>`(${after} and ${before})`;
  return after ?? before ?? sql<boolean>`${ref} is not null`;
}

const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T00:00:00Z');

function stamp({ kind }: Column, wall: Date, isEnd: boolean, zone: Zone): string {
  const kept = new Date(Math.min(Math.max(wall.getTime(), FIRST), LAST));
  if (kind === 'datetime') return storedTime(zone.momentOf(kept), true);
  const { from, to } = dayOf(kept);
  return storedTime(isEnd && from.getTime() !== kept.getTime() ? to : from).slice(0, 10);
}

function now(call: OperatorCall): Date {
  return clockOf(call).wallOf(call.statement.session.now());
}

function wholeNumber({ name, values }: OperatorCall, index: number, what: string, most: number): number {
  const literal = values[index];
  const value = literal === undefined || literal.value === '' || literal.value === null ? NaN : Number(literal.value);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw badRequest(`The ${what} given for ${name} must be a whole number from 1 to ${most}.`);
  return value;
}

function count(call: OperatorCall): number {
  return wholeNumber(call, 0, 'number', LARGEST_COUNT);
}

function year(call: OperatorCall, index: number): number {
  return wholeNumber(call, index, 'year', 9998);
}

function period(call: OperatorCall): Required<Span> {
  return fiscalPeriod(wholeNumber(call, 0, 'fiscal period', FISCAL_PERIODS), year(call, 1));
}

/** The period of any year: by the month, which stands at the same place in every date. */
function inFiscalPeriod(call: OperatorCall): RawBuilder<boolean> {
  const [first, last] = monthsOfFiscalPeriod(wholeNumber(call, 0, 'fiscal period', FISCAL_PERIODS));
  const day = localDay(call.statement.session.engine, call.column, clockOf(call));
  const month = (value: number) => String(value).padStart(2, '0');
  return sql<boolean>`(${within(call, {})} and substr(${day}, 6, 2) between ${month(first)} and ${month(last)})`;
}

/** A day is meant as the caller's own, a time of day as a moment; it is what the clock shows then. */
function wallTime(call: OperatorCall): Date {
  const {
    column: { column },
    values: [value],
  } = call;
  if (value === undefined) throw badRequest(`A date to compare ${column.name} with is missing.`);
  const given = new Date(String(fromLiteral({ ...column, kind: 'datetime' }, value)));
  const isDay = column.kind === 'date' || !String(value.value).includes('T');
  return isDay ? given : clockOf(call).wallOf(given);
}

function guid({ name, column: { column }, values: [value] }: OperatorCall): string {
  if (value === undefined) throw badRequest(`${name} needs the id of a row.`);
  return String(fromLiteral({ ...column, kind: 'guid' }, value));
}
