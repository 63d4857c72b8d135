import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { FastifyInstance } from 'fastify';
import type { MailboxItemState, MailboxItems, MailFound, MailWhy } from '../../model/mailbox-report.ts';
import type { Why } from '../../model/tracking-why.ts';
import { isObject } from '../../model/is-object.ts';
import { HttpError } from '../http/errors.ts';
import { personOf } from '../queue/person.ts';
import { clearAlerts } from './alerts.ts';
import { makeDue } from './claim.ts';
import { describeItem } from './report.ts';
import type { FindMailbox, MailboxRouteServices } from './route-services.ts';
import type { MailboxStore } from './store.ts';
import type { MailboxTables } from './tables.ts';

const states: readonly MailboxItemState[] = ['new', 'not-tracked', 'handed', 'tracked', 'failed'];
const longestPage = 100;

type ItemRow = Selectable<MailboxTables['mailbox_item']> & { readonly folder: string | null };

/** What became of each mail, and why. */
export function registerItemRoutes(
  server: FastifyInstance,
  { store, ledger }: MailboxRouteServices,
  find: FindMailbox,
): void {
  server.get<{ Querystring: { state?: string; before?: string; limit?: string } }>(
    '/sync/v1/mailboxes/:id/items',
    async (request): Promise<MailboxItems> => {
      const { row, own } = await find(request);
      const { state, before, limit = '50' } = request.query;
      const rows = await readItems(store, row.id, stateOf(state), wholeNumber(before, 'before'), pageOf(limit));
      const next = rows.length < pageOf(limit) ? null : (rows.at(-1)?.seq ?? null);
      return { items: rows.map((item) => describeItem(item, own)), next };
    },
  );

  server.post<{ Params: { id: string; seq: string } }>(
    '/sync/v1/mailboxes/:id/items/:seq/retry',
    async (request, reply) => {
      const { row, own } = await find(request);
      const seq = wholeNumber(request.params.seq, 'The item') ?? 0;
      const item = await retry(store, row.id, seq);
      await makeDue(store, { id: row.id }, 'person');
      return reply.code(202).send(describeItem(item, own));
    },
  );

  server.post('/sync/v1/items/why', async (request): Promise<MailFound> => {
    const { objectId } = await personOf(server, request);
    const itemKey = isObject(request.body) ? request.body['itemKey'] : undefined;
    if (typeof itemKey !== 'string' || itemKey.length > 200 || !/^[\x20-\x7e]+$/.test(itemKey))
      throw new HttpError(400, 'itemKey names a mail.');
    return {
      found: await findWhy(store, objectId, itemKey),
      since: await readSince(store, objectId),
      untracked: (await ledger.untracked(objectId, [itemKey])).has(itemKey),
    };
  });
}

async function readItems(
  { tables }: MailboxStore,
  mailboxId: string,
  state: MailboxItemState | null,
  before: number | null,
  limit: number,
): Promise<readonly ItemRow[]> {
  const conditions: RawBuilder<unknown>[] = [sql`i.mailbox_id = ${mailboxId}`];
  if (state !== null) conditions.push(sql`i.state = ${state}`);
  if (before !== null) conditions.push(sql`i.seq < ${before}`);
  const { rows } = await sql<ItemRow>`select i.*, f.name as folder from mailbox_item as i
    left join mailbox_folder as f on f.mailbox_id = i.mailbox_id and f.folder_id = i.folder_id
    where ${sql.join(conditions, sql` and `)} order by i.seq desc limit ${sql.lit(limit)}`.execute(tables);
  return rows;
}

/** @throws {HttpError} 404, 409 */
async function retry(store: MailboxStore, mailboxId: string, seq: number): Promise<ItemRow> {
  return store.transaction(async (scope) => {
    const { tables, now } = scope;
    const { rows } = await sql<ItemRow>`select *, null as folder from mailbox_item
      where mailbox_id = ${mailboxId} and seq = ${seq}`.execute(tables);
    const [item] = rows;
    if (item === undefined) throw new HttpError(404, 'There is no such mail.');
    if (item.state !== 'failed' || item.facts === null) throw new HttpError(409, 'This mail did not fail.');
    await sql`update mailbox_item set attempts = 0, due_at = ${now()} where seq = ${seq}`.execute(tables);
    await clearAlerts(scope, { scope: 'item', mailboxId, itemSeq: seq });
    return { ...item, attempts: 0 };
  });
}

/** In one's own mailboxes; where several have the mail, what came furthest counts. */
async function findWhy({ tables }: MailboxStore, owner: string, itemKey: string): Promise<MailWhy | null> {
  const { rows } = await sql<{ state: MailboxItemState; why: string | null; changed_at: number }>`select i.state, i.why,
      i.changed_at
    from mailbox_item as i join mailbox_account as a on a.id = i.mailbox_id
    where i.item_key = ${itemKey} and a.owner = ${owner}
    order by case i.state when 'tracked' then 0 when 'handed' then 1 when 'failed' then 2 when 'new' then 3 else 4 end,
      i.seq limit 1`.execute(tables);
  const [row] = rows;
  if (row === undefined) return null;
  const why = row.why === null ? null : (JSON.parse(row.why) as Why);
  return { state: row.state, why, at: new Date(row.changed_at).toISOString() };
}

async function readSince({ tables }: MailboxStore, owner: string): Promise<string | null> {
  const { rows } = await sql<{ since: number | null }>`select min(process_from) as since from mailbox_account
    where owner = ${owner} and enabled = 1 and approved = 1`.execute(tables);
  const since = rows[0]?.since ?? null;
  return since === null ? null : new Date(Number(since)).toISOString();
}

function stateOf(text: string | undefined): MailboxItemState | null {
  if (text === undefined) return null;
  const state = states.find((each) => each === text);
  if (state === undefined) throw new HttpError(400, `A state is one of ${states.join(', ')}.`);
  return state;
}

function wholeNumber(text: string | undefined, name: string): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw new HttpError(400, `${name} is a whole number.`);
  return Number(text);
}

function pageOf(text: string): number {
  return Math.min(Math.max(wholeNumber(text, 'limit') ?? 1, 1), longestPage);
}
