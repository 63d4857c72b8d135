import { notFound, type Segment } from '../parse/address.ts';
import { readJson, type ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { findColumn, unknownColumn } from '../read/scope.ts';
import { fromJson } from '../values.ts';
import { asObject } from '../write/payload.ts';
import { doesNotExist, requireRow, updateRow } from '../write/write.ts';
import { allow, ok, type Ask } from './ask.ts';
import { readByKey } from './read-row.ts';
import { demandVersion } from './write-row.ts';

/** `contacts(..)/telephone1` and its raw `$value`. */
export async function answerProperty(
  ask: Ask,
  table: Table,
  id: string,
  name: string,
  rest: Segment[],
): Promise<ApiResponse> {
  const column = findColumn(table, name);
  if (column === undefined) throw unknownColumn(table, name);
  const raw = rest.length === 1 && rest[0]?.name === '$value';
  if (rest.length > (raw ? 1 : 0)) throw notFound(rest[0]?.name ?? '');
  const read = async (): Promise<ApiResponse> => {
    const query = { ...ask.query, select: [name], expand: [] };
    const row = await readByKey({ ...ask, query }, table, id);
    if (row === undefined) throw doesNotExist(table, id);
    const value = row[name] ?? null;
    if (value === null) return { status: 204, headers: {} };
    if (raw)
      return {
        status: 200,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: typeof value === 'string' ? value : JSON.stringify(value),
      };
    return ok({ '@odata.context': `${ask.place.session.root}$metadata#${table.setName}(${id})/${name}`, value });
  };
  const write = (value: () => unknown) => async () => {
    const stored = fromJson(column, value());
    return ask.place.transaction(async (session): Promise<ApiResponse> => {
      const before = await requireRow(session, table, id);
      demandVersion(ask.request.headers['if-match'], before);
      if (column.readOnly !== true && column.name !== table.key)
        await updateRow(session, table, before, new Map([[column.name, stored]]));
      return { status: 204, headers: {} };
    });
  };
  return allow(ask, {
    GET: read,
    PUT: write(() => asObject(readJson(ask.request))['value']),
    DELETE: write(() => null),
  });
}
