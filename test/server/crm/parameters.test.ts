import { expect, test } from '@jest/globals';
import { readParameters, type Parameters } from '../../../src/server/crm/parameters.ts';
import { HttpError } from '../../../src/server/http/errors.ts';

const read = (value: unknown) => readParameters('CloseIt', new Map([['Given', value]]), ['Given']);
const refused = (work: () => unknown, message: string) => {
  let error: unknown;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(HttpError);
  expect(error).toMatchObject({ status: 400, message });
};

type Reader = keyof Parameters;
test.each<[Reader, Reader, string, unknown[], unknown[]]>([
  ['text', 'optionalText', 'text', ['', 'a'], [1, true, {}, ['a']]],
  ['boolean', 'optionalBoolean', 'true or false', [true, false], [0, 'true', {}, [true]]],
  ['integer', 'optionalInteger', 'a whole number', [0, -1, 2 ** 31 - 1], [0.5, '1', 2 ** 31, -(2 ** 31), {}, [1]]],
  ['object', 'optionalObject', 'an object', [{}, { a: 1 }], ['{}', 1, true, [], [{}]]],
])('%s and %s take %s and nothing else', (needed, optional, wanted, good, bad) => {
  for (const value of good)
    expect([read(value)[needed]('Given'), read(value)[optional]('Given')]).toEqual([value, value]);
  for (const value of bad)
    for (const name of [needed, optional])
      refused(() => read(value)[name]('Given'), `The parameter Given of CloseIt must be ${wanted}.`);
  for (const value of [undefined, null]) {
    expect(read(value)[optional]('Given')).toBeUndefined();
    refused(() => read(value)[needed]('Given'), 'CloseIt needs the parameter Given.');
  }
});

test('a parameter that the message does not have is named; an annotation is none', () => {
  const given = (name: string) => () => readParameters('CloseIt', new Map([[name, 1]]), ['Given']);
  refused(given('Strange'), "CloseIt has no parameter 'Strange'.");
  expect(given('Given@odata.type')).not.toThrow();
});
