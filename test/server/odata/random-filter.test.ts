import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fold } from '../../../src/server/db/fold.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

/**
 * Random filters are written for the server and, from the same draw, as a function over plain objects: both must find the
 * same rows. Nothing but the folding of text is shared with the product.
 */
const NOW = new Date('2024-05-15T10:30:00Z');
const DAY = 86_400_000;

type Value = string | number | boolean | null;
/** Columns by name; navigations hold a row, nothing, or rows. */
interface Row {
  [name: string]: Value | Row | Row[];
}
interface Case {
  text: string;
  holds: (row: Row) => boolean;
}
type Kind = 'text' | 'whole' | 'money' | 'flag' | 'choice' | 'moment' | 'day' | 'id';
interface Shape {
  columns: Record<string, Kind>;
  single: Record<string, Shape>;
  many: Record<string, Shape>;
}

const opportunity: Shape = {
  columns: {
    name: 'text',
    estimatedvalue: 'money',
    estimatedclosedate: 'day',
    statecode: 'choice',
    opportunityid: 'id',
  },
  single: {},
  many: {},
};
const contact: Shape = {
  columns: {
    lastname: 'text',
    jobtitle: 'text',
    birthdate: 'day',
    donotemail: 'flag',
    createdon: 'moment',
    contactid: 'id',
  },
  single: {},
  many: { opportunity_customer_contacts: opportunity },
};
const account: Shape = {
  columns: {
    name: 'text',
    description: 'text',
    numberofemployees: 'whole',
    revenue: 'money',
    industrycode: 'choice',
    createdon: 'moment',
    _primarycontactid_value: 'id',
  },
  single: {
    primarycontactid: contact,
    parentaccountid: { columns: { name: 'text', revenue: 'money' }, single: {}, many: {} },
  },
  many: { contact_customer_accounts: contact, opportunity_customer_accounts: opportunity },
};

const words = ['Ada', 'ada', 'ÅNGSTRÖM', 'angst', 'x%y', 'a_b', '[z]', "o'b", '', 'Zoë'];
const days = ['2024-05-15', '2024-05-14', '2024-05-01', '2023-05-15', '2024-06-30'];
const moments = ['2024-05-15T10:30:00Z', '2024-05-15T00:00:00Z', '2024-05-14T23:59:59Z', '2023-01-01T12:00:00Z'];
const at = <Item>(items: readonly Item[], index: number): Item => items[index % items.length]!;
const id = (kind: string, index: number) => `${kind}0000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

const opportunities: Row[] = Array.from({ length: 12 }, (_, index) => ({
  opportunityid: id('d', index),
  name: `Sale ${at(words, index)}`,
  estimatedvalue: index % 4 === 0 ? null : index * 1000.5,
  estimatedclosedate: index % 3 === 0 ? null : at(days, index),
  statecode: 0,
}));
const contacts: Row[] = Array.from({ length: 10 }, (_, index) => ({
  contactid: id('c', index),
  lastname: at(words, index) || null,
  jobtitle: index % 3 === 0 ? null : at(words, index + 4) || null,
  birthdate: index % 4 === 1 ? null : at(days, index),
  donotemail: index % 2 === 0,
  createdon: at(moments, index),
  opportunity_customer_contacts: opportunities.filter((_each, each) => each < 8 && each % 5 === index),
}));
const accounts: Row[] = Array.from({ length: 24 }, (_, index) => ({
  accountid: id('a', index),
  name: `${at(words, index) || '-'} ${index % 7}`,
  description: index % 3 === 0 ? null : at(words, index + 3) || null,
  numberofemployees: index % 4 === 0 ? null : index - 12,
  revenue: index % 5 === 0 ? null : index * 1.5,
  industrycode: index % 3 === 1 ? null : at([1, 6, 8, 33], index),
  createdon: at(moments, index),
  primarycontactid: index % 4 === 2 ? null : at(contacts, index),
  parentaccountid: null,
  contact_customer_accounts: contacts.filter((_each, each) => each % 9 === index),
  opportunity_customer_accounts: opportunities.filter((_each, each) => each >= 8 && each % 4 === index),
}));
accounts.forEach((row, index) => {
  row['parentaccountid'] = index % 3 === 0 ? null : accounts[index - 1]!;
  row['_primarycontactid_value'] = (row['primarycontactid'] as Row | null)?.['contactid'] ?? null;
});

const keyOf = (row: Row): string => row['accountid'] as string;
const literal = (kind: Kind, value: Value): string =>
  kind === 'text' ? `'${String(value).replaceAll("'", "''")}'` : String(value);
