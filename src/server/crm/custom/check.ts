import type { Model } from '../../odata/metadata.ts';
import type { Declaration, DeclaredColumn, DeclaredTable } from './declaration.ts';

/** Names that every custom table has without declaring them. */
const given = /(?:^|_)(?:createdon|modifiedon|ownerid|statecode|statuscode|versionnumber)$/;

/** Whether the names of a declaration fit together and into the standard model: one sentence for each fault. */
export function faultsOf(declaration: Declaration, standard: Model): string[] {
  const faults: string[] = [];
  const fault = (place: string, sentence: string) => faults.push(`${place}: ${sentence}.`);
  const tables = new Set([...standard.tables.keys(), ...declaration.tables.map(({ name }) => name)]);
  const seen = new Set<string>();
  const once = (place: string, kind: string, name: string) => {
    const key = `${kind} ${name}`;
    if (seen.has(key)) fault(place, `${name} is there twice`);
    seen.add(key);
  };
  const demandPublisher = (place: string, name: string) => {
    if (!name.startsWith(`${declaration.publisher}_`))
      fault(place, `${name} does not begin with the publisher's prefix, ${declaration.publisher}_`);
  };
  const checkColumns = (place: string, of: string, columns: readonly DeclaredColumn[]) =>
    columns.forEach((column, index) => {
      const at = `${place}.columns[${index}]`;
      demandPublisher(at, column.name);
      once(at, `column of ${of}`, column.name);
      if (
        column.name === `${of}id` ||
        given.test(column.name) ||
        column.name.endsWith('_base') ||
        column.name.endsWith('_folded') ||
        column.name.endsWith('_type')
      )
        fault(at, `the name ${column.name} is taken by the CRM itself`);
      for (const sentence of columnFaults(column, tables)) fault(at, sentence);
    });
  declaration.tables.forEach((table, index) => {
    const place = `tables[${index}]`;
    demandPublisher(place, table.name);
    once(place, 'table', table.name);
    once(place, 'set', table.set ?? `${table.name}s`);
    checkColumns(place, table.name, table.columns);
    for (const [at, sentence] of tableFaults(table)) fault(`${place}${at}`, sentence);
  });
  declaration.columns.forEach(({ table, columns }, index) => {
    const place = `columns[${index}]`;
    const standing = standard.tables.get(table);
    if (standing === undefined || standing.readOnly) fault(place, `${table} is no table of the CRM that takes columns`);
    checkColumns(place, table, columns);
    columns.forEach((column, number) => {
      if (column.required === true)
        fault(`${place}.columns[${number}]`, 'a column of a standard table cannot be required');
    });
  });
  return faults;
}

function columnFaults(column: DeclaredColumn, tables: ReadonlySet<string>): string[] {
  switch (column.type) {
    case 'choices':
      return optionFaults(column.options);
    case 'choice':
      return [
        ...optionFaults(column.options),
        ...(column.default !== undefined && !column.options.some(({ value }) => value === column.default)
          ? ['the default is none of the options']
          : []),
      ];
    case 'lookup':
      return column.targets
        .filter((target, index) => !tables.has(target) || column.targets.indexOf(target) !== index)
        .map((target) => `the target ${target} is not there, or there twice`);
    default:
      return [];
  }
}

function optionFaults(options: readonly { value: number }[]): string[] {
  const values = new Set(options.map(({ value }) => value));
  return values.size < options.length ? ['two options have the same value'] : [];
}

function tableFaults({
  name,
  primary,
  columns,
  keys = [],
  states = [],
}: DeclaredTable): [place: string, sentence: string][] {
  const faults: [string, string][] = [];
  const names = new Set(columns.map((column) => column.name));
  if (columns.find((column) => column.name === primary)?.type !== 'text')
    faults.push(['.primary', `${primary} is no column of type text of ${name}`]);
  const statuses = states.flatMap((state) => state.statuses.map(({ value }) => value));
  const stateValues = states.map(({ value }) => value);
  if (new Set(statuses).size < statuses.length || new Set(stateValues).size < stateValues.length)
    faults.push(['.states', 'a state or status value is there twice']);
  keys.forEach((key, index) => {
    const unknown = key.columns.find((column) => !names.has(column));
    if (unknown !== undefined) faults.push([`.keys[${index}]`, `${unknown} is no column of ${name}`]);
    const several = columns.find((column) => column.type === 'choices' && key.columns.includes(column.name));
    if (several !== undefined)
      faults.push([`.keys[${index}]`, `${several.name} holds several choices and names no row`]);
  });
  return faults;
}
