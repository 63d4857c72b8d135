import { sql, type RawBuilder } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { badRequest, shown } from '../bad-request.ts';
import type { Argument } from '../parse/filter.ts';
import type { ColumnRef, Statement } from './scope.ts';
import type { Literal } from '../parse/tokens.ts';
import { fromLiteral, storedTime } from '../values.ts';

const PREFIX = 'Microsoft.Dynamics.CRM.';
const DAY = 86_400_000;

interface Call {
  statement: Statement;
  column: ColumnRef;
  values: readonly Literal[];
}
type QueryFunction = (call: Call) => RawBuilder<boolean>;

/** The documented functions of $filter that are spoken, without their namespace. */
const functions = new Map<string, QueryFunction>([
  ['In', ({ statement, column, values }) => inList(statement, column, values)],
  ['NotIn', ({ statement, column, values }) => sql`(not coalesce(${inList(statement, column, values)}, false))`],
  ['Between', ({ column, values }) => between(column, values)],
  ['NotBetween', ({ column, values }) => sql`(not coalesce(${between(column, values)}, false))`],
  ['EqualUserId', ({ statement, column }) => sql`${column.ref} = ${statement.session.caller.userId}`],
  [
    'NotEqualUserId',
    ({ statement, column }) => sql`(${column.ref} <> ${statement.session.caller.userId} or ${column.ref} is null)`,
  ],
  ['EqualBusinessId', ({ statement, column }) => sql`${column.ref} = ${statement.session.caller.businessUnitId}`],
  ['Today', (call) => inDays(call, 0, 1)],
  ['Yesterday', (call) => inDays(call, -1, 0)],
  ['Tomorrow', (call) => inDays(call, 1, 2)],
  ['LastXDays', (call) => inDays(call, -count(call), 1)],
  ['NextXDays', (call) => inDays(call, 0, count(call) + 1)],
  ['LastSevenDays', (call) => inDays(call, -7, 1)],
  ['NextSevenDays', (call) => inDays(call, 0, 8)],
  ['OlderThanXDays', (call) => sql`${call.column.ref} < ${day(call, -count(call))}`],
  ['On', (call) => onDay(call, (from, to) => sql`(${call.column.ref} >= ${from} and ${call.column.ref} < ${to})`)],
  ['OnOrAfter', (call) => onDay(call, (from) => sql`${call.column.ref} >= ${from}`)],
  ['OnOrBefore', (call) => onDay(call, (_from, to) => sql`${call.column.ref} < ${to}`)],
]);

/** @param find turns the name given as PropertyName into a column */
export function queryFunction(
  statement: Statement,
  name: string,
  parameters: ReadonlyMap<string, Argument>,
  find: (segments: string[]) => ColumnRef,
): RawBuilder<boolean> {
  const run = name.startsWith(PREFIX) ? functions.get(name.slice(PREFIX.length)) : undefined;
  if (run === undefined) throw badRequest(`The function ${shown(name)} is not supported in $filter.`);
  const property = parameters.get('PropertyName');
  if (property?.kind !== 'literal' || typeof property.value !== 'string')
    throw badRequest(`${shown(name)} needs a PropertyName.`);
  const given = parameters.get('PropertyValues') ?? parameters.get('PropertyValue');
  const values = given?.kind === 'list' ? given.items : given?.kind === 'literal' ? [given] : [];
  return run({ statement, column: find(property.value.split('/')), values });
}

function inList(
  { session }: Statement,
  { column, ref, folded }: ColumnRef,
  values: readonly Literal[],
): RawBuilder<boolean> {
  if (values.length === 0) throw badRequest('In needs at least one value.');
  const stored = values.map((value) => fromLiteral(column, typed(column.kind, value)));
  const isText = column.kind === 'string' || column.kind === 'memo';
  if (isText)
    return isOneOf(
      session.engine,
      folded,
      stored.map((value) => (column.exact === true ? String(value) : fold(String(value)))),
    );
  if (column.kind === 'guid' || column.kind === 'lookup' || column.kind === 'date' || column.kind === 'datetime') {
    return isOneOf(session.engine, ref, stored.map(String));
  }
  return sql<boolean>`${ref} in (${sql.join(stored)})`;
}

/** Query functions take all their values as text. */
function typed(kind: string, literal: Literal): Literal {
  if (literal.type !== 'string') return literal;
  const value = String(literal.value);
  if (kind === 'boolean' && /^(?:true|false|0|1)$/i.test(value)) {
    return { kind: 'literal', type: 'boolean', value: /^(?:true|1)$/i.test(value) };
  }
  const isNumber =
    ['decimal', 'money', 'integer', 'choice', 'bigint'].includes(kind) && /^-?\d{1,15}(?:\.\d+)?$/.test(value);
  return isNumber ? { kind: 'literal', type: 'number', value: Number(value) } : literal;
}

function between({ column, ref, folded }: ColumnRef, values: readonly Literal[]): RawBuilder<boolean> {
  const [low, high] = values;
  if (low === undefined || high === undefined || values.length !== 2)
    throw badRequest('Between needs exactly two values.');
  const ends = [
    fromLiteral(column, typed(column.kind, low), true),
    fromLiteral(column, typed(column.kind, high)),
  ] as const;
  if (column.kind === 'string' || column.kind === 'memo')
    return sql<boolean>`${folded} between ${fold(String(ends[0]))} and ${fold(String(ends[1]))}`;
  return sql<boolean>`${ref} between ${ends[0]} and ${ends[1]}`;
}

function count({ values }: Call): number {
  const days = Number(values[0]?.value);
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw badRequest('The number of days must be a whole number from 1 to 36500.');
  return days;
}

function inDays(call: Call, from: number, to: number): RawBuilder<boolean> {
  return sql<boolean>`(${call.column.ref} >= ${day(call, from)} and ${call.column.ref} < ${day(call, to)})`;
}

/** The start of a day, counted from today; days are those of UTC. */
function day({ statement, column }: Call, offset: number): string {
  requireDate(column);
  const today = Math.floor(statement.session.now().getTime() / DAY);
  return stamp(column, new Date((today + offset) * DAY));
}

function onDay(
  { column, values }: Call,
  build: (from: string, to: string) => RawBuilder<boolean>,
): RawBuilder<boolean> {
  requireDate(column);
  const value = values[0];
  if (value === undefined) throw badRequest('A date is missing.');
  const start = Date.parse(String(fromLiteral({ ...column.column, kind: 'date' }, value)));
  return build(stamp(column, new Date(start)), stamp(column, new Date(start + DAY)));
}

function requireDate({ column }: ColumnRef): void {
  if (column.kind !== 'datetime' && column.kind !== 'date') throw badRequest(`${column.name} is not a date.`);
}

function stamp({ column }: ColumnRef, moment: Date): string {
  return column.kind === 'date' ? storedTime(moment).slice(0, 10) : storedTime(moment);
}
