import type { Column, Model, Table } from '../../src/server/odata/metadata.ts';
import type { Random } from './random.ts';

/** What requests are made of: the model, and the ids of rows that were made on the way. */
export interface Material {
  random: Random;
  model: Model;
  tables: readonly Table[];
  ids: Map<string, string[]>;
  /** Addresses of further pages and changes that answers have offered. */
  links: string[];
}

const TEXTS = [
  ...['', 'a', 'Ana', "O'Neil", '%', '_', '[a-', '[^]', '*', '\\', 'é', 'ß', '\u0000', '\ud800', '😀', 'x'.repeat(300)],
  ...[
    'constructor',
    '__proto__',
    "' or 1=1 --",
    '${1}',
    '@p',
    'null',
    '2026-11-21',
    '1',
    '-',
    '+49 1',
    '<a>',
    '&amp;',
    '\u202e',
  ],
];
const NUMBERS = [
  '0',
  '1',
  '-1',
  '2147483647',
  '2147483648',
  '1e15',
  '1e400',
  '-0',
  '0.1',
  '99999999999999999999',
  'NaN',
  '0x10',
];
const TIMES = [
  '2026-11-21',
  '2026-11-21T09:00:00Z',
  '2026-02-30',
  '0000-00-00',
  '9999-12-31T23:59:59Z',
  '2026-11-21T09:00:00+14:00',
  'now',
];

export const columnsOf = (table: Table) => [...table.columns.values()];

export function idOf({ random, ids }: Material, table: Table): string {
  const known = ids.get(table.name) ?? [];
  if (known.length > 0 && random.chance(0.9)) return random.pick(known);
  if (random.chance(0.8)) return '00000000-0000-4000-8000-000000000001';
  return random.pick(['00000000-0000-0000-0000-000000000000', 'x', '', '1', "'a'", "name='a'"]);
}

export function text({ random }: Material): string {
  return random.pick(TEXTS);
}

/** Mostly one that has rows. */
export function tableOf({ random, tables, ids, model }: Material): Table {
  const full = model.tables.get(random.pick([...ids.keys(), 'contact']));
  return full !== undefined && random.chance(0.75) ? full : random.pick(tables);
}

/** A literal of a filter, usually of the column's kind. */
export function literal(material: Material, column: Column): string {
  const { random } = material;
  if (random.chance(0.05)) return random.pick(['null', 'true', '()', '@a', 'fullname', "''", 'duration', '1 eq 1']);
  const kind = random.chance(0.1)
    ? random.pick(['string', 'integer', 'boolean', 'guid', 'datetime'] as const)
    : column.kind;
  switch (kind) {
    case 'string':
    case 'memo':
    case 'bytes':
      return `'${text(material).replaceAll("'", random.chance(0.95) ? "''" : "'")}'`;
    case 'boolean':
      return random.pick(['true', 'false', '0', '1']);
    case 'guid':
    case 'lookup':
      return random.chance(0.5)
        ? `${random.int(99999999)}-0000-4000-8000-000000000001`
        : idOf(material, random.pick(material.tables));
    case 'date':
    case 'datetime':
      return random.pick(TIMES);
    default:
      return random.pick(NUMBERS);
  }
}

function path(material: Material, table: Table, variable?: string): [name: string, column: Column] {
  const { random, model } = material;
  const own = random.pick(columnsOf(table));
  const start = variable === undefined ? '' : `${variable}/`;
  const single = [...table.single.values()];
  if (single.length > 0 && random.chance(0.15)) {
    const navigation = random.pick(single);
    const target = model.tables.get(navigation.target) ?? table;
    const column = random.pick(columnsOf(target));
    return [`${start}${navigation.name}/${column.name}`, column];
  }
  return [start + (own.kind === 'lookup' && random.chance(0.8) ? `_${own.name}_value` : own.name), own];
}

export function filter(material: Material, table: Table, depth = 0, variable?: string): string {
  const { random, model } = material;
  const inner = () => filter(material, table, depth + 1, variable);
  const [name, column] = path(material, table, variable);
  const kind = random.int(depth > 3 ? 5 : 10);
  if (kind < 3) return `${name} ${random.pick(['eq', 'ne', 'gt', 'ge', 'lt', 'le'])} ${literal(material, column)}`;
  if (kind === 3) return `${random.pick(['contains', 'startswith', 'endswith'])}(${name},${literal(material, column)})`;
  if (kind === 4) {
    const operator = random.pick([
      'In',
      'Between',
      'LastXDays',
      'Today',
      'EqualUserId',
      'Under',
      'On',
      'ContainValues',
      'Nothing',
    ]);
    const values = random.many(0, 3, () => JSON.stringify(text(material))).join(',');
    return `Microsoft.Dynamics.CRM.${operator}(PropertyName='${name}'${random.chance(0.7) ? `,PropertyValue${random.chance(0.5) ? 's' : ''}=${random.chance(0.5) ? `[${values}]` : literal(material, column)}` : ''})`;
  }
  if (kind === 5) return `not (${inner()})`;
  if (kind === 6) return `(${inner()})`;
  if (kind === 7 && table.collections.size > 0) {
    const navigation = random.pick([...table.collections.values()]);
    const target = model.tables.get(navigation.target) ?? table;
    const of = random.chance(0.2) ? '' : `v${depth}:${filter(material, target, depth + 2, `v${depth}`)}`;
    return `${variable === undefined ? '' : `${variable}/`}${navigation.name}/${random.pick(['any', 'all'])}(${of})`;
  }
  return random.many(2, 3, inner).join(random.pick([' and ', ' or ']));
}

