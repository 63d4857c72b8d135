import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../../odata/bad-request.ts';
import type { Column, Table } from '../../odata/metadata.ts';
import type { Caller, ColumnUse, Right } from '../../odata/session.ts';
import { accessName, governing, privilegeName } from './rights.ts';

/** PrivilegeDenied: no role has the privilege, whatever the row. */
export function missingPrivilege({ userId, roles }: Caller, right: Right, table: Table): HttpError {
  return new HttpError(
    403,
    `Principal user (Id=${userId}, type=8, roleCount=${roles.size}) is missing ${privilegeName(right, governing(table))} privilege for entity '${table.name}'.`,
    '0x80040220',
  );
}

/** The privilege is there, but does not reach this row. */
export function missingRight({ userId }: Caller, right: Right, table: Table, id: string): HttpError {
  return new HttpError(
    403,
    `Principal with id ${userId} does not have ${accessName(right)} right(s) for record with id ${id} of entity ${table.name}.`,
    '0x80048306',
  );
}

/** AttributePermissionReadIsMissing, AttributePrivilegeCreateIsMissing, AttributePermissionUpdateIsMissingDuringUpdate. */
const columnCodes = { read: '0x8004f504', create: '0x8004f502', update: '0x8004f507' } as const;

export function hiddenColumn(use: ColumnUse, table: Table, { name }: Column): HttpError {
  return new HttpError(
    403,
    `The user does not have ${use} permissions to the secured column '${name}' of ${table.name}. The requested operation could not be completed.`,
    columnCodes[use],
  );
}

export function administratorsOnly({ userId }: Caller, what: string): HttpError {
  return new HttpError(403, `Principal user (Id=${userId}, type=8) may not ${what}.`, '0x80040220');
}

export function wrongOwner(message: string): HttpError {
  return badRequest(message, '0x80040203');
}
