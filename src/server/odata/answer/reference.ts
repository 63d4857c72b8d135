import { badRequest } from '../bad-request.ts';
import { readJson, type ApiResponse } from '../message.ts';
import { tableOf, type SingleNavigation, type Table } from '../metadata.ts';
import { amongRows, type Collection } from '../read/collection.ts';
import type { WriteSession } from '../session.ts';
import { associate, disassociate, idBehind, lookupValues } from '../write/link.ts';
import { asObject } from '../write/payload.ts';
import { resolveReference } from '../write/reference.ts';
import { requireRow, updateRow } from '../write/write.ts';
import { allow, ok, type Ask } from './ask.ts';
import { list } from './list.ts';
import { demandVersion } from './write-row.ts';

type Target = { table: Table; id: string };

/** `PUT contacts(..)/parentcustomerid_account/$ref`: a lookup as a link. */
export function answerReference(
  ask: Ask,
  table: Table,
  id: string,
  navigation: SingleNavigation,
): Promise<ApiResponse> {
  const { session } = ask.place;
  const set = (to: (session: WriteSession) => Promise<Target | undefined>) => () =>
    ask.place.transaction(async (writing): Promise<ApiResponse> => {
      if (table.readOnly) throw badRequest(`Rows of ${table.name} cannot be changed.`, '0x80040800');
      const before = await requireRow(writing, table, id);
      demandVersion(ask.request.headers['if-match'], before);
      const target = await to(writing);
      const changes = target !== undefined || idBehind(table, navigation, before) !== undefined;
      if (changes && table.columns.get(navigation.column)?.readOnly !== true)
        await updateRow(writing, table, before, lookupValues(table, navigation.column, target));
      return { status: 204, headers: {} };
    });
  return allow(ask, {
    GET: async () => {
      const to = idBehind(table, navigation, await requireRow(session, table, id));
      if (to === undefined) return { status: 204, headers: {} };
      const target = tableOf(session.model, navigation.target);
      return ok({ '@odata.context': `${session.root}$metadata#$ref`, '@odata.id': addressOf(ask, target, to) });
    },
    PUT: set((writing) => namedInBody(ask, writing, navigation)),
    DELETE: set(async () => undefined),
  });
}

/** `POST accounts(..)/contact_customer_accounts/$ref`, and DELETE with the row inline or in `$id`. */
export function answerCollectionReference(
  ask: Ask,
  table: Table,
  id: string,
  collection: Collection,
  inline: string | undefined,
): Promise<ApiResponse> {
  const { navigation } = collection;
  const change =
    (work: typeof associate, other: (session: WriteSession) => Promise<string>) => (): Promise<ApiResponse> =>
      ask.place.transaction(async (session) => {
        await work(session, table, id, collection, await other(session));
        return { status: 204, headers: {} };
      });
  const named = async (session: WriteSession) => (await namedInBody(ask, session, navigation)).id;
  const given = async (session: WriteSession) =>
    inline ?? (await fitting(session, navigation, ask.options.get('$id'))).id;
  return inline === undefined
    ? allow(ask, {
        GET: () => listReferences(ask, table, id, collection),
        POST: change(associate, named),
        DELETE: change(disassociate, given),
      })
    : allow(ask, { DELETE: change(disassociate, given) });
}

async function listReferences(ask: Ask, table: Table, id: string, collection: Collection): Promise<ApiResponse> {
  const target = tableOf(ask.place.session.model, collection.navigation.target);
  await requireRow(ask.place.session, table, id);
  const query = { ...ask.query, select: [target.key], expand: [] };
  const response = await list({ ...ask, query }, target, target.setName, amongRows(table, id, collection));
  const { value, ...rest } = response.body as { value: Record<string, unknown>[] };
  const references = value.map((row) => ({ '@odata.id': addressOf(ask, target, String(row[target.key])) }));
  const context = `${ask.place.session.root}$metadata#Collection($ref)`;
  return { ...response, body: { ...rest, '@odata.context': context, value: references } };
}

function addressOf({ place }: Ask, table: Table, id: string): string {
  return `${place.session.root}${table.setName}(${id})`;
}

/** `{ "@odata.id": ".../contacts(..)" }` */
function namedInBody(ask: Ask, session: WriteSession, navigation: { name: string; target: string }): Promise<Target> {
  return fitting(session, navigation, asObject(readJson(ask.request))['@odata.id']);
}

/** The row of a reference, which must be one that the navigation leads to. */
async function fitting(
  session: WriteSession,
  { name, target }: { name: string; target: string },
  value: unknown,
): Promise<Target> {
  const found = await resolveReference(session, value);
  // An owner is a user or a team, under one name.
  if (found.table.name !== target && !(name === 'ownerid' && found.table.name === 'team'))
    throw badRequest(`${name} cannot point to a row of ${found.table.name}.`, '0x80048d19');
  await requireRow(session, found.table, found.id);
  return found;
}