function expand(material: Material, table: Table, depth: number): string {
  const { random, model } = material;
  const navigations = [...table.single.values(), ...table.collections.values()];
  if (navigations.length === 0) return 'nothing';
  const navigation = random.pick(navigations);
  const target = model.tables.get(navigation.target) ?? table;
  const inner = options(material, target, depth + 1);
  return inner.length === 0 ? navigation.name : `${navigation.name}(${inner.join(';')})`;
}

/** `$select=...`, unescaped. */
export function options(material: Material, table: Table, depth = 0): string[] {
  const { random } = material;
  if (depth === 0 && random.chance(0.1)) return [`fetchXml=${fetchXml(material, table)}`];
  const names = () => random.many(1, 4, () => path(material, table)[0].replace(/^.*\//, '')).join(',');
  const found: string[] = [];
  if (random.chance(0.5)) found.push(`$select=${names()}`);
  if (random.chance(0.4)) found.push(`$filter=${filter(material, table, depth)}`);
  if (random.chance(0.25))
    found.push(`$orderby=${path(material, table)[0]}${random.pick(['', ' desc', ' asc', ' up'])}`);
  if (random.chance(0.25))
    found.push(
      `$top=${random.chance(0.8) ? 1 + random.int(5) : random.pick(['0', '5001', '-1', 'x', '1e3', '99999999999'])}`,
    );
  if (random.chance(0.15) && depth < 3)
    found.push(`$expand=${random.many(1, 3, () => expand(material, table, depth)).join(',')}`);
  if (random.chance(0.1)) found.push(`$count=${random.pick(['true', 'false', '1'])}`);
  if (depth === 0) found.push(...rare(material, table));
  return found;
}

function rare(material: Material, table: Table): string[] {
  const { random } = material;
  const found: string[] = [];
  const [name, column] = path(material, table);
  if (random.chance(0.05))
    found.push(
      `$apply=${random.pick([`aggregate($count as n)`, `groupby((${name}))`, `groupby((${name}),aggregate(${path(material, table)[0]} with ${random.pick(['sum', 'max', 'countdistinct', 'mode'])} as n))`, `filter(${filter(material, table)})/groupby((${name}))`])}`,
    );
  if (random.chance(0.03))
    found.push(
      `$skiptoken=${random.pick(['x', '', 'e30', '%3Ccookie%20pagenumber=%222%22/%3E', Buffer.from('{"page":2,"values":[null],"key":"a"}').toString('base64url')])}`,
    );
  if (random.chance(0.03)) found.push(`$deltatoken=${random.pick(['1!01/01/2026', 'x', '999999999999!', ''])}`);
  if (random.chance(0.05)) found.push(`@a=${literal(material, column)}`);
  if (random.chance(0.03))
    found.push(
      random.pick([
        '$skip=1',
        '$search=a',
        '$format=xml',
        'savedQuery=x',
        'userQuery=00000000-0000-0000-0000-000000000000',
        '$select',
        '&&',
        '=',
      ]),
    );
  return found;
}

function fetchXml(material: Material, table: Table): string {
  const { random, model } = material;
  const attribute = (of: Table) => random.pick(columnsOf(of)).name;
  const quote = (value: string) => value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  const condition = (of: Table) =>
    `<condition attribute="${attribute(of)}" operator="${random.pick(['eq', 'ne', 'like', 'null', 'not-null', 'in', 'between', 'last-x-days', 'today', 'eq-userid', 'gt', 'contain-values', 'under', 'x'])}" ${random.chance(0.7) ? `value="${quote(text(material))}"/>` : `>${random.many(0, 3, () => `<value>${quote(text(material))}</value>`).join('')}</condition>`}`.replace(
      /" >/,
      '">',
    );
  const body = (of: Table, depth: number): string =>
    [
      ...random.many(
        0,
        3,
        () =>
          `<attribute name="${attribute(of)}"${random.chance(0.1) ? ` alias="a${random.int(3)}" ${random.pick(['aggregate="count"', 'groupby="true"', 'dategrouping="month"'])}` : ''}/>`,
      ),
      ...random.many(
        0,
        1,
        () =>
          `<filter type="${random.pick(['and', 'or'])}">${random.many(0, 3, () => condition(of)).join('')}</filter>`,
      ),
      ...random.many(
        0,
        1,
        () => `<order attribute="${attribute(of)}" descending="${random.pick(['true', 'false'])}"/>`,
      ),
      ...(depth > 2 || random.chance(0.7)
        ? []
        : [random.pick(material.tables)].map(
            (target) =>
              `<link-entity name="${target.name}" from="${random.chance(0.7) ? target.key : attribute(target)}" to="${attribute(of)}" link-type="${random.pick(['inner', 'outer', 'any', 'not any', 'exists', 'x'])}">${body(target, depth + 1)}</link-entity>`,
          )),
    ].join('');
  const name = random.chance(0.9) ? table.name : random.pick([...model.tables.keys()]);
  return `<fetch ${random.pick(['', 'top="5"', 'count="3" page="2"', 'aggregate="true"', 'distinct="true"', 'count="-1"', 'paging-cookie="x"'])}><entity name="${name}">${body(table, 0)}</entity></fetch>`;
}
