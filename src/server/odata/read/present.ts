import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { at, identifier } from '../identifier.ts';
import { tableOf, type Column, type Table } from '../metadata.ts';
import { currenciesOf } from './currencies.ts';
import { isPolymorphic } from './scope.ts';
import type { Row, Session } from '../session.ts';
import { formatted, toJson } from '../values.ts';

const FORMATTED = 'OData.Community.Display.V1.FormattedValue';
const LOGICAL_NAME = 'Microsoft.Dynamics.CRM.lookuplogicalname';
const NAVIGATION = 'Microsoft.Dynamics.CRM.associatednavigationproperty';

/** Which annotations the client asked for; see prefer.ts. */
export type Annotations = (name: string) => boolean;
export const noAnnotations: Annotations = () => false;

export function etagOf(row: Row): string {
  return `W/"${String(row['versionnumber'])}"`;
}

/** Stored rows as the dialect writes them. `columns` are those asked for; every row carries its key and version as well. */
export async function presentRows(
  session: Session,
  table: Table,
  columns: readonly Column[],
  rows: readonly Row[],
  annotations: Annotations,
): Promise<Row[]> {
  const names = annotations(FORMATTED) ? await namesOfLookups(session, table, columns, rows) : undefined;
  const currencyOf = names === undefined ? undefined : await currenciesOf(session, columns, rows);
  const computed = session.rules.get(table.name)?.computed;
  const isSlow = columns.some(({ name }) => computed?.has(name) === true);
  const presented: Row[] = [];
  for (const row of rows) {
    // What is worked out may take a while for each row: between two of them others are answered.
    if (isSlow && presented.length > 0) await setImmediate();
    const shown: Row = { '@odata.etag': etagOf(row) };
    for (const column of columns) {
      if (column.kind === 'lookup') presentLookup(shown, table, column, row, annotations, names);
      else {
        const work = computed?.get(column.name);
        const stored = work === undefined ? row[column.name] : work(row[column.name]);
        const text =
          names === undefined
            ? undefined
            : formatted(column, stored, session.caller.formats, currencyOf?.(column, row));
        if (text !== undefined) shown[`${column.name}@${FORMATTED}`] = text;
        shown[column.name] = toJson(column, stored);
      }
    }
    presented.push(shown);
  }
  return presented;
}

function presentLookup(
  shown: Row,
  table: Table,
  column: Column,
  row: Row,
  annotations: Annotations,
  names: ReadonlyMap<string, string> | undefined,
): void {
  const name = `_${column.name}_value`;
  const id = row[column.name];
  if (typeof id === 'string') {
    const target = lookupTarget(table, column, row);
    const text = names?.get(id);
    if (text !== undefined) shown[`${name}@${FORMATTED}`] = text;
    if (annotations(NAVIGATION)) shown[`${name}@${NAVIGATION}`] = navigationTo(table, column.name, target);
    if (annotations(LOGICAL_NAME)) shown[`${name}@${LOGICAL_NAME}`] = target;
  }
  shown[name] = id ?? null;
}

function lookupTarget(table: Table, column: Column, row: Row): string {
  const stored = isPolymorphic(table, column.name) ? row[`${column.name}_type`] : column.targets?.[0];
  return typeof stored === 'string' ? stored : '';
}

function navigationTo(table: Table, column: string, target: string): string {
  for (const navigation of table.single.values()) {
    if (navigation.column === column && navigation.target === target) return navigation.name;
  }
  return column;
}

/** The names of all rows that lookups of a page point to: one query per table, only what the caller may read. */
async function namesOfLookups(
  session: Session,
  table: Table,
  columns: readonly Column[],
  rows: readonly Row[],
): Promise<Map<string, string>> {
  const wanted = new Map<string, Set<string>>();
  for (const column of columns.filter(({ kind }) => kind === 'lookup')) {
    for (const row of rows) {
      const id = row[column.name];
      if (typeof id !== 'string') continue;
      const target = lookupTarget(table, column, row);
      wanted.set(target, (wanted.get(target) ?? new Set()).add(id));
    }
  }
  const names = new Map<string, string>();
  for (const [target, ids] of wanted) await readNames(session, target, [...ids], names);
  return names;
}

async function readNames(
  session: Session,
  target: string,
  ids: readonly string[],
  names: Map<string, string>,
): Promise<void> {
  const table = tableOf(session.model, target);
  const named = table.primary === undefined ? undefined : table.columns.get(table.primary);
  if (table.primary === undefined || named === undefined) return;
  if (!session.access.mayUse(session.caller, 'read', table, named)) return;
  const visible = session.access.readable(session.caller, table, 'n');
  const { rows } = await sql<{ id: string; name: string | null }>`
    select ${at('n', table.key)} as id, ${at('n', table.primary)} as name from ${identifier(table.name)} as n
    where ${isOneOf(session.engine, at('n', table.key), ids)}${visible === undefined ? sql`` : sql` and ${visible}`}`.execute(
    session.queries,
  );
  for (const { id, name } of rows) if (name !== null) names.set(id, name);
}
