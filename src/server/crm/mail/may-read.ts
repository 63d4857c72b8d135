import { HttpError } from '../../http/errors.ts';
import type { Table } from '../../odata/metadata.ts';
import type { Session } from '../../odata/session.ts';

/** Whether the caller has any privilege to read the table; which rows is said by `readable`. */
export function mayRead(session: Session, table: Table): boolean {
  return may(session, 'read', table);
}

export function mayCreate(session: Session, table: Table): boolean {
  return may(session, 'create', table);
}

function may({ access, caller }: Session, what: 'read' | 'create', table: Table): boolean {
  try {
    access.demand(caller, what, table);
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 403) return false;
    throw error;
  }
}
