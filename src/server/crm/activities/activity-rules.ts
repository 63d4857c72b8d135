import { badRequest } from '../../odata/bad-request.ts';
import type { Row, TableRule } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { combined } from '../combined-rule.ts';
import { stampCompletion } from '../completion.ts';
import { leaveQueues } from '../queues/leave-queues.ts';

/** What every activity does: it is completed at a moment, lasts as long as from its start to its end, and leaves the queues. */
export const activityRule = (table: string): TableRule => ({
  async beforeWrite({ values, before, session }) {
    stampCompletion(values, session.now());
    measure(values, before, 'actualdurationminutes', 'actualstart', 'actualend');
    measure(values, before, 'scheduleddurationminutes', 'scheduledstart', 'scheduledend');
    if (before !== undefined && [1, 2].includes(Number(values.get('statecode'))))
      await leaveQueues(session, table, String(before['activityid']));
  },
});

/** Minutes between two moments, unless the client says them itself. */
function measure(
  values: Map<string, Stored>,
  before: Row | undefined,
  duration: string,
  from: string,
  to: string,
): void {
  if (values.has(duration) || !(values.has(from) || values.has(to))) return;
  const [start, end] = [moment(values, before, from), moment(values, before, to)];
  if (start === undefined || end === undefined || end < start) return;
  values.set(duration, Math.round((end - start) / 60_000));
}

function moment(values: ReadonlyMap<string, Stored>, before: Row | undefined, name: string): number | undefined {
  const stored = values.has(name) ? values.get(name) : before?.[name];
  return typeof stored === 'string' ? Date.parse(stored) : undefined;
}

export const appointmentRule = combined(activityRule('appointment'), {
  async beforeWrite({ values, before }) {
    if (!values.has('scheduledstart') && !values.has('scheduledend')) return;
    const [start, end] = [moment(values, before, 'scheduledstart'), moment(values, before, 'scheduledend')];
    if (start !== undefined && end !== undefined && end < start)
      throw badRequest(
        "The appointment would end before it begins: 'scheduledend' is before 'scheduledstart'.",
        '0x80040203',
      );
  },
});

/** A task that is completed is done whole. */
export const taskRule = combined(activityRule('task'), {
  async beforeWrite({ values }) {
    if (values.get('statecode') === 1 && !values.has('percentcomplete')) values.set('percentcomplete', 100);
  },
});
