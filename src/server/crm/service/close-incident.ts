import { sql } from 'kysely';
import { badRequest } from '../../odata/bad-request.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { WriteSession } from '../../odata/session.ts';
import { storedTime } from '../../odata/values.ts';
import { insertRow, requireRow, updateRow } from '../../odata/write/write.ts';
import { readClosing } from '../closing.ts';
import { readParameters } from '../parameters.ts';

/**
 * `POST CloseIncident { IncidentResolution: { subject, "incidentid@odata.bind": "/incidents(..)", timespent }, Status: 5 }`.
 * A case with open activities is not closed. Status -1 lets the server choose Problem Solved.
 */
export const closeIncident: Operation = {
  name: 'CloseIncident',
  kind: 'action',
  async run(call) {
    const read = readParameters('CloseIncident', call.parameters, ['IncidentResolution', 'Status']);
    const [resolution, status] = [read.object('IncidentResolution'), read.integer('Status')];
    await call.transaction((session) => close(session, resolution, status));
    return { status: 204, headers: {} };
  },
};

async function close(session: WriteSession, resolution: object, given: number): Promise<void> {
  const table = tableOf(session.model, 'incident');
  const { values, id } = await readClosing(session, 'incidentresolution', resolution, 'incidentid');
  const incident = await requireRow(session, table, id);
  if (incident['statecode'] !== 0) throw badRequest('Already Closed or Canceled', '0x80040203');
  const status = given === -1 ? 5 : given;
  if (table.states.get(1)?.statuses.has(status) !== true)
    throw badRequest(`${given} is not a valid Status for a resolved case.`, '0x80048408');
  await demandNoOpenActivities(session, id);
  if (!values.has('actualend')) values.set('actualend', storedTime(session.now()));
  if (!values.has('resolutiontypecode')) values.set('resolutiontypecode', status);
  await insertRow(session, tableOf(session.model, 'incidentresolution'), values);
  await updateRow(
    session,
    table,
    incident,
    new Map([
      ['statecode', 1],
      ['statuscode', status],
    ]),
  );
}

/** Whoever may see them: an activity that is hidden from the caller is open all the same. */
async function demandNoOpenActivities({ queries }: WriteSession, id: string): Promise<void> {
  const { rows } =
    await sql`select 1 from activitypointer where regardingobjectid = ${id} and statecode in (0, 3) limit 1`.execute(
      queries,
    );
  if (rows.length > 0)
    throw badRequest('The case cannot be resolved because there are open activities associated with it.', '0x80040203');
}
