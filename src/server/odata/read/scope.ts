import { sql, type RawBuilder } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import type { Engine } from '../../db/engine.ts';
import { piecesOf } from '../files/pieces.ts';
import { at, identifier, quoted, word } from '../identifier.ts';
import { tableOf, type CollectionNavigation, type Column, type SingleNavigation, type Table } from '../metadata.ts';
import type { Session } from '../session.ts';
import type { Pattern } from './pattern.ts';

/** A table within a statement, under a short name, with the tables that paths have joined to it. */
export interface Scope {
  engine: Engine;
  table: Table;
  alias: string;
  /** The variable of a lambda, where this scope is inside one. */
  variable: string | undefined;
  joins: Map<string, { navigation: SingleNavigation; scope: Scope }>;
}

export interface Statement {
  session: Session;
  parameters: ReadonlyMap<string, string>;
  /** Searches through a trigram index of which nobody knows how much they find; see `countFound`. */
  uncounted: Search[];
  /** A fresh short name. */
  alias(): string;
}

/** Rows of a table whose column is like a pattern that a trigram index can be asked for. */
export interface Search {
  table: string;
  column: string;
  pattern: Pattern;
}

export function newStatement(session: Session, parameters: ReadonlyMap<string, string> = new Map()): Statement {
  let count = 0;
  return { session, parameters, uncounted: [], alias: () => `t${count++}` };
}

export function newScope(statement: Statement, table: Table, variable?: string): Scope {
  return { engine: statement.session.engine, table, alias: statement.alias(), variable, joins: new Map() };
}

export interface ColumnRef {
  column: Column;
  /** The column as it stands in the statement; for text, `folded` is what it is compared and sorted by. */
  ref: RawBuilder<unknown>;
  folded: RawBuilder<unknown>;
  scope: Scope;
}

/** `_primarycontactid_value` and, where there is no choice, `primarycontactid` name the lookup; else the column itself. */
export function findColumn(table: Table, name: string): Column | undefined {
  const lookup = /^_(\w+)_value$/.exec(name)?.[1];
  const column = table.columns.get(lookup ?? name);
  return lookup !== undefined && column?.kind !== 'lookup' ? undefined : column;
}

export function unknownColumn(table: Table, name: string) {
  return badRequest(
    `Could not find a property named '${shown(name)}' on type 'Microsoft.Dynamics.CRM.${table.name}'.`,
    '0x80060888',
  );
}

/** A path without the variable of the lambda that it is in. @throws {HttpError} 400 if it starts with anything else */
export function pathWithin({ variable }: Scope, segments: readonly string[]): readonly string[] {
  if (variable === undefined) return segments;
  if (segments[0] !== variable)
    throw badRequest(`"${shown(segments.join('/'))}" does not start with the variable ${variable}.`);
  return segments.slice(1);
}

/**
 * Follows a path from a scope to a column, joining what lies between. What a caller may not read can be neither compared
 * nor sorted by: both would tell what it is.
 * @throws {HttpError} 400 naming what is unknown, 403 for a table or column that the caller may not read
 */
export function resolveColumn(statement: Statement, start: Scope, segments: readonly string[]): ColumnRef {
  const path = pathWithin(start, segments);
  const last = path.at(-1);
  if (last === undefined) throw badRequest('A column is missing after the variable.');
  const scope = path.slice(0, -1).reduce((inner, segment) => joinTo(statement, inner, segment), start);
  const column = findColumn(scope.table, last);
  if (column === undefined) throw unknownColumn(scope.table, last);
  // Whoever may not see a value may not find out about it either, by filtering, sorting or adding up.
  const { access, caller } = statement.session;
  access.demandColumn(caller, 'read', scope.table, column);
  return columnRef(scope, column);
}

export function columnRef(scope: Scope, column: Column): ColumnRef {
  if (column.constant !== undefined) {
    // Typed, because PostgreSQL neither sorts by a bare literal nor guesses what a parameter alone is.
    const constant = sql.raw(`cast(${word(column.constant)} as text)`);
    return { column, ref: constant, folded: constant, scope };
  }
  const ref = sql.raw(storedIn(scope, column));
  const isText = column.kind === 'string' || column.kind === 'memo';
  const folded = column.folded !== undefined ? at(scope.alias, `${column.name}_folded`) : sql`crm_fold(${ref})`;
  return { column, ref, folded: isText && column.exact !== true ? folded : ref, scope };
}