const json = (value: Value): string => JSON.stringify(String(value));

function valueOf(kind: Kind): fc.Arbitrary<Value> {
  switch (kind) {
    case 'text':
      return fc.constantFrom(...words, 'Ada 0', 'sale ada');
    case 'whole':
      return fc.integer({ min: -13, max: 13 });
    case 'money':
      return fc.constantFrom(1.5, 3, 0, -2, 15, 4002, 7003.5, 33);
    case 'flag':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(0, 1, 6, 8);
    case 'moment':
      return fc.constantFrom(...moments, '2024-05-15T12:30:00+02:00', '2024-01-01');
    case 'day':
      return fc.constantFrom(...days, '2024-05-02');
    case 'id':
      return fc.integer({ min: 0, max: 11 }).chain((index) => fc.constantFrom(id('c', index), id('d', index)));
  }
}

/** A value as something that `<` sorts. */
function comparable(kind: Kind, value: Value): string | number {
  if (kind === 'text') return fold(String(value));
  if (kind === 'moment' || kind === 'day') return Date.parse(String(value));
  return typeof value === 'string' ? value : Number(value);
}

function compare(kind: Kind, operator: string, left: Value, right: Value): boolean {
  if (left === null || right === null) return operator === 'ne';
  const [a, b] = [comparable(kind, left), comparable(kind, right)];
  const order = a === b ? 0 : a < b ? -1 : 1;
  return { eq: order === 0, ne: order !== 0, gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[operator]!;
}

/** LIKE, written out: `%` any run, `_` any one, `[c]` the character itself. */
function like(text: string, pattern: string): boolean {
  const source = fold(pattern).replace(/\[(.)\]|%|_|[^[%_]|\[/gsu, (item, inside: string | undefined) => {
    if (inside !== undefined) return inside.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (item === '%') return '[^]*';
    return item === '_' ? '[^]' : item.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u').test(fold(text));
}

/** A column that a condition is about: how it is written, and where its value is. */
interface Place {
  path: string;
  kind: Kind;
  read: (row: Row) => Value;
}

function placesOf(shape: Shape, prefix: string): Place[] {
  const own = Object.entries(shape.columns).map(([name, kind]) => ({
    path: `${prefix}${name}`,
    kind,
    read: (row: Row) => (row[name] ?? null) as Value,
  }));
  const behind = Object.entries(shape.single).flatMap(([name, target]) =>
    placesOf(target, `${prefix}${name}/`).map(({ path, kind, read }) => ({
      path,
      kind,
      read: (row: Row) => (row[name] === null || row[name] === undefined ? null : read(row[name] as Row)),
    })),
  );
  return [...own, ...behind];
}

const operator = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le');

function comparison({ path, kind, read }: Place): fc.Arbitrary<Case> {
  const by = kind === 'flag' || kind === 'id' ? fc.constantFrom('eq', 'ne') : operator;
  return fc.record({ by, value: valueOf(kind), turned: fc.boolean() }).map(({ by, value, turned }) => {
    const mirrored =
      new Map([
        ['gt', 'lt'],
        ['ge', 'le'],
        ['lt', 'gt'],
        ['le', 'ge'],
      ]).get(by) ?? by;
    const text = turned ? `${literal(kind, value)} ${mirrored} ${path}` : `${path} ${by} ${literal(kind, value)}`;
    return { text, holds: (row) => compare(kind, by, read(row), value) };
  });
}

function nothing({ path, read }: Place): fc.Arbitrary<Case> {
  return fc.constantFrom('eq', 'ne').map((by) => ({
    text: `${path} ${by} null`,
    holds: (row) => (read(row) === null) === (by === 'eq'),
  }));
}

function columns(left: Place, right: Place): fc.Arbitrary<Case> {
  return operator.map((by) => ({
    text: `${left.path} ${by} ${right.path}`,
    holds: (row) => compare(left.kind, by, left.read(row), right.read(row)),
  }));
}

function textTest({ path, read }: Place): fc.Arbitrary<Case> {
  const test = fc.constantFrom('contains', 'startswith', 'endswith');
  const word = fc.constantFrom(...words, 'ngs', 'a%m', '_da', '[%]', '[_]', 'ale');
  return fc.record({ test, word }).map(({ test, word }) => ({
    text: `${test}(${path},${literal('text', word)})`,
    holds: (row) => {
      const value = read(row);
      const pattern = `${test === 'startswith' ? '' : '%'}${word}${test === 'endswith' ? '' : '%'}`;
      return value !== null && like(String(value), pattern);
    },
  }));
}

const call = (name: string, path: string, values: string) =>
  `Microsoft.Dynamics.CRM.${name}(PropertyName='${path}'${values === '' ? '' : `,${values}`})`;

function listed({ path, kind, read }: Place): fc.Arbitrary<Case> {
  return fc
    .record({ not: fc.boolean(), values: fc.array(valueOf(kind), { minLength: 1, maxLength: 4 }) })
    .map(({ not, values }) => ({
      text: call(not ? 'NotIn' : 'In', path, `PropertyValues=[${values.map(json).join(',')}]`),
      holds: (row) => values.some((value) => compare(kind, 'eq', read(row), value)) !== not,
    }));
}

function between({ path, kind, read }: Place): fc.Arbitrary<Case> {
  return fc.record({ not: fc.boolean(), low: valueOf(kind), high: valueOf(kind) }).map(({ not, low, high }) => ({
    text: call(not ? 'NotBetween' : 'Between', path, `PropertyValues=[${json(low)},${json(high)}]`),
    holds: (row) => (compare(kind, 'ge', read(row), low) && compare(kind, 'le', read(row), high)) !== not,
  }));
}

/** A day is its first moment; what is counted from now ends or begins there. */
function inTime({ path, kind, read }: Place): fc.Arbitrary<Case> {
  const today = Math.floor(NOW.getTime() / DAY) * DAY;
  const asDay = kind === 'day';
  const spans: Record<string, (count: number) => [number, number]> = {
    LastXDays: (count) => [today - count * DAY, asDay ? today : NOW.getTime()],
    NextXDays: (count) => [asDay ? today : NOW.getTime(), today + (count + 1) * DAY - 1],
    OlderThanXDays: (count) => [-Infinity, (asDay ? today + DAY : NOW.getTime()) - count * DAY - 1],
    Today: () => [today, today + DAY - 1],
  };
  const counted = fc
    .record({ name: fc.constantFrom(...Object.keys(spans)), count: fc.integer({ min: 1, max: 400 }) })
    .map(({ name, count }) => ({
      name,
      values: name === 'Today' ? '' : `PropertyValue=${count}`,
      span: spans[name]!(count),
    }));
  const dated = fc
    .record({ name: fc.constantFrom('On', 'OnOrAfter', 'OnOrBefore'), day: fc.constantFrom(...days) })
    .map(({ name, day }): { name: string; values: string; span: [number, number] } => {
      const start = Date.parse(day);
      const from = name === 'OnOrBefore' ? -Infinity : start;
      return {
        name,
        values: `PropertyValue='${day}'`,
        span: [from, name === 'OnOrAfter' ? Infinity : start + DAY - 1],
      };
    });
  return fc.oneof(counted, dated).map(({ name, values, span: [from, to] }) => ({
    text: call(name, path, values),
    holds: (row) => {
      const value = read(row);
      return value !== null && Date.parse(String(value)) >= from && Date.parse(String(value)) <= to;
    },
  }));
}

function leafOf(places: readonly Place[]): fc.Arbitrary<Case> {
  const each = fc.constantFrom(...places);
  const ofKind = (...kinds: Kind[]) => fc.constantFrom(...places.filter(({ kind }) => kinds.includes(kind)));
  const texts = ofKind('text');
  return fc.oneof(
    { weight: 4, arbitrary: each.chain(comparison) },
    each.chain(nothing),
    texts.chain(textTest),
    fc.tuple(texts, texts).chain(([left, right]) => columns(left, right)),
    each.filter(({ kind }) => kind !== 'flag').chain(listed),
    ofKind('text', 'whole', 'money', 'moment', 'day').chain(between),
    ...(places.some(({ kind }) => kind === 'moment' || kind === 'day') ? [ofKind('moment', 'day').chain(inTime)] : []),
  );
}

/** `any` and `all` over the rows behind a navigation, on the row itself or behind one of its lookups. */
function lambdaOf(shape: Shape, prefix: string, depth: number): fc.Arbitrary<Case> {
  const own = Object.entries(shape.many).map(([name, target]) => ({
    path: `${prefix}${name}`,
    target,
    read: (row: Row) => (row[name] ?? []) as Row[],
  }));
  const behind = Object.entries(shape.single).flatMap(([lookup, { many }]) =>
    Object.entries(many).map(([name, target]) => ({
      path: `${prefix}${lookup}/${name}`,
      target,
      read: (row: Row) => ((row[lookup] as Row | null)?.[name] ?? []) as Row[],
    })),
  );
  return fc.constantFrom(...own, ...behind).chain(({ path, target, read }) => {
    const variable = `v${depth}`;
    const inside = filterOf(target, `${variable}/`, depth + 1);
    return fc.oneof(
      { weight: 1, arbitrary: fc.constant({ text: `${path}/any()`, holds: (row: Row) => read(row).length > 0 }) },
      {
        weight: 4,
        arbitrary: inside.map((of) => ({
          text: `${path}/any(${variable}:${of.text})`,
          holds: (row: Row) => read(row).some(of.holds),
        })),
      },
      {
        weight: 4,
        arbitrary: inside.map((of) => ({
          text: `${path}/all(${variable}:${of.text})`,
          holds: (row: Row) => read(row).every(of.holds),
        })),
      },
    );
  });
}

function filterOf(shape: Shape, prefix: string, depth: number): fc.Arbitrary<Case> {
  const leaf = leafOf(placesOf(shape, prefix));
  const hasLambdas =
    depth < 2 && [shape, ...Object.values(shape.single)].some(({ many }) => Object.keys(many).length > 0);
  return fc.letrec<{ filter: Case }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      ...(hasLambdas ? [lambdaOf(shape, prefix, depth)] : []),
      fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => ({
        text: `(${a.text}) and (${b.text})`,
        holds: (row: Row) => a.holds(row) && b.holds(row),
      })),
      fc.tuple(leaf, leaf, leaf).map(([a, b, c]) => ({
        text: `${a.text} or ${b.text} and not ${c.text}`,
        holds: (row: Row) => a.holds(row) || (b.holds(row) && !c.holds(row)),
      })),
      tie('filter').map((a) => ({ text: `not (${a.text})`, holds: (row: Row) => !a.holds(row) })),
    ),
  })).filter;
}

