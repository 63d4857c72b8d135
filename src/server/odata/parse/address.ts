import { HttpError } from '../../http/errors.ts';
import { badRequest, shown } from '../bad-request.ts';
import { parseArguments } from './filter.ts';
import type { Model, Table } from '../metadata.ts';
import { unescape } from './query.ts';
import { isGuid } from '../values.ts';

/** One step of a path: `contacts(1f..)` is the name `contacts` with `1f..` inside. */
export interface Segment {
  name: string;
  inside: string | undefined;
}

/** What an address means, before anything is looked up in the database. */
export type Address =
  | { kind: 'document' }
  | { kind: 'batch' }
  | { kind: 'set'; table: Table; rest: Segment[] }
  | { kind: 'row'; table: Table; id: string; rest: Segment[] }
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
  return { kind: 'row', table, id: readKey(table, first.inside), rest };
}

export function notFound(name: string): HttpError {
  return new HttpError(404, `Resource not found for the segment '${shown(name)}'.`, '0x80060888');
}

function splitPath(path: string): Segment[] {
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

function readKey(table: Table, inside: string): string {
  const id = inside.startsWith(`${table.key}=`) ? inside.slice(table.key.length + 1) : inside;
  if (isGuid(id)) return id.toLowerCase();
  if (!inside.includes('=')) throw badRequest(`"${shown(inside)}" is not the key of a row: a GUID is expected.`);
  const names = [...parseArguments(inside).keys()].join(', ');
  throw badRequest(`The key names ${shown(names)} do not match the declared keys of ${table.name}.`);
}
