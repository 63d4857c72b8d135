import { sql, type RawBuilder } from 'kysely';
import { fold } from '../../db/fold.ts';
import { badRequest, shown } from '../bad-request.ts';
import type { Column } from '../metadata.ts';
import type { Comparison } from '../parse/filter.ts';
import type { Literal } from '../parse/tokens.ts';
import { compareColumns, compareValue, matches, startsWith } from '../read/condition-sql.ts';
import { findOperator } from '../read/operators.ts';
import { readPattern, textOf, type Pattern } from '../read/pattern.ts';
import type { ColumnRef, Statement } from '../read/scope.ts';
import { operatorName } from './operators.ts';
import type { Condition } from './tree.ts';

const COMPARISONS = new Map<string, Comparison>([
  ['eq', 'eq'],
  ['ne', 'ne'],
  ['neq', 'ne'],
  ['gt', 'gt'],
  ['ge', 'ge'],
  ['lt', 'lt'],
  ['le', 'le'],
]);

/** How a text is looked for: whether anything may stand before and behind it. */
const TEXT_TESTS = new Map<string, { before: boolean; behind: boolean; not: boolean }>([
  ['like', { before: false, behind: false, not: false }],
  ['not-like', { before: false, behind: false, not: true }],
  ['begins-with', { before: false, behind: true, not: false }],
  ['not-begin-with', { before: false, behind: true, not: true }],
  ['ends-with', { before: true, behind: false, not: false }],
  ['not-end-with', { before: true, behind: false, not: true }],
]);

/**
 * A condition as SQL, with the same meaning as its twin in $filter: what is denied is also true of empty columns.
 * @param find the column that `attribute` or `valueof` names
 */
export function conditionSql(
  statement: Statement,
  condition: Condition,
  left: ColumnRef,
  right: ColumnRef | undefined,
): RawBuilder<boolean> {
  const { operator, values } = condition;
  const comparison = COMPARISONS.get(operator);
  if (right !== undefined) {
    if (comparison === undefined) throw unfit(condition, 'compares a column with a value only');
    return compareColumns(comparison, left, right);
  }
  if (comparison !== undefined) return compareValue(comparison, left, literal(left.column, single(condition)));
  if (operator === 'null' || operator === 'not-null') {
    if (values.some((value) => value !== '')) throw unfit(condition, 'takes no value');
    return compareValue(operator === 'null' ? 'eq' : 'ne', left, { kind: 'literal', type: 'null', value: null });
  }
  const test = TEXT_TESTS.get(operator);
  if (test === undefined) return operatorSql(statement, condition, left);
  const found = textSql(statement, left, single(condition), test);
  return test.not ? sql<boolean>`(not coalesce(${found}, false))` : found;
}

function operatorSql(statement: Statement, condition: Condition, column: ColumnRef): RawBuilder<boolean> {
  const name = operatorName(condition.operator);
  const operator = name === undefined ? undefined : findOperator(name);
  if (name === undefined || operator === undefined)
    throw badRequest(`Unsupported condition operator: ${shown(condition.operator)}.`, '0x80041120');
  const { takes } = operator;
  // Builders of queries leave an empty value behind where none is taken.
  const given = takes === 0 ? condition.values.filter((value) => value !== '') : condition.values;
  if (takes === 'list' ? given.length === 0 : given.length !== takes)
    throw unfit(
      condition,
      takes === 'list' ? 'needs at least one value' : `takes ${takes} values, not ${given.length}`,
    );
  return operator.sql({ statement, name, column, values: given.map((value) => text(column.column, value)) });
}

function unfit({ operator, attribute }: Condition, why: string) {
  return badRequest(`The condition operator ${shown(operator)} on ${shown(attribute)} ${why}.`, '0x80041106');
}

function single(condition: Condition): string {
  const [value, ...more] = condition.values;
  if (value === undefined || more.length > 0) throw unfit(condition, `takes 1 value, not ${condition.values.length}`);
  return value;
}

/** Ids are often written in braces. */
function text({ kind }: Column, value: string): Literal {
  const isId = kind === 'guid' || kind === 'lookup';
  return { kind: 'literal', type: 'string', value: isId ? value.trim().replace(/^\{(.*)\}$/, '$1') : value };
}

/** All values of FetchXML are text; what they are is said by the column. */
function literal(column: Column, value: string): Literal {
  if (column.kind === 'boolean' && /^(?:true|false|0|1)$/i.test(value))
    return { kind: 'literal', type: 'boolean', value: /^(?:true|1)$/i.test(value) };
  const isNumber = ['decimal', 'money', 'integer', 'choice', 'bigint'].includes(column.kind);
  if (isNumber && /^-?\d{1,15}(?:\.\d{1,10})?$/.test(value))
    return { kind: 'literal', type: 'number', value: Number(value) };
  return text(column, value);
}

function textSql(
  statement: Statement,
  column: ColumnRef,
  value: string,
  { before, behind }: { before: boolean; behind: boolean },
): RawBuilder<boolean> {
  const { kind, exact, name } = column.column;
  if (kind !== 'string' && kind !== 'memo')
    throw badRequest(`${name} is ${kind}; only text is searched.`, '0x80041106');
  const pattern: Pattern = readPattern(exact === true ? value : fold(value));
  if (before) pattern.unshift({ kind: 'run' });
  if (behind) pattern.push({ kind: 'run' });
  const start = pattern.slice(0, -1);
  if (pattern.at(-1)?.kind === 'run' && start.every((item) => item.kind === 'char'))
    return startsWith(column, textOf(start));
  return matches(statement, column, pattern);
}