/** Empty comes first, going up. */
function inOrder(kind: Kind, a: Value, b: Value): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  return compare(kind, 'lt', a, b) ? -1 : Number(compare(kind, 'gt', a, b));
}

forEachEngine('Any filter', ({ engine, open }) => {
  let client: Client;
  beforeAll(async () => {
    client = (await createWorld(await open(), { now: () => NOW })).as(dana);
    await seed(client);
  }, 60_000);
  const numRuns = engine === 'sqlite' ? 4_000 : 400;
  const places = placesOf(account, '').filter(({ kind }) => kind !== 'id');

  async function list(query: string, headers?: Record<string, string>) {
    const { status, body, text } = await client.get<{ value: Row[]; '@odata.nextLink'?: string }>(query, headers);
    if (status !== 200) throw new Error(text);
    return body;
  }

  test('finds the rows that a plain program finds', async () => {
    await fc.assert(
      fc.asyncProperty(filterOf(account, '', 0), async ({ text, holds }) => {
        const { value } = await list(`accounts?$select=accountid&$filter=${encodeURIComponent(text)}`);
        expect(value.map(({ accountid }) => accountid)).toEqual(
          accounts.filter(holds).map(({ accountid }) => accountid),
        );
      }),
      { numRuns },
    );
  }, 300_000);

  test('gives every row once and in order, whatever it is sorted by and however it is paged', async () => {
    const order = fc.array(fc.record({ place: fc.constantFrom(...places), descending: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(order, fc.integer({ min: 1, max: 9 }), async (orders, size) => {
        const by = orders.map(({ place, descending }) => `${place.path}${descending ? ' desc' : ''}`).join(',');
        const seen: unknown[] = [];
        for (let next: string | undefined = `accounts?$select=accountid&$orderby=${by}`; next !== undefined;) {
          const page = await list(next, { prefer: `odata.maxpagesize=${size}` });
          expect(page.value.length).toBeLessThanOrEqual(size);
          seen.push(...page.value.map(({ accountid }) => accountid));
          next = page['@odata.nextLink']?.replace(/^.*\/v9\.2\//, '');
        }
        const expected = accounts.toSorted((a, b) => {
          for (const { place, descending } of orders) {
            const order = inOrder(place.kind, place.read(a), place.read(b));
            if (order !== 0) return descending ? -order : order;
          }
          return keyOf(a) < keyOf(b) ? -1 : 1;
        });
        expect(seen).toEqual(expected.map(({ accountid }) => accountid));
      }),
      { numRuns: numRuns / 20 },
    );
  }, 300_000);
});

async function seed(client: Client): Promise<void> {
  const bind = (navigation: string, set: string, to: unknown) => ({
    [`${navigation}@odata.bind`]: `${set}(${String(to)})`,
  });
  const plain = (row: Row, leave: readonly string[]) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(
          ([name, value]) =>
            !leave.includes(name) && !name.startsWith('_') && (typeof value !== 'object' || value === null),
        )
        .map(([name, value]) => [name === 'createdon' ? 'overriddencreatedon' : name, value]),
    );
  const links = ['primarycontactid', 'parentaccountid', 'statecode'];
  const parentOf = (collection: string, row: Row) => accounts.find((each) => (each[collection] as Row[]).includes(row));
  for (const row of accounts) {
    const parent = row['parentaccountid'] as Row | null;
    await client.create('accounts', {
      ...plain(row, links),
      ...(parent === null ? {} : bind('parentaccountid', 'accounts', parent['accountid'])),
    });
  }
  for (const row of contacts) {
    const company = parentOf('contact_customer_accounts', row);
    await client.create('contacts', {
      ...plain(row, links),
      ...(company === undefined ? {} : bind('parentcustomerid_account', 'accounts', company['accountid'])),
    });
  }
  for (const row of opportunities) {
    const company = parentOf('opportunity_customer_accounts', row);
    const person = contacts.find((each) => (each['opportunity_customer_contacts'] as Row[]).includes(row));
    await client.create('opportunities', {
      ...plain(row, links),
      ...(company === undefined ? {} : bind('customerid_account', 'accounts', company['accountid'])),
      ...(person === undefined ? {} : bind('customerid_contact', 'contacts', person['contactid'])),
    });
  }
  for (const row of accounts) {
    const person = row['primarycontactid'] as Row | null;
    if (person === null) continue;
    await client.send('PATCH', `accounts(${keyOf(row)})`, bind('primarycontactid', 'contacts', person['contactid']));
  }
}
