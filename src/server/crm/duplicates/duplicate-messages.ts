import { isOneOf } from '../../db/engine.ts';
import { badRequest, shown } from '../../odata/bad-request.ts';
import { at } from '../../odata/identifier.ts';
import { tableOf, type Table } from '../../odata/metadata.ts';
import type { Call, Operation } from '../../odata/operations.ts';
import { readPage } from '../../odata/read/read.ts';
import type { Row } from '../../odata/session.ts';
import { isGuid, type Stored } from '../../odata/values.ts';
import { readPayload } from '../../odata/write/payload.ts';
import { requireRow, updateRow } from '../../odata/write/write.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { readGuid } from '../references.ts';
import { findDuplicates, type Subject } from './find-duplicates.ts';

/** Rows of one page, at most; a table with more duplicates of one row needs a better rule. */
const LARGEST = 5_000;

/**
 * `GET RetrieveDuplicates(BusinessEntity=@e,MatchingEntityName=@n,PagingInfo=@p)?@e={"@odata.type":"Microsoft.Dynamics.CRM.contact",
 * "emailaddress1":".."}&@n='contact'&@p={"PageNumber":1,"Count":50}`: rows that a published rule takes for the same, as far as
 * the caller may read them. With its key, BusinessEntity is a stored row with the given columns changed.
 */
export const retrieveDuplicates: Operation = {
  name: 'RetrieveDuplicates',
  kind: 'function',
  async run(call) {
    const { session, parameters } = call;
    const read = readParameters('RetrieveDuplicates', parameters, [
      'BusinessEntity',
      'MatchingEntityName',
      'PagingInfo',
    ]);
    const entity = read.object('BusinessEntity');
    const matching = namedTable(call, 'MatchingEntityName', read.text('MatchingEntityName'));
    const page = readPaging(read);
    session.access.demand(session.caller, 'read', matching);
    const subject = await readSubject(call, entity);
    const ids = await findDuplicates(session, subject, matching, page);
    const context = `${session.root}$metadata#${matching.setName}`;
    return {
      status: 200,
      headers: {},
      body: { '@odata.context': context, value: await readRows(call, matching, ids) },
    };
  },
};

async function readRows({ session }: Call, table: Table, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  const page = await readPage({
    session,
    table,
    query: { select: undefined, filter: undefined, order: [], top: undefined, expand: [], count: false },
    parameters: new Map(),
    annotations: () => false,
    among: ({ alias }) => isOneOf(session.engine, at(alias, table.key), ids),
    pageSize: ids.length,
  });
  return page.rows;
}

function readPaging(read: Parameters): { size: number; skip: number } {
  const { PageNumber = 1, Count = 50 } = read.object('PagingInfo');
  const fits = (value: unknown, most: number): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
  if (!fits(PageNumber, 100_000) || !fits(Count, LARGEST))
    throw badRequest(`PagingInfo needs a PageNumber and a Count of 1 to ${LARGEST}.`, '0x80048d19');
  return { size: Count, skip: (PageNumber - 1) * Count };
}

function namedTable({ session }: Call, parameter: string, name: string): Table {
  if (session.model.tables.has(name)) return tableOf(session.model, name);
  throw badRequest(`The parameter ${parameter} names no table: "${shown(name)}".`, '0x80048d19');
}

async function readSubject(call: Call, entity: Record<string, unknown>): Promise<Subject> {
  const type = entity['@odata.type'];
  const name = typeof type === 'string' ? type.replace(/^#?(?:Microsoft\.Dynamics\.CRM\.|mscrm\.)?/, '') : '';
  const table = namedTable(call, 'BusinessEntity', name);
  const key = entity[table.key];
  const id = typeof key === 'string' && isGuid(key) ? key.toLowerCase() : undefined;
  const stored = id === undefined ? {} : await requireRow(call.session, table, id);
  const { values } = await call.transaction((session) => readPayload(session, table, entity));
  return { table, id, row: { ...stored, ...Object.fromEntries(values) } };
}

/** `POST duplicaterules(..)/Microsoft.Dynamics.CRM.PublishDuplicateRule`: at once, so the job it names is done. */
export const publishDuplicateRule: Operation = {
  name: 'PublishDuplicateRule',
  kind: 'action',
  boundTo: 'duplicaterule',
  async run(call) {
    readParameters('PublishDuplicateRule', call.parameters, []);
    await setPublished(call, call.id, 1);
    const context = `${call.session.root}$metadata#Microsoft.Dynamics.CRM.PublishDuplicateRuleResponse`;
    return { status: 200, headers: {}, body: { '@odata.context': context, JobId: crypto.randomUUID() } };
  },
};

/** `POST UnpublishDuplicateRule { DuplicateRuleId }` */
export const unpublishDuplicateRule: Operation = {
  name: 'UnpublishDuplicateRule',
  kind: 'action',
  async run(call) {
    const read = readParameters('UnpublishDuplicateRule', call.parameters, ['DuplicateRuleId']);
    await setPublished(call, readGuid('DuplicateRuleId', read.text('DuplicateRuleId')), 0);
    return { status: 204, headers: {} };
  },
};

async function setPublished(call: Call, id: string, statecode: 0 | 1): Promise<void> {
  await call.transaction(async (session) => {
    const table = tableOf(session.model, 'duplicaterule');
    const rule = await requireRow(session, table, id);
    await updateRow(
      session,
      table,
      rule,
      new Map<string, Stored>([
        ['statecode', statecode],
        ['statuscode', statecode === 1 ? 2 : 0],
      ]),
    );
  });
}
