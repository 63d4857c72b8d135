import { badRequest } from '../bad-request.ts';
import { readJson, type ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { isPolymorphic } from '../read/scope.ts';
import type { WriteSession } from '../session.ts';
import type { Stored } from '../values.ts';
import { asObject, readReference } from '../write/payload.ts';
import { requireRow, updateRow } from '../write/write.ts';
import { allow, type Ask } from './ask.ts';

/** `PUT contacts(..)/parentcustomerid_account/$ref`: a lookup as a link. */
export function answerReference(ask: Ask, table: Table, id: string, column: string): Promise<ApiResponse> {
  const set = (to: (session: WriteSession) => Promise<{ table: Table; id: string } | undefined>) => () =>
    ask.place.transaction(async (session): Promise<ApiResponse> => {
      const before = await requireRow(session, table, id);
      const target = await to(session);
      if (target !== undefined && table.columns.get(column)?.targets?.includes(target.table.name) !== true) {
        throw badRequest(`${column} cannot point to a row of ${target.table.name}.`);
      }
      const values = new Map<string, Stored>([[column, target?.id ?? null]]);
      if (isPolymorphic(table, column)) values.set(`${column}_type`, target?.table.name ?? null);
      if (table.columns.get(column)?.readOnly !== true) await updateRow(session, table, before, values);
      return { status: 204, headers: {} };
    });
  const named = async (session: WriteSession) => {
    const found = readReference(session, asObject(readJson(ask.request))['@odata.id']);
    await requireRow(session, found.table, found.id);
    return found;
  };
  return allow(ask, { PUT: set(named), DELETE: set(async () => undefined) });
}
