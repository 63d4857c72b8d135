import { badRequest, shown } from '../../odata/bad-request.ts';
import type { Table } from '../../odata/metadata.ts';
import type { Session } from '../../odata/session.ts';
import { isGuid } from '../../odata/values.ts';
import { resolveReference } from '../../odata/write/reference.ts';
import { requireRow } from '../../odata/write/write.ts';
import type { Sharer } from './shares.ts';

export interface EntityParameter {
  table: Table;
  id: string;
}

const TYPE = /^#?(?:Microsoft\.Dynamics\.CRM\.)?(\w+)$/;

/**
 * A row as a parameter: `{ '@odata.id': 'contacts(..)' }`, or its key beside its type,
 * `{ contactid: '..', '@odata.type': 'Microsoft.Dynamics.CRM.contact' }`. A user or team may be named by `ownerid` too.
 */
export async function readEntityParameter(
  session: Session,
  name: string,
  value: Record<string, unknown>,
): Promise<EntityParameter> {
  if (value['@odata.id'] !== undefined) return resolveReference(session, value['@odata.id']);
  const type = value['@odata.type'];
  const table = session.model.tables.get(TYPE.exec(typeof type === 'string' ? type : '')?.[1] ?? '');
  if (table === undefined) throw badRequest(`${name} needs an '@odata.type' that names a table.`, '0x80048d19');
  const id = value[table.key] ?? value['ownerid'];
  if (typeof id !== 'string' || !isGuid(id)) throw badRequest(`${name} needs the id ${table.key}.`, '0x80048d19');
  return { table, id: id.toLowerCase() };
}

/** A user or a team that is there. */
export async function readPrincipalParameter(
  session: Session,
  name: string,
  value: Record<string, unknown>,
): Promise<Sharer> {
  const { table, id } = await readEntityParameter(session, name, value);
  if (table.name !== 'systemuser' && table.name !== 'team')
    throw badRequest(`${name} must be a systemuser or a team, not ${shown(table.name)}.`, '0x80048d19');
  await requireRow(session, table, id);
  return { id, type: table.name };
}
