import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { badRequest } from '../bad-request.ts';
import { parseArgument, type Argument, type Comparison, type Condition, type Operand } from '../parse/filter.ts';
import type { Column } from '../metadata.ts';
import { lambdaSql } from './lambda.ts';
import {
  asGlob,
  asLike,
  asRegularExpression,
  hasSets,
  readPattern,
  textOf,
  trigramsOf,
  type Pattern,
} from './pattern.ts';
import { queryFunction } from './query-functions.ts';
import { resolveColumn, type ColumnRef, type Scope, type Statement } from './scope.ts';
import { amongFound } from './search.ts';
import type { Literal } from '../parse/tokens.ts';
import { fromLiteral } from '../values.ts';

const OPERATORS = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' } as const;
const TURNED = { eq: 'eq', ne: 'ne', gt: 'lt', ge: 'le', lt: 'gt', le: 'ge' } as const;
/** Sorts behind every text that starts with what stands before it. */
const LAST = '\u{10ffff}';

/**
 * A condition as SQL. Two values only: a comparison with nothing is false, except that `ne` finds empty columns too, as
 * the original does; so `not` is the plain opposite.
 */
export function conditionSql(statement: Statement, scope: Scope, condition: Condition): RawBuilder<boolean> {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.parts.map((part) => conditionSql(statement, scope, part));
      return sql<boolean>`(${sql.join(parts, condition.kind === 'and' ? sql` and ` : sql` or `)})`;
    }
    case 'not':
      return sql<boolean>`(not coalesce(${conditionSql(statement, scope, condition.of)}, false))`;
    case 'compare':
      return compareSql(statement, scope, condition.operator, condition.left, condition.right);
    case 'text':
      return textSql(statement, scope, condition);
    case 'any':
    case 'all':
      return lambdaSql(statement, scope, condition, conditionSql);
    case 'call':
      return queryFunction(statement, condition.name, knownArguments(statement, condition.arguments), (segments) =>
        resolveColumn(statement, scope, [...condition.path, ...segments]),
      );
  }
}

function compareSql(
  statement: Statement,
  scope: Scope,
  operator: Comparison,
  given: Operand,
  other: Operand,
): RawBuilder<boolean> {
  const left = knownOperand(statement, given);
  const right = knownOperand(statement, other);
  if (left.kind !== 'path') {
    if (right.kind !== 'path') throw badRequest('A comparison needs a column on one of its sides.');
    return compareValue(TURNED[operator], resolveColumn(statement, scope, right.segments), left);
  }
  const column = resolveColumn(statement, scope, left.segments);
  if (right.kind === 'path') return compareColumns(operator, column, resolveColumn(statement, scope, right.segments));
  return compareValue(operator, column, right);
}

type Known<Given> = Exclude<Given, { kind: 'alias' }>;

/** An alias stands for a value or a column; without a value of its own it is null, as documented. */
function knownArgument(statement: Statement, argument: Argument): Known<Argument> {
  if (argument.kind !== 'alias') return argument;
  const source = statement.parameters.get(argument.name);
  return source === undefined ? { kind: 'literal', type: 'null', value: null } : parseArgument(source);
}

function knownOperand(statement: Statement, operand: Operand): Known<Operand> {
  const known = knownArgument(statement, operand);
  if (known.kind === 'list') throw badRequest('A list of values cannot be compared; use Microsoft.Dynamics.CRM.In.');
  return known;
}

function knownArguments(statement: Statement, given: ReadonlyMap<string, Argument>): Map<string, Argument> {
  return new Map([...given].map(([name, argument]) => [name, knownArgument(statement, argument)]));
}

export function compareColumns(operator: Comparison, left: ColumnRef, right: ColumnRef): RawBuilder<boolean> {
  const kindOf = ({ column }: ColumnRef) => (column.kind === 'memo' ? 'string' : column.kind);
  if (kindOf(left) !== kindOf(right))
    throw badRequest(`${left.column.name} and ${right.column.name} cannot be compared.`);
  demandOrder(operator, left.column);
  const plain = sql<boolean>`${left.folded} ${sql.raw(OPERATORS[operator])} ${right.folded}`;
  return operator === 'ne' ? sql<boolean>`(${plain} or ${left.ref} is null or ${right.ref} is null)` : plain;
}

