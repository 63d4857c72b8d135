import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { at, identifier } from '../../odata/identifier.ts';
import { tableOf, type Column, type Model, type Table } from '../../odata/metadata.ts';
import { columnRef, newScope, newStatement, type Scope } from '../../odata/read/scope.ts';
import type { Row, Session, WriteSession } from '../../odata/session.ts';
import { mayRead } from '../mail/may-read.ts';
import { readRules, type Condition, type DuplicateRule } from './rules.ts';

/** A row, stored or not, that others may be the same as. */
export interface Subject {
  table: Table;
  /** column -> stored value */
  row: Row;
  /** Where it is stored already: a row is not its own duplicate. */
  id: string | undefined;
}

/**
 * Rows of `matching` that a published rule takes for the same as the subject, among those that the caller may read, by id.
 * @returns the ids of one page
 */
export async function findDuplicates(
  session: Session,
  subject: Subject,
  matching: Table,
  page: { size: number; skip: number },
): Promise<string[]> {
  if (!(await isEnabled(session)) || !mayRead(session, matching)) return [];
  const rules = (await readRules(session, subject.table.name)).filter((rule) => rule.matching === matching.name);
  const scope = newScope(newStatement(session), matching);
  const found = rules.map((rule) => ruleSql(subject, rule, scope)).filter((condition) => condition !== undefined);
  if (found.length === 0) return [];
  const visible = session.access.readable(session.caller, matching, scope.alias);
  const key = at(scope.alias, matching.key);
  const conditions = [
    sql`(${sql.join(found, sql` or `)})`,
    ...(visible === undefined ? [] : [visible]),
    ...(subject.id === undefined ? [] : [sql`${key} <> ${subject.id}`]),
  ];
  const { rows } = await sql<{
    id: string;
  }>`select ${key} as id from ${identifier(matching.name)} as ${identifier(scope.alias)}
    where ${sql.join(conditions, sql` and `)} order by ${key}${limit(page.size)} offset ${page.skip}`.execute(
    session.queries,
  );
  return rows.map(({ id }) => id);
}

/** Whether the stored row has a duplicate of any table; for writes that ask not to make one. */
export async function hasDuplicates(session: WriteSession, table: Table, id: string): Promise<boolean> {
  const { rows } =
    await sql<Row>`select * from ${identifier(table.name)} where ${identifier(table.key)} = ${id}`.execute(
      session.queries,
    );
  const [row] = rows;
  if (row === undefined) return false;
  const names = new Set((await readRules(session, table.name)).map(({ matching }) => matching));
  for (const name of names) {
    const matching = knownTable(session.model, name);
    if (matching === undefined) continue;
    const found = await findDuplicates(session, { table, row, id }, matching, { size: 1, skip: 0 });
    if (found.length > 0) return true;
  }
  return false;
}

function knownTable(model: Model, name: string): Table | undefined {
  return model.tables.has(name) ? tableOf(model, name) : undefined;
}

async function isEnabled({ queries }: Session): Promise<boolean> {
  const { rows } = await sql`select 1 from organization where isduplicatedetectionenabled = 0`.execute(queries);
  return rows.length === 0;
}

/** @returns nothing for a rule that cannot hold: a column is unknown, or all that it compares is blank */
function ruleSql({ table, row }: Subject, rule: DuplicateRule, scope: Scope): RawBuilder<boolean> | undefined {
  const blank = rule.conditions.every(({ base }) => isBlank(row[base]));
  if (blank) return undefined;
  const parts: RawBuilder<unknown>[] = [];
  for (const condition of rule.conditions) {
    const [base, matching] = [table.columns.get(condition.base), scope.table.columns.get(condition.matching)];
    if (base === undefined || matching === undefined) return undefined;
    const part = conditionSql(row[base.name], condition, matching, rule, scope);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  if (rule.activeOnly && scope.table.states.size > 0) parts.push(sql`${at(scope.alias, 'statecode')} = 0`);
  return sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

function conditionSql(
  value: unknown,
  { operator, length, ignoresBlank }: Condition,
  column: Column,
  { caseSensitive }: DuplicateRule,
  scope: Scope,
): RawBuilder<unknown> | undefined {
  const { ref, folded } = columnRef(scope, column);
  if (isBlank(value)) return ignoresBlank ? undefined : sql`${ref} is null`;
  if (typeof value === 'number') return sql`${ref} = ${value}`;
  if (typeof value !== 'string') return undefined;
  const isText = column.kind === 'string' || column.kind === 'memo';
  const [left, right] = isText && !caseSensitive ? [folded, fold(value)] : [ref, value];
  switch (operator) {
    case 1:
      return sql`substr(${left}, 1, ${length}) = ${right.slice(0, length)}`;
    case 2:
      return sql`substr(${left}, case when length(${left}) > ${length} then length(${left}) - ${length} + 1 else 1 end) = ${right.slice(-length)}`;
    case 3:
      return sql`substr(${ref}, 1, 10) = ${value.slice(0, 10)}`;
    default:
      return sql`${left} = ${right}`;
  }
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}
