import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import { tableOf } from '../../odata/metadata.ts';
import type { Row, TableRule, WriteSession } from '../../odata/session.ts';
import { updateRow } from '../../odata/write/write.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { demandOpen, stateAskedFor } from '../closing.ts';
import { leaveQueues } from '../queues/leave-queues.ts';

/**
 * Cases are numbered; a closed one is read-only, and one that is reopened cancels its resolution. It is resolved by
 * CloseIncident alone, which leaves behind how; it may be canceled by anybody who may change it.
 */
export const caseRule: TableRule = {
  async beforeWrite({ values, before, session }) {
    if (before === undefined && (values.get('ticketnumber') ?? '') === '')
      values.set('ticketnumber', await nextTicket(session));
    if (demandOpen(values, before, { label: 'The case', openStatuses: new Set([1, 2, 3, 4]) }))
      await cancelResolutions(session, String(before?.['incidentid']));
    if (before !== undefined && [1, 2].includes(Number(values.get('statecode'))))
      await leaveQueues(session, 'incident', String(before['incidentid']));
  },
  beforeChange({ values, before }) {
    if (stateAskedFor(values, before, STATES) === RESOLVED)
      throw badRequest(
        'This message can not be used to set the state of incident to Resolved. In order to set state of incident to Resolved, use the CloseIncidentRequest message instead.',
        '0x80040203',
      );
  },
};

const RESOLVED = 1;
const STATES = new Map([
  [RESOLVED, [5, 1000]],
  [2, [6, 2000]],
]);

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ0123456789';
const FIRST = 1_000;

/** `CAS-01000-B4K9ZT`: counted, with a random ending that makes numbers hard to guess from one another. */
async function nextTicket({ queries }: WriteSession): Promise<string> {
  const { rows } = await sql<{ value: number }>`insert into crm_counter (name, value) values ('ticketnumber', ${FIRST})
    on conflict (name) do update set value = crm_counter.value + 1 returning value`.execute(queries);
  const ending = Array.from({ length: 6 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
  return `CAS-${String(Number(rows[0]?.value)).padStart(5, '0')}-${ending}`;
}

async function cancelResolutions(session: WriteSession, id: string): Promise<void> {
  const { rows } =
    await sql<Row>`select * from incidentresolution where incidentid = ${id} and statecode <> 2 limit 100`.execute(
      session.queries,
    );
  const table = tableOf(session.model, 'incidentresolution');
  for (const row of rows) await updateRow(session, table, row, new Map([['statecode', 2]]));
}
