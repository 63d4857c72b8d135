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
  | 'choices'
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
  /** Whether a column security profile may hide or freeze it. */
  secured?: true;
  /** Stored as another column; a rule may say how it is read from there. */
  from?: string;
  /** What is long is stored beside the row, in pieces. */
  inPieces?: true;
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

/** What happens to the rows that point here when their row is assigned, shared or deleted (CascadeConfiguration). */
export interface Cascades {
  assign: 'cascade' | 'none';
  /** Also: what is taken back again. */
  share: 'cascade' | 'none';
  delete: 'cascade' | 'removelink' | 'restrict';
}

/** The children of a parental relationship follow their parent in everything. */
export const parental: Cascades = { assign: 'cascade', share: 'cascade', delete: 'cascade' };
/** A mere link: it is taken away when its row goes. */
export const referential: Cascades = { assign: 'none', share: 'none', delete: 'removelink' };
export const restricting: Cascades = { assign: 'none', share: 'none', delete: 'restrict' };

/** The rows of another table that point here. `owned` rows are replaced as a set and go when their row goes. */
export interface CollectionNavigation {
  name: string;
  target: string;
  column: string;
  owned?: true;
  cascades: Cascades;
}

/** Rows of another table that are associated with this one through a table of pairs. */
export interface ManyNavigation {
  name: string;
  target: string;
  /** Table of the pairs, its column for this row and its column for the other. */
  intersect: string;
  near: string;
  far: string;
}

/** Columns that together name one row: `accounts(accountnumber='ABC123')`. */
export interface AlternateKey {
  name: string;
  columns: readonly string[];
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
  many: ReadonlyMap<string, ManyNavigation>;
  keys: readonly AlternateKey[];
  states: ReadonlyMap<number, State>;
  /** Rows have an owner, a state and dates. */
  owned: boolean;
  activity: boolean;
  /** A view over other tables, or rows that only the server makes. */
  readOnly: boolean;
  /** Changes can be asked for with odata.track-changes: deleted rows leave a trace. */
  tracked: boolean;
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
  /** Default: every table that is not a part and not read-only. */
  tracked?: boolean;
  keys?: readonly AlternateKey[];
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
    ...moneyColumns(parts.columns),
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
    many: new Map(),
    keys: parts.keys ?? [],
    states,
    owned: parts.owned ?? false,
    activity: parts.activity ?? false,
    readOnly: parts.readOnly ?? false,
    tracked: parts.tracked ?? (parts.part !== true && parts.readOnly !== true),
  };
}

/** Amounts are in the row's currency; `<column>_base` is the same in the organisation's. */
function moneyColumns(columns: Record<string, Part>): Record<string, Part> {
  const amounts = Object.entries(columns).filter(([, { kind }]) => kind === 'money');
  if (amounts.length === 0) return {};
  return {
    transactioncurrencyid: lookup('Currency', 'transactioncurrency'),
    exchangerate: byServer(plain('Exchange Rate', 'decimal', { heavy: true })),
    ...Object.fromEntries(
      amounts.map(([name, { label }]) => [
        `${name}_base`,
        byServer(plain(`${label} (Base)`, 'money', { heavy: true })),
      ]),
    ),
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

/** A table with further columns; amounts bring their currency, as everywhere. */
export function withColumns(of: Table, parts: Record<string, Part>): Table {
  const all = Object.entries({ ...parts, ...moneyColumns(parts) }).filter(([name]) => !of.columns.has(name));
  const added = new Map(all.map(([name, part]) => [name, { name, ...part }]));
  const single = new Map([...of.single, ...singleNavigations(added, undefined)]);
  return { ...of, columns: new Map([...of.columns, ...added]), single };
}

/** A table one of whose lookups may point to more tables, under these names in paths. */
export function withTargets(
  of: Table,
  column: string,
  targets: readonly string[],
  paths: (target: string) => readonly string[],
): Table {
  const lookupColumn = of.columns.get(column);
  if (lookupColumn?.targets === undefined || targets.length === 0) return of;
  const wider: Column = { ...lookupColumn, targets: [...lookupColumn.targets, ...targets] };
  const added = targets.flatMap((target) =>
    paths(target).map((name): [string, SingleNavigation] => [name, { name, column, target }]),
  );
  return { ...of, columns: new Map([...of.columns, [column, wider]]), single: new Map([...of.single, ...added]) };
}

function ownerPaths(target: string): string[] {
  return target === 'systemuser' ? ['ownerid', 'owninguser', 'ownerid_systemuser'] : ['owningteam', 'ownerid_team'];
}

/** `[name, of, target, column]`: the rows of `target` whose `column` points to a row of `of`. */
export type CollectionParts = readonly [
  name: string,
  of: string,
  target: string,
  column: string,
  more?: 'owned' | Cascades,
];

/** A many-to-many relationship, by the same name from both sides: its pairs are rows of `intersect`. */
export interface ManyParts {
  name: string;
  intersect: string;
  sides: readonly [{ table: string; column: string }, { table: string; column: string }];
}

export function model(
  tables: readonly Table[],
  collections: readonly CollectionParts[],
  many: readonly ManyParts[] = [],
): Model {
  const joined = tables.map((each): Table => {
    const own = collections.filter(([, of]) => of === each.name).map(collectionNavigation);
    const pairs = many.flatMap((parts) => manyNavigations(parts, each.name));
    return {
      ...each,
      collections: new Map(own.map((navigation) => [navigation.name, navigation])),
      many: new Map(pairs.map((navigation) => [navigation.name, navigation])),
    };
  });
  return {
    tables: new Map(joined.map((each) => [each.name, each])),
    sets: new Map(joined.map((each) => [each.setName, each])),
  };
}

function collectionNavigation([name, , target, column, more]: CollectionParts): CollectionNavigation {
  return more === 'owned'
    ? { name, target, column, owned: true, cascades: parental }
    : { name, target, column, cascades: more ?? referential };
}

function manyNavigations({ name, intersect, sides: [first, second] }: ManyParts, of: string): ManyNavigation[] {
  const seen = [
    [first, second],
    [second, first],
  ] as const;
  return seen
    .filter(([near]) => near.table === of)
    .map(([near, far]) => ({ name, target: far.table, intersect, near: near.column, far: far.column }));
}

/** A table that the model itself names; asking for another is a mistake in our own code. */
export function tableOf({ tables }: Model, name: string): Table {
  const found = tables.get(name);
  if (found === undefined) throw new Error(`The model has no table ${name}`);
  return found;
}
