import { sql } from 'kysely';
import { badRequest } from '../../odata/bad-request.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { Row, WriteSession } from '../../odata/session.ts';
import { storedTime, type Stored } from '../../odata/values.ts';
import { readPayload } from '../../odata/write/payload.ts';
import { insertRow, requireRow, updateRow } from '../../odata/write/write.ts';
import { readParameters } from '../parameters.ts';
import { readRow, type Named } from '../references.ts';

/**
 * `POST queues(..)/Microsoft.Dynamics.CRM.AddToQueue { Target, SourceQueue, QueueItemProperties }` -> `{ QueueItemId }`.
 * A row waits in one queue at a time: what is in this queue already stays the same item, what is in another one moves here.
 */
export const addToQueue: Operation = {
  name: 'AddToQueue',
  kind: 'action',
  boundTo: 'queue',
  async run(call) {
    const read = readParameters('AddToQueue', call.parameters, ['Target', 'SourceQueue', 'QueueItemProperties']);
    const [target, source] = [read.object('Target'), read.optionalObject('SourceQueue')];
    const properties = read.optionalObject('QueueItemProperties') ?? {};
    const QueueItemId = await call.transaction(async (session) => {
      const queue = await requireRow(session, tableOf(session.model, 'queue'), call.id);
      if (queue['statecode'] !== 0) throw badRequest('The queue is not active.', '0x80040203');
      const named = await readRow(session, 'Target', target, queuedTables(session));
      const from = source === undefined ? undefined : await readRow(session, 'SourceQueue', source, ['queue']);
      return enqueue(session, call.id, named, from?.id, properties);
    });
    const context = `${call.session.root}$metadata#Microsoft.Dynamics.CRM.AddToQueueResponse`;
    return { status: 200, headers: {}, body: { '@odata.context': context, QueueItemId } };
  },
};

function queuedTables({ model }: WriteSession): readonly string[] {
  return tableOf(model, 'queueitem').columns.get('objectid')?.targets ?? [];
}

async function enqueue(
  session: WriteSession,
  queueId: string,
  { table, id, row }: Named,
  sourceId: string | undefined,
  properties: Record<string, unknown>,
): Promise<string> {
  const items = tableOf(session.model, 'queueitem');
  await lockObject(session, id);
  const { rows } =
    await sql<Row>`select * from queueitem where objectid = ${id} and statecode = 0 order by createdon limit 1`.execute(
      session.queries,
    );
  const [item] = rows;
  if (sourceId !== undefined && item?.['queueid'] !== sourceId)
    throw badRequest('The row that Target names is not in the queue that SourceQueue names.', '0x80040203');
  const { values } = await readPayload(session, items, properties);
  for (const fixed of ['objectid', 'objectid_type', 'queueid', items.key]) values.delete(fixed);
  if (item !== undefined && item['queueid'] === queueId && values.size === 0) return String(item[items.key]);
  values.set('queueid', queueId);
  if (item?.['queueid'] !== queueId) {
    values.set('enteredon', storedTime(session.now()));
    values.set('workerid', null);
    values.set('workerid_type', null);
  }
  if (item !== undefined) {
    await updateRow(session, items, item, values);
    return String(item[items.key]);
  }
  const title = row[table.primary ?? ''];
  values.set('title', typeof title === 'string' ? title.slice(0, 300) : null);
  values.set('objectid', id);
  values.set('objectid_type', table.name);
  const made = await insertRow(session, items, values);
  if (made === undefined) throw new Error('A queue item was not stored');
  return made;
}

/** Two who add one row at once make one item. */
async function lockObject({ queries, engine }: WriteSession, id: string): Promise<void> {
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(713, hashtext(${id}))`.execute(queries);
}

/** `POST queueitems(..)/Microsoft.Dynamics.CRM.RemoveFromQueue`: the item is done with, the row itself stays. */
export const removeFromQueue = onItem('RemoveFromQueue', [], async (session, item) => {
  await updateRow(
    session,
    tableOf(session.model, 'queueitem'),
    item,
    new Map<string, Stored>([
      ['statecode', 1],
      ['statuscode', 2],
    ]),
  );
});

/** `{ SystemUser, RemoveQueueItem }`: a user takes it up and owns the row from then on. */
export const pickFromQueue = onItem(
  'PickFromQueue',
  ['SystemUser', 'RemoveQueueItem'],
  async (session, item, parameters) => {
    const read = readParameters('PickFromQueue', parameters, ['SystemUser', 'RemoveQueueItem']);
    const user = await readRow(session, 'SystemUser', read.object('SystemUser'), ['systemuser']);
    const values = worker(session, user.id, 'systemuser');
    if (read.optionalBoolean('RemoveQueueItem') === true) values.set('statecode', 1);
    await updateRow(session, tableOf(session.model, 'queueitem'), item, values);
    await giveTo(session, item, user.id, 'systemuser');
  },
);

/** Back to everybody: nobody works on it, and the row is the queue's owner's again. */
export const releaseToQueue = onItem('ReleaseToQueue', [], async (session, item) => {
  await updateRow(session, tableOf(session.model, 'queueitem'), item, worker(session, null, null));
  const queue = await requireRow(session, tableOf(session.model, 'queue'), String(item['queueid']));
  await giveTo(session, item, String(queue['ownerid']), String(queue['ownerid_type']));
});

function worker(session: WriteSession, id: string | null, table: string | null): Map<string, Stored> {
  return new Map<string, Stored>([
    ['workerid', id],
    ['workerid_type', table],
    ['workeridmodifiedon', storedTime(session.now())],
  ]);
}

async function giveTo(session: WriteSession, item: Row, ownerId: string, ownerType: string): Promise<void> {
  const table = tableOf(session.model, String(item['objectid_type']));
  const row = await requireRow(session, table, String(item['objectid']));
  if (row['ownerid'] !== ownerId)
    await updateRow(
      session,
      table,
      row,
      new Map<string, Stored>([
        ['ownerid', ownerId],
        ['ownerid_type', ownerType],
      ]),
    );
}

function onItem(
  name: string,
  known: readonly string[],
  work: (session: WriteSession, item: Row, parameters: ReadonlyMap<string, unknown>) => Promise<void>,
): Operation {
  return {
    name,
    kind: 'action',
    boundTo: 'queueitem',
    async run(call) {
      readParameters(name, call.parameters, known);
      await call.transaction(async (session) => {
        const item = await requireRow(session, tableOf(session.model, 'queueitem'), call.id);
        if (item['statecode'] !== 0) throw badRequest('The queue item is not active any more.', '0x80040203');
        await work(session, item, call.parameters);
      });
      return { status: 204, headers: {} };
    },
  };
}
