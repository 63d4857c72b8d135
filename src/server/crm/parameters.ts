import { isObject } from '../../model/is-object.ts';
import { badRequest, shown } from '../odata/bad-request.ts';

/** Reads what a message is called with. Every refusal is a 400 that names the parameter. */
export interface Parameters {
  text(name: string): string;
  optionalText(name: string): string | undefined;
  boolean(name: string): boolean;
  optionalBoolean(name: string): boolean | undefined;
  integer(name: string): number;
  optionalInteger(name: string): number | undefined;
  object(name: string): Record<string, unknown>;
  optionalObject(name: string): Record<string, unknown> | undefined;
}

/** @throws {HttpError} 400 for a parameter that the message does not have */
export function readParameters(
  message: string,
  given: ReadonlyMap<string, unknown>,
  known: readonly string[],
): Parameters {
  const strange = [...given.keys()].find((name) => !known.includes(name) && !name.includes('@'));
  if (strange !== undefined) throw badRequest(`${message} has no parameter '${shown(strange)}'.`, '0x80048d19');
  const optional =
    <T>(wanted: string, is: (value: unknown) => value is T) =>
    (name: string): T | undefined => {
      const value = given.get(name);
      if (value === undefined || value === null) return undefined;
      if (!is(value)) throw badRequest(`The parameter ${name} of ${message} must be ${wanted}.`, '0x80048d19');
      return value;
    };
  const needed =
    <T>(read: (name: string) => T | undefined) =>
    (name: string): T => {
      const value = read(name);
      if (value === undefined) throw badRequest(`${message} needs the parameter ${name}.`, '0x80048d19');
      return value;
    };
  const text = optional('text', (value) => typeof value === 'string');
  const boolean = optional('true or false', (value) => typeof value === 'boolean');
  const integer = optional('a whole number', isInteger);
  const object = optional('an object', isObject);
  return {
    text: needed(text),
    optionalText: text,
    boolean: needed(boolean),
    optionalBoolean: boolean,
    integer: needed(integer),
    optionalInteger: integer,
    object: needed(object),
    optionalObject: object,
  };
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}
