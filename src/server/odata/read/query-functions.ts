import type { RawBuilder } from 'kysely';
import { badRequest, shown } from '../bad-request.ts';
import type { Argument } from '../parse/filter.ts';
import type { Literal } from '../parse/tokens.ts';
import { findOperator, type Operator } from './operators.ts';
import type { ColumnRef, Statement } from './scope.ts';

const PREFIX = 'Microsoft.Dynamics.CRM.';
const PARAMETERS: Record<Operator['takes'], readonly string[]> = {
  0: [],
  1: ['PropertyValue'],
  2: ['PropertyValue1', 'PropertyValue2'],
  list: ['PropertyValues'],
};

/**
 * A function of $filter such as `Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=7)`, as SQL.
 * https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/queryfunctions
 * @param parameters with aliases already replaced
 * @param find turns the name given as PropertyName into a column
 */
export function queryFunction(
  statement: Statement,
  fullName: string,
  parameters: ReadonlyMap<string, Argument>,
  find: (segments: string[]) => ColumnRef,
): RawBuilder<boolean> {
  const name = fullName.startsWith(PREFIX) ? fullName.slice(PREFIX.length) : '';
  // Documented for every column without a full-text index, and there is none here.
  if (name === 'Contains')
    throw badRequest('Unknown Condition Operator: Contains. FetchXml does not support it', '0x80041120');
  const operator = findOperator(name);
  if (operator === undefined) throw badRequest(`The function ${shown(fullName)} is not supported in $filter.`);
  const wanted = PARAMETERS[operator.takes];
  const unknown = [...parameters.keys()].find((key) => key !== 'PropertyName' && !wanted.includes(key));
  if (unknown !== undefined) throw badRequest(`${name} has no parameter ${shown(unknown)}.`);
  const property = parameters.get('PropertyName');
  if (property?.kind !== 'literal' || typeof property.value !== 'string')
    throw badRequest(`${name} needs a PropertyName.`);
  const values = wanted.flatMap((key) => valuesOf(name, key, parameters.get(key)));
  return operator.sql({ statement, name, column: find(property.value.split('/')), values });
}

function valuesOf(name: string, key: string, argument: Argument | undefined): readonly Literal[] {
  if (argument?.kind === 'literal' && argument.value !== null && key !== 'PropertyValues') return [argument];
  if (argument?.kind === 'list' && key === 'PropertyValues') {
    if (argument.items.some(({ value }) => value === null)) throw badRequest(`${name} cannot look for null.`);
    return argument.items;
  }
  throw badRequest(`${name} needs a ${key}${key === 'PropertyValues' ? ', such as ["1","2"]' : ''}.`);
}
