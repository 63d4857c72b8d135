import { badRequest } from '../../odata/bad-request.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { WriteSession } from '../../odata/session.ts';
import { storedTime, type Stored } from '../../odata/values.ts';
import { insertRow, requireRow, updateRow } from '../../odata/write/write.ts';
import { readParameters } from '../parameters.ts';
import { readClosing } from '../closing.ts';

/** `POST WinOpportunity { OpportunityClose: { subject, "opportunityid@odata.bind": "/opportunities(..)", actualrevenue, actualend }, Status: 3 }` */
export const winOpportunity = closing('WinOpportunity', 1);
/** The same with Status 4 (canceled) or 5 (out-sold). */
export const loseOpportunity = closing('LoseOpportunity', 2);

/** Status -1 lets the server choose the state's usual one. */
function closing(name: string, state: 1 | 2): Operation {
  return {
    name,
    kind: 'action',
    async run(call) {
      const read = readParameters(name, call.parameters, ['OpportunityClose', 'Status']);
      const [close, status] = [read.object('OpportunityClose'), read.integer('Status')];
      await call.transaction((session) => closeOpportunity(session, close, state, status));
      return { status: 204, headers: {} };
    },
  };
}

async function closeOpportunity(session: WriteSession, close: object, state: 1 | 2, given: number): Promise<void> {
  const table = tableOf(session.model, 'opportunity');
  const { values: activity, id } = await readClosing(session, 'opportunityclose', close, 'opportunityid');
  const opportunity = await requireRow(session, table, id);
  if (opportunity['statecode'] !== 0) throw badRequest('The opportunity has already been closed.', '0x80040203');
  const statuses = table.states.get(state)?.statuses ?? new Map<number, string>();
  const status = given === -1 ? statuses.keys().next().value : given;
  if (status === undefined || !statuses.has(status))
    throw badRequest(
      `${given} is not a valid Status for an opportunity that is ${state === 1 ? 'won' : 'lost'}.`,
      '0x80048408',
    );
  const end = activity.get('actualend') ?? storedTime(session.now());
  const estimated = opportunity['estimatedvalue'];
  if (!activity.has('actualrevenue'))
    activity.set('actualrevenue', state === 1 && typeof estimated === 'number' ? estimated : 0);
  activity.set('actualend', end);
  activity.set('opportunitystatecode', state);
  activity.set('opportunitystatuscode', status);
  if (!activity.has('transactioncurrencyid'))
    activity.set('transactioncurrencyid', textOrNull(opportunity['transactioncurrencyid']));
  await insertRow(session, tableOf(session.model, 'opportunityclose'), activity);
  const values = new Map<string, Stored>([
    ['statecode', state],
    ['statuscode', status],
    ['actualvalue', activity.get('actualrevenue') ?? null],
    ['actualclosedate', String(end).slice(0, 10)],
  ]);
  await updateRow(session, table, opportunity, values);
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
