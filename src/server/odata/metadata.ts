/**
 * What tables, columns and navigations there are: the only source of identifiers in SQL. Everything is in Maps, because
 * `constructor` and `__proto__` do arrive as column names.
 */
export type ColumnKind =
  | 'string'
  | 'memo'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'money'
  | 'boolean'
  | 'choice'
  | 'datetime'
  | 'date'
  | 'guid'
  | 'lookup'
  | 'bytes';

export interface Column {
  name: string;
  label: string;
  kind: ColumnKind;
  /** Longest text, in UTF-16 units. */
  length?: number;
  /** Stored a second time, folded, under `<name>_folded`; `inside` says it is also searched by trigrams. */
  folded?: 'whole' | 'inside';
  /** Compared byte by byte: identifiers whose case means something. */
  exact?: true;
  /** An e-mail address, by which people are found. */
  email?: true;
  options?: ReadonlyMap<number, string>;
  /** Tables that a lookup may point to; the type is stored beside it when there are several. */
  targets?: readonly string[];
  required?: true;
  /** Set by the server; what a client sends for it is ignored, as the original does. */
  readOnly?: true;
  /** Not part of a list unless $select names it. */
  heavy?: true;
  /** Stored as another column; a rule may say how it is read from there. */
  from?: string;
  /** Not stored: what every row of the table has. */
  constant?: string;
  initial?: string | number | boolean;
}

/** A lookup seen as a name in a path: `primarycontactid`, `parentcustomerid_account`. */
export interface SingleNavigation {
  name: string;
  column: string;
  target: string;
}

/** The rows of another table that point here. `owned` rows are replaced as a set and go when their row goes. */
export interface CollectionNavigation {
  name: string;
  target: string;
  column: string;
  owned?: true;
}

interface State {
  label: string;
  /** Status values of the state with their labels; the first is the one that is taken when none is given. */
  statuses: ReadonlyMap<number, string>;
}

export interface Table {
  name: string;
  label: string;
  setName: string;
  key: string;
  /** The column that names a row to people. */
  primary: string | undefined;
  columns: ReadonlyMap<string, Column>;
  single: ReadonlyMap<string, SingleNavigation>;
  collections: ReadonlyMap<string, CollectionNavigation>;
  states: ReadonlyMap<number, State>;
  /** Rows have an owner, a state and dates. */
  owned: boolean;
  activity: boolean;
  /** A view over other tables, or rows that only the server makes. */
  readOnly: boolean;
}

export interface Model {
  tables: ReadonlyMap<string, Table>;
  sets: ReadonlyMap<string, Table>;
}

type Part = Omit<Column, 'name'>;

export const text = (label: string, length: number, more: Partial<Part> = {}): Part => ({
  label,
  kind: 'string',
  length,
  ...more,
});
export const named = (label: string, length: number, more: Partial<Part> = {}): Part =>
  text(label, length, { folded: 'inside', ...more });
export const email = (label: string, folded: 'whole' | 'inside' = 'whole'): Part =>
  text(label, 100, { folded, email: true });
export const memo = (label: string, length = 2_000, more: Partial<Part> = {}): Part => ({
  label,
  kind: 'memo',
  length,
  ...more,
});
export const plain = (label: string, kind: ColumnKind, more: Partial<Part> = {}): Part => ({ label, kind, ...more });
export const choice = (label: string, options: Record<number, string>, initial?: number): Part => ({
  label,
  kind: 'choice',
  options: choices(options),
  ...(initial === undefined ? {} : { initial }),
});
export const lookup = (label: string, ...targets: string[]): Part => ({ label, kind: 'lookup', targets });
export const byServer = (part: Part): Part => ({ ...part, readOnly: true });
export const required = (part: Part): Part => ({ ...part, required: true });

function choices(options: Record<number, string>): ReadonlyMap<number, string> {
  return new Map(Object.entries(options).map(([value, label]) => [Number(value), label]));
}

