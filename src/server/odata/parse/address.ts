import { HttpError } from '../../http/errors.ts';
import { badRequest, shown } from '../bad-request.ts';
import { parseArguments, type Argument } from './filter.ts';
import type { AlternateKey, Column, Model, Table } from '../metadata.ts';
import { unescape } from './query.ts';
import { fromLiteral, isGuid } from '../values.ts';

/** One step of a path: `contacts(1f..)` is the name `contacts` with `1f..` inside. */
export interface Segment {
  name: string;
  inside: string | undefined;
}

/** What names one row: its id, or the values of a declared alternate key. */
export type RowKey =
  | { kind: 'id'; id: string }
  | {
      kind: 'alternate';
      key: AlternateKey;
      /** column -> what is looked for */
      values: ReadonlyMap<string, string | number>;
      /** As it stood between the parentheses. */
      text: string;
    };

/** What an address means, before anything is looked up in the database. */
export type Address =
  | { kind: 'document' }
  | { kind: 'batch' }
  | { kind: 'set'; table: Table; rest: Segment[] }
  | { kind: 'row'; table: Table; key: RowKey; rest: Segment[] }
  | { kind: 'operation'; name: string; inside: string | undefined };

const LONGEST = 32_768;

/** @param path escaped, after `/api/data/v9.2/` @throws {HttpError} 400, or 404 for a set that is not there */
export function readAddress(model: Model, path: string): Address {
  if (path.length > LONGEST)
    throw new HttpError(414, `The address is longer than ${LONGEST} characters.`, '0x80044331');
  const segments = splitPath(unescape(path.replaceAll('+', '%2B')));
  const [first, ...rest] = segments;
  if (first === undefined) return { kind: 'document' };
  if (first.name === '$batch' && rest.length === 0) return { kind: 'batch' };
  const table = model.sets.get(first.name);
  if (table === undefined) {
    if (rest.length > 0 || first.name.startsWith('$')) throw notFound(first.name);
    return { kind: 'operation', name: first.name, inside: first.inside };
  }
  if (first.inside === undefined) return { kind: 'set', table, rest };
  return { kind: 'row', table, key: readKey(table, first.inside), rest };
}

export function notFound(name: string): HttpError {
  return new HttpError(404, `Resource not found for the segment '${shown(name)}'.`, '0x80060888');
}

export function splitPath(path: string): Segment[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at <= path.length; at += 1) {
    const char = path.charAt(at);
    if (char === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if ((char === '/' || char === '') && depth === 0) {
      parts.push(path.slice(from, at));
      from = at + 1;
    }
  }
  if (depth !== 0 || quoted) throw badRequest('A parenthesis or quote in the address is not closed.');
  if (parts.length > 12) throw badRequest('The address has too many parts.');
  return parts.filter((part, index) => part !== '' || index < parts.length - 1).map(readSegment);
}

function readSegment(part: string): Segment {
  const match = /^([$\w.]+)(?:\((.*)\))?$/s.exec(part);
  if (match?.[1] === undefined) throw badRequest(`"${shown(part)}" in the address was not understood.`);
  return { name: match[1], inside: match[2] };
}

/** These inherit their key from `principal`, where it is called `ownerid`: their own name for it is no key. */
const PRINCIPALS = new Set(['systemuser', 'team']);

/** @param inside what stands between the parentheses. @throws {HttpError} 400 for anything but an id or a declared key */
export function readKey(table: Table, inside: string): RowKey {
  const name = PRINCIPALS.has(table.name) ? 'ownerid' : table.key;
  const id = inside.startsWith(`${name}=`) ? inside.slice(name.length + 1) : inside;
  if (isGuid(id)) return { kind: 'id', id: id.toLowerCase() };
  if (!inside.includes('=')) throw badRequest(`"${shown(inside)}" is not the key of a row: a GUID is expected.`);
  const parts = parseArguments(inside);
  const key = table.keys.find(
    ({ columns }) => columns.length === parts.size && columns.every((column) => parts.has(partName(table, column))),
  );
  if (key === undefined) {
    const names = [...parts.keys()].join(', ');
    throw badRequest(`The key names ${shown(names)} do not match the declared keys of ${table.name}.`);
  }
  const values = key.columns.map((name) => {
    const column = table.columns.get(name);
    const part = parts.get(partName(table, name));
    if (column === undefined || part === undefined) throw new Error(`The key ${key.name} names no column ${name}`);
    return [name, keyValue(column, part)] as const;
  });
  return { kind: 'alternate', key, values: new Map(values), text: inside };
}

/** A lookup is part of a key under the name by which it is read. */
function partName(table: Table, column: string): string {
  return table.columns.get(column)?.kind === 'lookup' ? `_${column}_value` : column;
}

function keyValue(column: Column, part: Argument): string | number {
  if (part.kind !== 'literal' || part.value === null || part.value === '')
    throw badRequest(`The key column ${column.name} needs a value.`);
  return fromLiteral(column, part);
}
