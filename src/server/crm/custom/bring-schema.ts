import { sql, type Transaction } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Engine } from '../../db/engine.ts';
import { addColumns } from '../../db/add-columns.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import {
  columnTexts,
  hasTrigrams,
  searchTexts,
  sparseIndexTexts,
  tableText,
  type TableShape,
} from '../../db/table-shape.ts';
import { tableOf, type AlternateKey, type Column, type Model, type Table } from '../../odata/metadata.ts';
import { keyIndexName, keyIndexText } from '../../odata/write/alternate-key.ts';
import { CustomTablesError, type Declaration } from './declaration.ts';

/** The lock that Kysely's migrations hold on PostgreSQL: two servers that start at once wait for each other here too. */
const MIGRATION_LOCK = '3853314791062309107';

interface Place {
  queries: Transaction<object>;
  engine: Engine;
}

/**
 * Gives the database the declared tables and columns that it does not have yet. Nothing is ever taken away: a column that is
 * declared no longer keeps its data, and one whose type was changed is refused.
 * @throws {CustomTablesError} and changes nothing
 */
export async function bringSchema(database: Database, declaration: Declaration, model: Model): Promise<void> {
  await database.transaction(async (queries) => {
    const place: Place = { queries, engine: database.engine };
    if (place.engine === 'postgres')
      await sql`select pg_advisory_xact_lock(${sql.raw(MIGRATION_LOCK)})`.execute(queries);
    const names = [...declaration.tables, ...declaration.columns.map(({ table }) => ({ name: table }))];
    const wanted = new Map(names.map(({ name }) => [name, declaredColumns(tableOf(model, name), declaration)]));
    const known = await knownColumns(queries);
    refuseChanges(wanted, known);
    for (const [name, columns] of wanted) await bringTable(place, tableOf(model, name), columns, known, declaration);
  });
}

/** Those that the declaration is answerable for: all of its own tables, and of others what begins with its prefix. */
function declaredColumns(table: Table, { tables, columns: further, publisher }: Declaration): Column[] {
  const own = tables.some(({ name }) => name === table.name);
  const declared = new Set(
    further.filter((each) => each.table === table.name).flatMap(({ columns }) => columns.map(({ name }) => name)),
  );
  const isMoney = [...declared].some((name) => table.columns.get(name)?.kind === 'money');
  return [...table.columns.values()].filter(({ name, constant, from }) => {
    if (constant !== undefined || from !== undefined || name === table.key || name === 'versionnumber') return false;
    const forMoney = isMoney && ['transactioncurrencyid', 'exchangerate'].includes(name);
    return (
      own ||
      declared.has(name) ||
      (name.startsWith(`${publisher}_`) && declared.has(name.replace(/_(?:base|name)$/, ''))) ||
      forMoney
    );
  });
}

/** What a column's data looks like; only this must stay. */
function storage({ kind, folded, targets = [] }: Column): string {
  return [kind, ...(folded === undefined ? [] : [folded]), ...(targets.length > 1 ? ['several tables'] : [])].join(
    ', ',
  );
}

async function knownColumns(queries: Transaction<object>): Promise<Map<string, string>> {
  const { rows } = await sql<{ tablename: string; columnname: string; storage: string }>`
    select tablename, columnname, storage from customcolumn`.execute(queries);
  return new Map(rows.map(({ tablename, columnname, storage: kind }) => [`${tablename}.${columnname}`, kind]));
}

function refuseChanges(wanted: ReadonlyMap<string, readonly Column[]>, known: ReadonlyMap<string, string>): void {
  const faults = [...wanted].flatMap(([table, columns]) =>
    columns.flatMap((column) => {
      const before = known.get(`${table}.${column.name}`);
      if (before === undefined || before === storage(column)) return [];
      return [
        `${table}.${column.name} is stored as ${before}; it cannot become ${storage(column)}. Declare a new column.`,
      ];
    }),
  );
  if (faults.length > 0) throw new CustomTablesError(faults);
}

async function bringTable(
  { queries, engine }: Place,
  table: Table,
  columns: readonly Column[],
  known: ReadonlyMap<string, string>,
  declaration: Declaration,
): Promise<void> {
  const run = async (text: string) => void (await sql.raw(text).execute(queries));
  const { name } = table;
  const fresh = columns.filter((column) => !known.has(`${name}.${column.name}`));
  const isNew = declaration.tables.some((each) => each.name === name) && fresh.length === columns.length;
  if (isNew) {
    const shape = shapeOf(table.key, fresh);
    const trigrams = engine === 'postgres' && (await hasTrigrams(queries));
    await run(tableText(name, shape, engine));
    await run(`create index ${name}_by_versionnumber on ${name} (versionnumber)`);
    for (const text of sparseIndexTexts(name, shape)) await run(text);
    for (const text of searchTexts(name, shape, engine, trigrams)) await run(text);
  } else {
    const present = await presentColumns({ queries, engine }, name);
    const missing = fresh.filter((column) => !present.has(column.name));
    const shape = shapeOf(table.key, missing);
    await addColumns(queries, engine, name, columnTexts(shape, engine));
    for (const text of sparseIndexTexts(name, shape)) await run(text);
  }
  for (const column of fresh)
    await sql`insert into customcolumn (tablename, columnname, storage) values (${name}, ${column.name}, ${storage(column)})`.execute(
      queries,
    );
  if (declaration.tables.some((each) => each.name === name))
    for (const key of table.keys) await bringKey({ queries, engine }, table, key);
}

async function presentColumns({ queries, engine }: Place, table: string): Promise<Set<string>> {
  const { rows } =
    engine === 'postgres'
      ? await sql<{ name: string }>`select column_name as name from information_schema.columns
          where table_schema = current_schema() and table_name = ${table}`.execute(queries)
      : await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(queries);
  return new Set(rows.map(({ name }) => name));
}

async function bringKey({ queries, engine }: Place, table: Table, key: AlternateKey): Promise<void> {
  const index = keyIndexName(table, key);
  const { rows } =
    engine === 'postgres'
      ? await sql`select 1 from pg_indexes where schemaname = current_schema() and indexname = ${index}`.execute(
          queries,
        )
      : await sql`select 1 from sqlite_schema where type = 'index' and name = ${index}`.execute(queries);
  if (rows.length > 0) return;
  try {
    await sql.raw(keyIndexText(table, key)).execute(queries);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new CustomTablesError([`${table.name}.${key.name}: rows that are there already have the same values.`]);
  }
}

/** How columns are stored. */
function shapeOf(key: string, columns: readonly Column[]): TableShape {
  const named = (fits: (column: Column) => boolean) =>
    columns
      .filter(fits)
      .map(({ name }) => name)
      .join(' ');
  const isText = ({ kind }: Column) => kind === 'string' || kind === 'memo';
  const isOneOf =
    (...kinds: Column['kind'][]) =>
    ({ kind }: Column) =>
      kinds.includes(kind);
  const isLookup =
    (several: boolean) =>
    ({ kind, targets = [] }: Column) =>
      kind === 'lookup' && targets.length > 1 === several;
  return {
    key,
    text: named(
      (column) =>
        (isText(column) && column.folded === undefined) || isOneOf('datetime', 'date', 'guid', 'choices')(column),
    ),
    folded: named((column) => column.folded === 'whole'),
    searched: named((column) => column.folded === 'inside'),
    integer: named(isOneOf('integer', 'bigint', 'choice', 'boolean')),
    real: named(isOneOf('decimal', 'money')),
    bytes: named(isOneOf('bytes')),
    lookup: named(isLookup(false)),
    polymorphic: named(isLookup(true)),
  };
}
