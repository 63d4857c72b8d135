import { HttpError } from '../../http/errors.ts';
import type { Table } from '../../odata/metadata.ts';
import type { Session } from '../../odata/session.ts';

/** Whether the caller has any privilege to read the table; which rows is said by `readable`. */
export function mayRead({ access, caller }: Session, table: Table): boolean {
  try {
    access.demand(caller, 'read', table);
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 403) return false;
    throw error;
  }
}
