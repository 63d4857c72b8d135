import { badRequest, shown } from '../odata/bad-request.ts';
import { tableOf, type Table } from '../odata/metadata.ts';
import type { Row, Session } from '../odata/session.ts';
import { isGuid } from '../odata/values.ts';
import { requireRow } from '../odata/write/write.ts';

/** A row that a message was given, as the caller may see it. */
export interface Named {
  table: Table;
  id: string;
  row: Row;
}

/**
 * A parameter that names a row: `{"@odata.type":"Microsoft.Dynamics.CRM.lead","leadid":".."}` or `{"@odata.id":"leads(..)"}`.
 * The type may be left out where only one table is possible.
 * @throws {HttpError} 400 naming the parameter for anything else or a row of another table, 404 for a row that is not visible
 */
export async function readRow(
  session: Session,
  parameter: string,
  value: Readonly<Record<string, unknown>>,
  tables: readonly string[],
): Promise<Named> {
  const { table, id } = readReference(session, parameter, value, tables);
  return { table, id, row: await requireRow(session, table, id) };
}

/** The same without looking whether the row is there. */
export function readReference(
  session: Session,
  parameter: string,
  value: Readonly<Record<string, unknown>>,
  tables: readonly string[],
): { table: Table; id: string } {
  const table = tableIn(session, value, tables);
  const id = table === undefined ? undefined : idIn(table, value);
  if (table === undefined || id === undefined) {
    throw badRequest(
      `The parameter ${parameter} must name a row of ${tables.slice(0, 8).join(', ')} by its key and @odata.type, or by @odata.id.`,
      '0x80048d19',
    );
  }
  return { table, id };
}

const ADDRESS = /(?:^|\/)(\w+)\((?:\w+=)?([0-9a-fA-F-]{36})\)$/;

function tableIn(
  session: Session,
  value: Readonly<Record<string, unknown>>,
  tables: readonly string[],
): Table | undefined {
  const type = value['@odata.type'];
  const address = value['@odata.id'];
  const set = typeof address === 'string' ? ADDRESS.exec(address)?.[1] : undefined;
  const named =
    set !== undefined
      ? session.model.sets.get(set)?.name
      : typeof type === 'string'
        ? type.replace(/^#?(?:Microsoft\.Dynamics\.CRM\.|mscrm\.)?/, '')
        : tables.length === 1
          ? tables[0]
          : undefined;
  return named !== undefined && tables.includes(named) ? tableOf(session.model, named) : undefined;
}

function idIn(table: Table, value: Readonly<Record<string, unknown>>): string | undefined {
  const address = value['@odata.id'];
  const id = typeof address === 'string' ? ADDRESS.exec(address)?.[2] : value[table.key];
  return typeof id === 'string' && isGuid(id) ? id.toLowerCase() : undefined;
}

/** A parameter that is the id of a row: a GUID, bare or as text. @throws {HttpError} 400 naming it */
export function readGuid(parameter: string, value: unknown): string {
  if (typeof value !== 'string' || !isGuid(value))
    throw badRequest(`The parameter ${parameter} must be a GUID, not "${shown(String(value))}".`, '0x80048d19');
  return value.toLowerCase();
}