export interface TableParts {
  name: string;
  label: string;
  set: string;
  key: string;
  primary?: string;
  columns: Record<string, Part>;
  /** state -> its label and its status values, the usual one first. */
  states?: readonly (readonly [state: number, label: string, statuses: readonly (readonly [number, string])[]])[];
  owned?: boolean;
  activity?: boolean;
  readOnly?: boolean;
  /** Rows are parts of another row and carry no dates of their own. */
  part?: boolean;
  /** Names of lookups in paths, where they are not the usual ones: column -> (target) -> names. */
  paths?: (column: string, target: string) => readonly string[] | undefined;
}

const written: Record<string, Part> = {
  createdon: byServer(plain('Created On', 'datetime')),
  modifiedon: byServer(plain('Modified On', 'datetime')),
  createdby: byServer(lookup('Created By', 'systemuser')),
  modifiedby: byServer(lookup('Modified By', 'systemuser')),
};

export function table(parts: TableParts): Table {
  const states = new Map(
    (parts.states ?? []).map(([state, label, statuses]) => [state, { label, statuses: new Map(statuses) }]),
  );
  const all: Record<string, Part> = {
    [parts.key]: plain(`${parts.label} id`, 'guid'),
    ...parts.columns,
    ...(parts.owned === true
      ? {
          ownerid: lookup('Owner', 'systemuser', 'team'),
          owningbusinessunit: byServer(lookup('Owning Business Unit', 'businessunit')),
        }
      : {}),
    ...(states.size > 0 ? stateColumns(states) : {}),
    ...(parts.part === true ? {} : written),
    ...(parts.owned === true && parts.readOnly !== true
      ? { overriddencreatedon: plain('Record Created On', 'datetime', { from: 'createdon', heavy: true }) }
      : {}),
    versionnumber: byServer(plain('Version', 'bigint')),
  };
  const columns = new Map(Object.entries(all).map(([name, part]) => [name, { name, ...part }]));
  return {
    name: parts.name,
    label: parts.label,
    setName: parts.set,
    key: parts.key,
    primary: parts.primary,
    columns,
    single: singleNavigations(columns, parts.paths),
    collections: new Map(),
    states,
    owned: parts.owned ?? false,
    activity: parts.activity ?? false,
    readOnly: parts.readOnly ?? false,
  };
}

function stateColumns(states: ReadonlyMap<number, State>): Record<string, Part> {
  const labels = [...states].map(([state, { label }]) => [state, label] as const);
  const statuses = [...states.values()].flatMap((state) => [...state.statuses]);
  return {
    statecode: { label: 'Status', kind: 'choice', options: new Map(labels) },
    statuscode: { label: 'Status Reason', kind: 'choice', options: new Map(statuses) },
  };
}

function singleNavigations(
  columns: ReadonlyMap<string, Column>,
  paths: TableParts['paths'],
): Map<string, SingleNavigation> {
  const found = new Map<string, SingleNavigation>();
  for (const { name, targets = [] } of columns.values()) {
    for (const target of targets) {
      const usual = name === 'ownerid' ? ownerPaths(target) : [targets.length === 1 ? name : `${name}_${target}`];
      for (const path of paths?.(name, target) ?? usual) found.set(path, { name: path, column: name, target });
    }
  }
  return found;
}

function ownerPaths(target: string): string[] {
  return target === 'systemuser' ? ['ownerid', 'owninguser', 'ownerid_systemuser'] : ['owningteam', 'ownerid_team'];
}

/** `[name, of, target, column]`: the rows of `target` whose `column` points to a row of `of`. */
export type CollectionParts = readonly [name: string, of: string, target: string, column: string, owned?: 'owned'];

export function model(tables: readonly Table[], collections: readonly CollectionParts[]): Model {
  const joined = tables.map((each): Table => {
    const own = collections.filter(([, of]) => of === each.name);
    const navigations = own.map(([name, , target, column, owned]): [string, CollectionNavigation] => [
      name,
      { name, target, column, ...(owned === undefined ? {} : { owned: true }) },
    ]);
    return { ...each, collections: new Map(navigations) };
  });
  return {
    tables: new Map(joined.map((each) => [each.name, each])),
    sets: new Map(joined.map((each) => [each.setName, each])),
  };
}

/** A table that the model itself names; asking for another is a mistake in our own code. */
export function tableOf({ tables }: Model, name: string): Table {
  const found = tables.get(name);
  if (found === undefined) throw new Error(`The model has no table ${name}`);
  return found;
}
