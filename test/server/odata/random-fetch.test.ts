import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

/** The same condition in both languages. */
interface Twin {
  xml: string;
  filter: string;
}

const words = ['Ada', 'ada', 'ÅNGSTRÖM', 'angst', 'x%y', 'a_b', '[z]', "o'b", 'Zoë', 'a<b&c"d'];
const inXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const inFilter = (text: string) => `'${text.replaceAll("'", "''")}'`;
const condition = (attribute: string, operator: string, ...values: (string | number)[]) =>
  `<condition attribute="${attribute}" operator="${operator}">${values.map((value) => `<value>${inXml(String(value))}</value>`).join('')}</condition>`;
const call = (name: string, attribute: string, values: readonly (string | number)[]) =>
  `Microsoft.Dynamics.CRM.${name}(PropertyName='${attribute}',PropertyValues=[${values.map((value) => inFilter(String(value))).join(',')}])`;

const text = fc.constantFrom('name', 'description');
const number = fc.constantFrom('numberofemployees', 'revenue');
const word = fc.constantFrom(...words, 'ngs', 'a%m', '_da', '[%]', '[a-c]');
const figure = fc.integer({ min: -9, max: 9 });
const compared = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le');

const leaf: fc.Arbitrary<Twin> = fc.oneof(
  fc.tuple(text, compared, word).map(([column, by, value]) => ({
    xml: condition(column, by, value),
    filter: `${column} ${by} ${inFilter(value)}`,
  })),
  fc.tuple(number, compared, figure).map(([column, by, value]) => ({
    xml: condition(column, by, value),
    filter: `${column} ${by} ${value}`,
  })),
  fc.tuple(fc.oneof(text, number), fc.boolean()).map(([column, empty]) => ({
    xml: condition(column, empty ? 'null' : 'not-null'),
    filter: `${column} ${empty ? 'eq' : 'ne'} null`,
  })),
  fc
    .tuple(text, word, fc.boolean(), fc.constantFrom(['begins-with', 'startswith'], ['ends-with', 'endswith']))
    .map(([column, value, not, [xml = '', filter = '']]) => ({
      xml: condition(column, not ? { 'begins-with': 'not-begin-with', 'ends-with': 'not-end-with' }[xml]! : xml, value),
      filter: `${not ? 'not ' : ''}${filter}(${column},${inFilter(value)})`,
    })),
  fc.tuple(text, word, fc.boolean()).map(([column, value, not]) => ({
    xml: condition(column, not ? 'not-like' : 'like', `%${value}%`),
    filter: `${not ? 'not ' : ''}contains(${column},${inFilter(value)})`,
  })),
  fc.tuple(number, fc.array(figure, { minLength: 1, maxLength: 4 }), fc.boolean()).map(([column, values, not]) => ({
    xml: condition(column, not ? 'not-in' : 'in', ...values),
    filter: call(not ? 'NotIn' : 'In', column, values),
  })),
  fc.tuple(number, figure, figure, fc.boolean()).map(([column, low, high, not]) => ({
    xml: condition(column, not ? 'not-between' : 'between', low, high),
    filter: call(not ? 'NotBetween' : 'Between', column, [low, high]),
  })),
);

const { twin } = fc.letrec<{ twin: Twin }>((tie) => ({
  twin: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('twin'), { minLength: 1, maxLength: 3 }))
      .map(([word, parts]) => ({
        xml: `<filter type="${word}">${parts.map(({ xml }) => xml).join('')}</filter>`,
        filter: `(${parts.map(({ filter }) => filter).join(` ${word} `)})`,
      })),
  ),
}));

forEachEngine('Any condition of FetchXML', (engine) => {
  let client: Client;
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
    for (const [index, name] of words.entries())
      await client.create('accounts', {
        name,
        description: index % 3 === 0 ? null : (words[(index + 3) % words.length] ?? null),
        numberofemployees: index % 4 === 0 ? null : index - 5,
        revenue: index % 2 === 0 ? index * 1.5 : null,
      });
  });

  test('finds what its twin in $filter finds', async () => {
    await fc.assert(
      fc.asyncProperty(twin, async ({ xml, filter }) => {
        const fetch = `<fetch><entity name="account"><attribute name="name"/><filter>${xml}</filter></entity></fetch>`;
        const [one, other] = await Promise.all(
          [`fetchXml=${encodeURIComponent(fetch)}`, `$select=name&$filter=${encodeURIComponent(filter)}`].map(
            (search) => client.get<{ value: { accountid: string }[] }>(`accounts?${search}`),
          ),
        );
        expect([one?.status, other?.status]).toEqual([200, 200]);
        const ids = (answer: typeof one) => answer?.body.value.map(({ accountid }) => accountid).sort();
        expect(ids(one)).toEqual(ids(other));
      }),
      { numRuns: 300 },
    );
  });
});
