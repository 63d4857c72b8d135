import { expect, test } from '@jest/globals';
import { tokens as fluent } from '@fluentui/react-components';
import { tokens } from '../../src/taskpane/fluent-tokens.ts';

test('every name of the theme says in our table what it says in Fluent’s', () => {
  const ours = Object.fromEntries(Object.keys(fluent).map((name) => [name, tokens[name]]));
  expect(ours).toEqual({ ...fluent });
});
