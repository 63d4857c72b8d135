import { badRequest, shown } from '../../odata/bad-request.ts';
import type { Right } from '../../odata/session.ts';
import { accessName, maskOf } from './rights.ts';

/** In the order in which the original lists them. */
const listed: readonly Right[] = ['read', 'write', 'append', 'appendTo', 'create', 'delete', 'share', 'assign'];

/** `ReadAccess,WriteAccess` as rights. @throws {HttpError} 400 for a name that is none */
export function readAccessRights(text: string): Right[] {
  const names = text.split(',').map((name) => name.trim());
  return names
    .filter((name) => name !== '' && name !== 'None')
    .map((name) => {
      const right = listed.find((each) => accessName(each) === name);
      if (right === undefined) throw badRequest(`"${shown(name)}" is not an access right.`, '0x80048d19');
      return right;
    });
}

export function writeAccessRights(rights: ReadonlySet<Right>): string {
  const names = listed.filter((right) => rights.has(right)).map(accessName);
  return names.length === 0 ? 'None' : names.join(', ');
}

export function rightsOfMask(mask: number): Set<Right> {
  return new Set(listed.filter((right) => (mask & maskOf(right)) !== 0));
}

export function maskOfRights(rights: readonly Right[]): number {
  return rights.reduce((mask, right) => mask | maskOf(right), 0);
}
