import type { Place } from '../answer/ask.ts';
import { badRequest, shown } from '../bad-request.ts';
import type { ApiResponse } from '../message.ts';
import { tableOf } from '../metadata.ts';
import { asObject } from '../write/payload.ts';
import type { Definition } from './definition.ts';

export function isAttribute({ bases }: Definition): boolean {
  return bases.includes('AttributeMetadata');
}

/**
 * Secures a column, or frees it again: `PUT EntityDefinitions(..)/Attributes(..)` with `IsSecured` in the column's definition, as
 * it was read. Nothing else of a definition can be changed through this door.
 * @throws {HttpError} 400 naming what else would change; 403 for who may not customise
 */
export async function putAttribute(place: Place, item: Definition, body: unknown): Promise<ApiResponse> {
  const given = asObject(body);
  const { properties } = item;
  const told = Object.keys(given).filter((name) => name !== 'IsSecured' && !name.includes('@'));
  const changed = told.find((name) => !isSame(given[name], current(item, name)));
  if (changed !== undefined)
    throw badRequest(`${shown(changed)} cannot be changed here: of a column's definition only IsSecured can.`);
  const { IsSecured: isSecured = properties['IsSecured'] } = given;
  if (typeof isSecured !== 'boolean') throw badRequest('IsSecured must be true or false.', '0x80048d19');
  const table = tableOf(place.session.model, String(properties['EntityLogicalName']));
  const column = table.columns.get(String(properties['LogicalName']));
  if (column === undefined) throw new Error(`A definition of ${table.name} is about no column`);
  if (isSecured && properties['CanBeSecuredForRead'] !== true)
    throw badRequest(`The column ${column.name} of ${table.name} cannot be secured.`);
  if (!isSecured && column.secured === true)
    throw badRequest(`The column ${column.name} of ${table.name} is secured where it is declared.`);
  await place.transaction((session) => session.access.secureColumn(session, table, column, isSecured));
  return { status: 204, headers: {} };
}

function current({ properties, related }: Definition, name: string): unknown {
  const follow = related.get(name);
  if (follow === undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  const value = follow();
  return value !== undefined && 'properties' in value ? value.properties : null;
}

/** Whether a client sends back what it was given; annotations say nothing. */
function isSame(given: unknown, known: unknown): boolean {
  if (Array.isArray(given) && Array.isArray(known))
    return given.length === known.length && given.every((each, index) => isSame(each, known[index]));
  if (typeof given !== 'object' || given === null || typeof known !== 'object' || known === null)
    return given === known;
  return Object.entries(given).every(
    ([name, value]) => name.includes('@') || (Object.hasOwn(known, name) && isSame(value, Reflect.get(known, name))),
  );
}