export function compareValue(
  operator: Comparison,
  { column, ref, folded }: ColumnRef,
  literal: Literal,
): RawBuilder<boolean> {
  if (literal.value === null) {
    if (operator === 'eq') return sql<boolean>`${ref} is null`;
    return operator === 'ne' ? sql<boolean>`${ref} is not null` : sql<boolean>`1 = 0`;
  }
  demandOrder(operator, column);
  const value = fromLiteral(column, literal, operator === 'ge' || operator === 'lt');
  const isFolded = (column.kind === 'string' || column.kind === 'memo') && column.exact !== true;
  const plain = sql<boolean>`${folded} ${sql.raw(OPERATORS[operator])} ${isFolded ? fold(String(value)) : value}`;
  return operator === 'ne' ? sql<boolean>`(${plain} or ${ref} is null)` : plain;
}

/** Sets of choices are equal or not; none comes before another. */
function demandOrder(operator: Comparison, { kind, name }: Column): void {
  if (kind === 'choices' && operator !== 'eq' && operator !== 'ne')
    throw badRequest(`The operator ${operator} is not valid for ${name}, which holds several choices.`);
}

function textSql(
  statement: Statement,
  scope: Scope,
  condition: Extract<Condition, { kind: 'text' }>,
): RawBuilder<boolean> {
  const found = resolveColumn(statement, scope, condition.of.segments);
  if (found.column.kind !== 'string' && found.column.kind !== 'memo') {
    throw badRequest(`${condition.test} works on text; ${found.column.name} is ${found.column.kind}.`);
  }
  const operand = knownOperand(statement, condition.value);
  if (operand.kind !== 'literal' || typeof operand.value !== 'string')
    throw badRequest(`${condition.test} needs a text as its second argument.`);
  const wanted = found.column.exact === true ? operand.value : fold(operand.value);
  const pattern = readPattern(wanted);
  if (condition.test === 'startswith' && pattern.every(({ kind }) => kind === 'char'))
    return startsWith(found, textOf(pattern));
  if (condition.test !== 'startswith') pattern.unshift({ kind: 'run' });
  if (condition.test !== 'endswith') pattern.push({ kind: 'run' });
  return matches(statement, found, pattern);
}

/** A range, because no engine of ours uses a plain index for LIKE in every collation. */
export function startsWith({ folded, ref }: ColumnRef, wanted: string): RawBuilder<boolean> {
  if (wanted === '') return sql<boolean>`${ref} is not null`;
  return sql<boolean>`(${folded} >= ${wanted} and ${folded} < ${wanted + LAST})`;
}

export function matches(
  statement: Statement,
  { column, folded, scope }: ColumnRef,
  pattern: Pattern,
): RawBuilder<boolean> {
  const exact = isLike(statement.session.engine, folded, pattern);
  const searchable = column.folded === 'inside' && scope.table.name !== 'activitypointer';
  // PostgreSQL finds what a regular expression asks for by itself.
  const sets = statement.session.engine === 'postgres' && hasSets(pattern);
  if (!searchable || sets || trigramsOf(pattern).length === 0) return exact;
  const search = { table: scope.table.name, column: `${column.name}_folded`, pattern };
  const among = amongFound(statement, scope, search);
  return among === undefined ? exact : sql<boolean>`(${among} and ${exact})`;
}

function isLike(engine: Engine, folded: RawBuilder<unknown>, pattern: Pattern): RawBuilder<boolean> {
  if (engine === 'postgres') {
    if (hasSets(pattern)) return sql<boolean>`${folded} ~ ${asRegularExpression(pattern)}`;
    return sql<boolean>`${folded} like ${asLike(pattern)} escape ${'\\'}`;
  }
  // SQLite plans anew for every bound pattern, to see whether it begins with letters that an index knows. The plus hides it.
  return sql<boolean>`${folded} glob ${pattern[0]?.kind === 'char' ? sql`` : sql`+`}${asGlob(pattern)}`;
}
