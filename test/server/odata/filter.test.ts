import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HttpError } from '../../../src/server/http/errors.ts';
import { parseFilter, type Condition, type Operand } from '../../../src/server/odata/parse/filter.ts';
import { parseQuery, splitOptions } from '../../../src/server/odata/parse/query.ts';
import { readAddress } from '../../../src/server/odata/parse/address.ts';
import { crmModel } from '../../../src/server/odata/tables/crm-model.ts';

const limits = { length: 32_768 };
const parse = (source: string) => parseFilter(source, limits);

/** Fully parenthesised, so that precedence can be read. */
function shown(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `(${condition.parts.map(shown).join(` ${condition.kind} `)})`;
    case 'not':
      return `not ${shown(condition.of)}`;
    case 'compare':
      return `${operand(condition.left)} ${condition.operator} ${operand(condition.right)}`;
    case 'text':
      return `${condition.test}(${operand(condition.of)},${operand(condition.value)})`;
    case 'any':
    case 'all':
      return `${condition.path.join('/')}/${condition.kind}(${condition.variable}${condition.of === undefined ? '' : `:${shown(condition.of)}`})`;
    case 'call':
      return `${condition.name}(${[...condition.arguments.keys()].join(',')})`;
  }
}

function operand(item: Operand): string {
  if (item.kind === 'path') return item.segments.join('/');
  return item.kind === 'alias' ? item.name : JSON.stringify(item.value);
}

test.each([
  ['a eq 1 or b eq 2 and c eq 3', '(a eq 1 or (b eq 2 and c eq 3))'],
  ['a eq 1 and b eq 2 or c eq 3', '((a eq 1 and b eq 2) or c eq 3)'],
  ['not a eq 1 and b eq 2', '(not a eq 1 and b eq 2)'],
  ['not (a eq 1 and b eq 2)', 'not (a eq 1 and b eq 2)'],
  ["not not contains(a,'x') or b eq null", '(not not contains(a,"x") or b eq null)'],
  ['(a eq 1 or b eq 2) and (c eq 3 or d eq 4)', '((a eq 1 or b eq 2) and (c eq 3 or d eq 4))'],
  ["x/y eq 'it''s' and 5 lt z", '(x/y eq "it\'s" and 5 lt z)'],
  ['n/any(p:p/a eq 1 and p/b eq 2) or m/any()', '(n/any(p:(p/a eq 1 and p/b eq 2)) or m/any())'],
  ['a eq -1.5e3 and b ge 2026-01-01T00:00:00.123Z', '(a eq -1500 and b ge "2026-01-01T00:00:00.123Z")'],
  ['a eq ABCDEF00-0000-4000-8000-000000000001', 'a eq "abcdef00-0000-4000-8000-000000000001"'],
  [
    "Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=['x','y'])",
    'Microsoft.Dynamics.CRM.In(PropertyName,PropertyValues)',
  ],
])('%s is read as %s', (source, expected) => {
  expect(shown(parse(source))).toBe(expected);
});

test.each([
  ['ten thousand parentheses', `${'('.repeat(10_000)}a eq 1${')'.repeat(10_000)}`],
  ['ten thousand nots', `${'not '.repeat(5_000)}a eq 1`],
  ['a megabyte', `a eq '${'x'.repeat(1_000_000)}'`],
  ['too many conditions', Array.from({ length: 501 }, () => 'a eq 1').join(' or ')],
  ['nested lambdas', `${'x/any(y:'.repeat(300)}a eq 1${')'.repeat(300)}`],
  ['nothing', ''],
  ['only blanks', '   '],
  ['a tail', 'a eq 1 b'],
  ['an assignment', 'a = 1'],
  ['SQL', 'a eq 1; drop table contact --'],
  ['a comment', 'a eq 1 /* x */'],
  ['a lonely quote', "'"],
])('%s is refused with 400', (_name, source) => {
  expect(() => parse(source)).toThrow(HttpError);
});

test('five hundred conditions in a row are no deep tree', () => {
  const condition = parse(Array.from({ length: 500 }, () => 'a eq 1').join(' and '));
  expect(condition).toMatchObject({ kind: 'and', parts: { length: 500 } });
});

const pieces = fc.constantFrom(
  ...[
    '(',
    ')',
    "'",
    '"',
    ',',
    ':',
    '/',
    '=',
    '[',
    ']',
    '@a',
    ' eq ',
    ' and ',
    ' or ',
    'not ',
    'any',
    'null',
    'true',
    '1',
    '-',
    '\u0000',
    '\ud800',
    'ä',
    'contains',
    'name',
    '%',
    ';',
    '$',
    ' ',
  ],
);
const hostile = fc.oneof(
  fc.string(),
  fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
);

function answersOrRefuses(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    return error instanceof HttpError && error.status >= 400 && error.status < 500;
  }
}

test('whatever stands in a filter, an option or an address, it is read or refused', () => {
  fc.assert(
    fc.property(hostile, (source) => answersOrRefuses(() => parse(source))),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(hostile, (source) =>
      answersOrRefuses(() => parseQuery(splitOptions(`$expand=${source}&$orderby=${source}`), limits)),
    ),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(hostile, (source) => answersOrRefuses(() => readAddress(crmModel, source))),
    { numRuns: 2_000 },
  );
});
