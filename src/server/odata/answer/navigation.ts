import type { ApiResponse } from '../message.ts';
import { tableOf, type SingleNavigation, type Table } from '../metadata.ts';
import { notFound, type Segment } from '../parse/address.ts';
import { idBehind } from '../write/link.ts';
import { requireRow } from '../write/write.ts';
import { allow, type Ask } from './ask.ts';
import { readOne } from './read-row.ts';
import { answerReference } from './reference.ts';

/** `contacts(..)/parentcustomerid_account` and the link itself. */
export async function answerLookup(
  ask: Ask,
  table: Table,
  id: string,
  navigation: SingleNavigation,
  [next, ...rest]: Segment[],
): Promise<ApiResponse> {
  if (rest.length > 0 || (next !== undefined && next.name !== '$ref'))
    throw notFound(rest[0]?.name ?? next?.name ?? '');
  if (next !== undefined) return answerReference(ask, table, id, navigation);
  return allow(ask, {
    GET: async () => {
      const row = await requireRow(ask.place.session, table, id);
      const to = idBehind(table, navigation, row);
      if (to === undefined) return { status: 204, headers: {} };
      return readOne(ask, tableOf(ask.place.session.model, navigation.target), to);
    },
  });
}