/** The stored column of a row, as it stands in a statement. */
export function storedIn({ engine, table, alias }: Scope, column: Column): string {
  const stored = quoted(alias, column.from ?? column.name);
  return column.inPieces === true ? `coalesce(${stored}, ${piecesOf(engine, quoted(alias, table.key))})` : stored;
}

/** A name that is not there, or not for the caller: PostgreSQL sorts by no bare `null`. */
export const noText = sql`cast(null as text)`;

/** A lookup is sorted by the name of its row, as documented; by nothing where the caller may not see that row. */
export function nameBehind(statement: Statement, { column, scope }: ColumnRef): ColumnRef {
  const names = [...scope.table.single.values()]
    .filter(
      (navigation, index, all) =>
        navigation.column === column.name &&
        all.findIndex(({ column: other, target }) => other === column.name && target === navigation.target) === index,
    )
    .flatMap((navigation) => {
      const joined = joinAlong(statement, scope, navigation);
      const primary = joined.table.columns.get(joined.table.primary ?? '');
      const { access, caller } = statement.session;
      const seen = primary !== undefined && access.mayUse(caller, 'read', joined.table, primary);
      return seen ? [columnRef(joined, primary).folded] : [];
    });
  const name = names.length > 1 ? sql`coalesce(${sql.join(names)})` : (names[0] ?? noText);
  return { column, ref: name, folded: name, scope };
}

/** @throws {HttpError} 400 for a name that is no single-valued navigation, 403 for a table that the caller may not read */
export function joinTo(statement: Statement, scope: Scope, name: string): Scope {
  const navigation = scope.table.single.get(name);
  if (navigation === undefined) throw unknownColumn(scope.table, name);
  const { access, caller, model } = statement.session;
  access.demand(caller, 'read', tableOf(model, navigation.target));
  return joinAlong(statement, scope, navigation);
}

function joinAlong(statement: Statement, scope: Scope, navigation: SingleNavigation): Scope {
  const known = scope.joins.get(navigation.name);
  if (known !== undefined) return known.scope;
  const joined = newScope(statement, tableOf(statement.session.model, navigation.target));
  scope.joins.set(navigation.name, { navigation, scope: joined });
  return joined;
}

/** `from contact as t0 left join account as t1 on ...` with everything that paths have asked for so far. */
export function fromClause(statement: Statement, scope: Scope): RawBuilder<unknown> {
  return sql`from ${tables(statement, scope)}`;
}

export function tables(statement: Statement, scope: Scope): RawBuilder<unknown> {
  return sql`${identifier(scope.table.name)} as ${identifier(scope.alias)}${joinClauses(statement, scope)}`;
}

function joinClauses(statement: Statement, scope: Scope): RawBuilder<unknown> {
  const { access, caller } = statement.session;
  const clauses = [...scope.joins.values()].map(({ navigation, scope: joined }) => {
    const { alias, table } = joined;
    const visible = access.readable(caller, table, alias);
    return sql` left join ${identifier(table.name)} as ${identifier(alias)} on ${at(alias, table.key)} = ${at(scope.alias, navigation.column)}${pointsTo(scope, navigation)}${visible === undefined ? sql`` : sql` and ${visible}`}${joinClauses(statement, joined)}`;
  });
  return clauses.length === 0 ? sql`` : sql.join(clauses, sql``);
}

/** Where a lookup may point to several tables, only the one that the path names. */
function pointsTo(scope: Scope, { column, target }: SingleNavigation): RawBuilder<unknown> {
  if (!isPolymorphic(scope.table, column)) return sql``;
  return sql` and ${at(scope.alias, `${column}_type`)} = ${target}`;
}

export function isPolymorphic(table: Table, column: string): boolean {
  return (table.columns.get(column)?.targets?.length ?? 0) > 1;
}

/** The rows of a collection that belong to rows of `of`; the union of activities asks for no type, its ids are enough. */
export function belongsTo(of: Table, child: Scope, { column }: CollectionNavigation): RawBuilder<boolean> | undefined {
  if (!isPolymorphic(child.table, column) || of.name === 'activitypointer') return undefined;
  return sql<boolean>`${at(child.alias, `${column}_type`)} = ${of.name}`;
}
