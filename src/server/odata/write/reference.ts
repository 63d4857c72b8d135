import { badRequest, shown } from '../bad-request.ts';
import type { Table } from '../metadata.ts';
import { readAddress } from '../parse/address.ts';
import type { Session } from '../session.ts';
import { idOf } from './alternate-key.ts';

/**
 * The row behind `/accounts(guid)`, `accounts(accountnumber='A')` or the absolute address; whether an id is there is not
 * looked at. @throws {HttpError} 400 for anything else, 404 when no row has the values of an alternate key
 */
export async function resolveReference(session: Session, value: unknown): Promise<{ table: Table; id: string }> {
  const text = typeof value === 'string' ? value : '';
  const relative = text.startsWith(session.root)
    ? text.slice(session.root.length)
    : text.replace(/^https?:\/\/[^/]+(?=\/)/i, '').replace(/^(?:\/api\/data\/v[\d.]+)?\//, '');
  const address = relative === '' ? undefined : readAddress(session.model, relative);
  if (address?.kind !== 'row' || address.rest.length > 0)
    throw badRequest(`"${shown(text)}" is not the address of a row.`, '0x80048d19');
  return { table: address.table, id: await idOf(session, address.table, address.key) };
}
