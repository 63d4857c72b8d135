import {
  byServer,
  parental,
  referential,
  restricting,
  table,
  text,
  type Cascades,
  type CollectionParts,
  type Model,
  type Table,
  type TableParts,
} from '../../odata/metadata.ts';
import { createModel, crmModel } from '../../odata/tables/crm-model.ts';
import { activeStates } from '../../odata/tables/option-sets.ts';
import { faultsOf } from './check.ts';
import { CustomTablesError, type Declaration, type DeclaredColumn, type DeclaredTable } from './declaration.ts';

type Columns = TableParts['columns'];

const behaviors: Record<'parental' | 'referential' | 'restricting', Cascades> = { parental, referential, restricting };

/** The model of the CRM with what was declared. @throws {CustomTablesError} for names that do not fit together */
export function customModel(declaration: Declaration): Model {
  const faults = faultsOf(declaration, crmModel);
  if (faults.length > 0) throw new CustomTablesError(faults);
  const owners: { name: string; columns: readonly DeclaredColumn[] }[] = [
    ...declaration.tables,
    ...declaration.columns.map(({ table: name, columns }) => ({ name, columns })),
  ];
  return createModel({
    tables: declaration.tables.map(customTable),
    columns: new Map(owners.slice(declaration.tables.length).map(({ name, columns }) => [name, columnsOf(columns)])),
    collections: owners.flatMap(({ name, columns }) => columns.flatMap((column) => collectionsOf(name, column))),
    regarding: declaration.tables.filter(({ activities }) => activities === true).map(({ name }) => name),
    noted: declaration.tables.filter(({ notes }) => notes === true).map(({ name }) => name),
  });
}

function customTable(declared: DeclaredTable): Table {
  const { name, label, primary, ownership = 'user', keys = [], states } = declared;
  const columns = columnsOf(declared.columns);
  const naming = columns[primary];
  return table({
    name,
    label,
    set: declared.set ?? `${name}s`,
    key: `${name}id`,
    primary,
    owned: ownership === 'user',
    columns: { ...columns, ...(naming === undefined ? {} : { [primary]: { ...naming, folded: 'inside' } }) },
    keys,
    states:
      states?.map(({ value, label: state, statuses }) => [
        value,
        state,
        statuses.map((status): [number, string] => [status.value, status.label]),
      ]) ?? activeStates,
  });
}

function columnsOf(declared: readonly DeclaredColumn[]): Columns {
  return Object.fromEntries([
    ...declared.flatMap((column) => (column.type === 'file' ? [nameOfFile(column)] : [])),
    ...declared.map((column): [string, Columns[string]] => [column.name, partOf(column)]),
  ]);
}

/** Documented: beside every file column stands the name of its file; one that was declared by hand stays as it is. */
function nameOfFile({ name, label, secured }: DeclaredColumn): [string, Columns[string]] {
  const part = byServer(text(`${label} Name`, 255));
  return [`${name}_name`, secured === true ? { ...part, secured } : part];
}

function partOf(column: DeclaredColumn): Columns[string] {
  const shared = {
    label: column.label,
    ...(column.required === true ? { required: true as const } : {}),
    ...(column.secured === true ? { secured: true as const } : {}),
  };
  switch (column.type) {
    case 'text':
      return text(column.label, column.length ?? 100, {
        ...shared,
        ...(column.indexed === true ? { folded: 'whole' as const } : {}),
      });
    case 'memo':
      return { ...shared, kind: 'memo', length: column.length ?? 2_000 };
    case 'file':
      return { ...shared, kind: 'bytes', heavy: true };
    case 'boolean':
      return { ...shared, kind: 'boolean', initial: column.default ?? false };
    case 'choice': {
      const options = new Map(column.options.map((option) => [option.value, option.label]));
      return {
        ...shared,
        kind: 'choice',
        options,
        ...(column.default === undefined ? {} : { initial: column.default }),
      };
    }
    case 'choices':
      return {
        ...shared,
        kind: 'choices',
        options: new Map(column.options.map((option) => [option.value, option.label])),
      };
    case 'lookup':
      return { ...shared, kind: 'lookup', targets: column.targets };
    default:
      return { ...shared, kind: column.type };
  }
}

function collectionsOf(child: string, column: DeclaredColumn): CollectionParts[] {
  if (column.type !== 'lookup') return [];
  const cascades = behaviors[column.behavior ?? 'referential'];
  return column.targets.map((of) => [`${child}_${column.name}_${of}`, of, child, column.name, cascades]);
}
