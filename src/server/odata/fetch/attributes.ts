import { badRequest, shown } from '../bad-request.ts';
import type { XmlElement } from './xml.ts';

/** The attributes of an element, read by what they must be. */
export interface Known {
  text(name: string): string | undefined;
  required(name: string): string;
  /** A word that can be part of a name in the answer. */
  name(name: string): string | undefined;
  boolean(name: string): boolean;
  /** A whole number above zero. */
  positive(name: string): number | undefined;
  oneOf<T>(name: string, values: ReadonlyMap<string, T>, code: string): T | undefined;
}

/** @throws {HttpError} 400 naming an attribute that is not among `allowed` */
export function readAttributes({ name: element, attributes }: XmlElement, allowed: readonly string[]): Known {
  for (const name of attributes.keys()) {
    if (!allowed.includes(name))
      throw badRequest(`The attribute ${shown(name)} has no place in <${element}>.`, '0x8004111c');
  }
  const text = (name: string) => attributes.get(name);
  return {
    text,
    required(name) {
      const value = text(name);
      if (value === undefined || value === '')
        throw badRequest(`A required attribute was not specified: ${name} of <${element}>.`, '0x8004111e');
      return value;
    },
    name(name) {
      const value = text(name);
      if (value !== undefined && !/^[A-Za-z_][\w.]{0,99}$/.test(value))
        throw badRequest(
          `Invalid character specified for alias: ${shown(value)}. Only characters within the ranges [A-Z], [a-z] or [0-9] or _ are allowed. The first character may only be in the ranges [A-Z], [a-z] or _.`,
          '0x80041109',
        );
      return value;
    },
    boolean(name) {
      const value = text(name) ?? 'false';
      if (!['true', 'false', '1', '0'].includes(value))
        throw badRequest(
          `The only valid values for ${name} attribute are 'true', 'false', '1', and '0'.`,
          '0x80041139',
        );
      return value === 'true' || value === '1';
    },
    positive(name) {
      const value = text(name);
      if (value === undefined) return undefined;
      if (!/^\d{1,9}$/.test(value) || Number(value) < 1)
        throw badRequest(
          `A value greater than zero must be specified for ${name}, not "${shown(value)}".`,
          '0x8004110c',
        );
      return Number(value);
    },
    oneOf(name, values, code) {
      const value = text(name);
      if (value === undefined) return undefined;
      const found = values.get(value);
      if (found === undefined) throw badRequest(`An invalid value was specified for ${name}: "${shown(value)}".`, code);
      return found;
    },
  };
}

/** An element where it does not belong. */
export function invalidElement({ name }: XmlElement, parent: string) {
  return badRequest(
    `The element node encountered is invalid: <${shown(name)}> has no place in ${shown(parent)}.`,
    '0x8004111c',
  );
}
