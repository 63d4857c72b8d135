import { badRequest } from '../odata/bad-request.ts';
import { tableOf } from '../odata/metadata.ts';
import type { WriteSession } from '../odata/session.ts';
import type { Stored } from '../odata/values.ts';
import { readPayload } from '../odata/write/payload.ts';

/**
 * The activity that ends a sale or a case, as it came with the message: its columns, completed, regarding what it ends.
 * @param of the lookup of the activity that names what it ends
 * @throws {HttpError} 400 naming the property that is missing or wrong, 404 for a row that is not visible
 */
export async function readClosing(
  session: WriteSession,
  name: 'opportunityclose' | 'incidentresolution',
  body: object,
  of: 'opportunityid' | 'incidentid',
): Promise<{ values: Map<string, Stored>; id: string }> {
  const type = '@odata.type' in body ? String(body['@odata.type']).replace(/^.*\./, '') : name;
  if (type !== name) throw badRequest(`"${type.slice(0, 60)}" is not a row of ${name}.`, '0x80048d19');
  const { values } = await readPayload(session, tableOf(session.model, name), body);
  const id = values.get(of);
  if (typeof id !== 'string') throw badRequest(`The ${name} needs "${of}@odata.bind".`, '0x80048d19');
  values.set('regardingobjectid', id);
  values.set('regardingobjectid_type', of === 'opportunityid' ? 'opportunity' : 'incident');
  values.set('statecode', 1);
  values.delete('statuscode');
  return { values, id };
}

/** What may be said of a row that is closed: whose it is, and that it is open again. */
const openOnClosed = new Set([
  'statecode',
  'statuscode',
  'ownerid',
  'ownerid_type',
  'owningbusinessunit',
  'modifiedon',
  'modifiedby',
]);

/** Whether a write opens a closed row again. @throws {HttpError} 400 when it changes a row that stays closed */
export function demandOpen(
  values: ReadonlyMap<string, Stored>,
  before: Readonly<Record<string, unknown>> | undefined,
  what: { label: string; openStatuses: ReadonlySet<number> },
): boolean {
  if (before === undefined || before['statecode'] === 0) return false;
  const state = values.get('statecode');
  if (state === 0 || (state === undefined && what.openStatuses.has(Number(values.get('statuscode') ?? -1))))
    return true;
  const changed = [...values.keys()].find((name) => !openOnClosed.has(name));
  if (changed === undefined) return false;
  throw badRequest(
    `${what.label} is closed and read-only: '${changed}' cannot be changed before it is reopened.`,
    '0x80040203',
  );
}

/**
 * The state that a client asks a row for, by its state or only by a status reason.
 * @returns undefined when that is the state it has, or none is asked for
 */
export function stateAskedFor(
  values: ReadonlyMap<string, Stored>,
  before: Readonly<Record<string, unknown>>,
  states: ReadonlyMap<number, readonly number[]>,
): number | undefined {
  const status = values.get('statuscode');
  const byStatus =
    status == null ? undefined : [...states].find(([, statuses]) => statuses.includes(Number(status)))?.[0];
  const asked = values.get('statecode') ?? byStatus;
  return asked == null || Number(asked) === before['statecode'] ? undefined : Number(asked);
}
