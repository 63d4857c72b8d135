import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fold } from '../../../src/server/db/fold.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

/** The columns of an account that take part, as a plain program sees them. */
interface Account {
  name: string;
  description: string | null;
  numberofemployees: number | null;
  revenue: number | null;
}

interface Case {
  text: string;
  holds: (row: Account) => boolean;
}

const words = ['Ada', 'ada', 'ÅNGSTRÖM', 'angst', 'x%y', 'a_b', '[z]', "o'b", '', 'Zoë'];
const accounts: Account[] = words.flatMap((name, index) => [
  {
    name: `${name || '-'} ${index}`,
    description: index % 3 === 0 ? null : name,
    numberofemployees: index % 4 === 0 ? null : index,
    revenue: index % 2 === 0 ? index * 1.5 : null,
  },
  {
    name: `the ${name} company`,
    description: words[(index + 3) % words.length] ?? null,
    numberofemployees: -index,
    revenue: 2,
  },
]);

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

function compare(operator: string, left: string | number | null, right: string | number): boolean {
  if (left === null) return operator === 'ne';
  const [a, b] = typeof left === 'string' ? [fold(left), fold(String(right))] : [left, right];
  const order = a === b ? 0 : a < b ? -1 : 1;
  return (
    { eq: order === 0, ne: order !== 0, gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[operator] ??
    false
  );
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

const operator = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le');
const textColumn = fc.constantFrom('name' as const, 'description' as const);
const numberColumn = fc.constantFrom('numberofemployees' as const, 'revenue' as const);

const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc
    .record({ column: textColumn, by: operator, word: fc.constantFrom(...words, 'Ada 0') })
    .map(({ column, by, word }) => ({
      text: `${column} ${by} ${quote(word)}`,
      holds: (row: Account) => compare(by, row[column], word),
    })),
  fc
    .record({ column: numberColumn, by: operator, value: fc.integer({ min: -9, max: 9 }) })
    .map(({ column, by, value }) => ({
      text: `${column} ${by} ${value}`,
      holds: (row: Account) => compare(by, row[column], value),
    })),
  fc.record({ column: fc.oneof(textColumn, numberColumn), by: fc.constantFrom('eq', 'ne') }).map(({ column, by }) => ({
    text: `${column} ${by} null`,
    holds: (row: Account) => (row[column] === null) === (by === 'eq'),
  })),
  fc
    .record({
      column: textColumn,
      test: fc.constantFrom('contains', 'startswith', 'endswith'),
      word: fc.constantFrom(...words, 'ngs', 'a%m', '_da', '[%]', '[_]'),
    })
    .map(({ column, test, word }) => ({
      text: `${test}(${column},${quote(word)})`,
      holds: (row: Account) =>
        row[column] !== null &&
        like(row[column], `${test === 'startswith' ? '' : '%'}${word}${test === 'endswith' ? '' : '%'}`),
    })),
);

const { filter } = fc.letrec<{ filter: Case }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => ({
      text: `(${a.text}) and (${b.text})`,
      holds: (row: Account) => a.holds(row) && b.holds(row),
    })),
    fc.tuple(leaf, leaf, leaf).map(([a, b, c]) => ({
      text: `${a.text} or ${b.text} and ${c.text}`,
      holds: (row: Account) => a.holds(row) || (b.holds(row) && c.holds(row)),
    })),
    tie('filter').map((a) => ({ text: `not (${a.text})`, holds: (row: Account) => !a.holds(row) })),
  ),
}));

forEachEngine('Any filter', (engine) => {
  let client: Client;
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
    for (const account of accounts) await client.create('accounts', account);
  });

  test('finds the rows that a plain program finds', async () => {
    await fc.assert(
      fc.asyncProperty(filter, async ({ text, holds }) => {
        const { status, body } = await client.get<{ value: Account[] }>(
          `accounts?$select=name&$filter=${encodeURIComponent(text)}`,
        );
        expect(status).toBe(200);
        expect(body.value.map(({ name }) => name).sort()).toEqual(
          accounts
            .filter(holds)
            .map(({ name }) => name)
            .sort(),
        );
      }),
      { numRuns: 400 },
    );
  });
});
