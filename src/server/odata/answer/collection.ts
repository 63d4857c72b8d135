import { readJson, type ApiResponse } from '../message.ts';
import { tableOf, type Table } from '../metadata.ts';
import { notFound, readKey, type Segment } from '../parse/address.ts';
import { amongRows, type Collection } from '../read/collection.ts';
import { idOf } from '../write/alternate-key.ts';
import { link, lookupValues } from '../write/link.ts';
import { changeRow } from '../write/change-row.ts';
import { createRow } from '../write/create-row.ts';
import { asObject } from '../write/payload.ts';
import { requireRow } from '../write/write.ts';
import { allow, type Ask } from './ask.ts';
import { count, list } from './list.ts';
import { answerCollectionReference } from './reference.ts';
import { createFrom, demandVersion } from './write-row.ts';

/** `accounts(..)/contact_customer_accounts`, one of its rows, its count, and the links to them. */
export async function answerCollection(
  ask: Ask,
  table: Table,
  id: string,
  collection: Collection,
  { inside }: Segment,
  [next, ...rest]: Segment[],
): Promise<ApiResponse> {
  const target = tableOf(ask.place.session.model, collection.navigation.target);
  if (rest.length > 0) throw notFound(rest[0]?.name ?? '');
  if (next?.name === '$ref') {
    const other = inside === undefined ? undefined : await idOf(ask.place.session, target, readKey(target, inside));
    return answerCollectionReference(ask, table, id, collection, other);
  }
  if (inside !== undefined) throw notFound(`${collection.navigation.name}(${inside})`);
  const among = amongRows(table, id, collection);
  if (next?.name === '$count')
    return allow(ask, {
      GET: async () => {
        await requireRow(ask.place.session, table, id);
        return count(ask, target, among);
      },
    });
  if (next !== undefined) throw notFound(next.name);
  return allow(ask, {
    GET: async () => {
      await requireRow(ask.place.session, table, id);
      return list(ask, target, target.setName, among);
    },
    POST: () => createIn(ask, table, id, collection),
    PUT: () => replace(ask, table, id, collection),
  });
}

/** A row that is POSTed to a collection belongs to it. */
function createIn(ask: Ask, table: Table, id: string, collection: Collection): Promise<ApiResponse> {
  const body = readJson(ask.request);
  const target = tableOf(ask.place.session.model, collection.navigation.target);
  return createFrom(ask, target, async (session) => {
    await requireRow(session, table, id);
    if (collection.kind === 'children')
      return createRow(session, target, body, lookupValues(target, collection.navigation.column, { table, id }));
    const other = await createRow(session, target, body);
    await link(session, table, id, collection.navigation, other);
    return other;
  });
}

/** The parties of an activity are replaced as a set; no other collection can be. */
function replace(ask: Ask, table: Table, id: string, { navigation }: Collection): Promise<ApiResponse> {
  const value = asObject(readJson(ask.request))['value'];
  return ask.place.transaction(async (session) => {
    const before = await requireRow(session, table, id);
    demandVersion(ask.request.headers['if-match'], before);
    await changeRow(session, table, before, { [navigation.name]: value });
    return { status: 204, headers: {} };
  });
}
