import { badRequest } from '../../odata/bad-request.ts';
import type { Row, TableRule } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { demandOpen, stateAskedFor } from '../closing.ts';

const STATES = new Map([
  [0, [1, 2]],
  [1, [3]],
  [2, [4, 5]],
]);
const CLOSING = new Map([
  [1, 'Won'],
  [2, 'Lost'],
]);

/**
 * A closed opportunity is read-only; one that is reopened has no result any more. It is won and lost by messages alone:
 * they leave behind how and when. Who names an account or a contact, and no customer, means that customer.
 */
export const opportunityRule: TableRule = {
  async beforeWrite({ values, before }) {
    takeCustomer(values, before);
    if (!demandOpen(values, before, { label: 'The opportunity', openStatuses: new Set([1, 2]) })) return;
    if (!values.has('actualvalue')) values.set('actualvalue', null);
    if (!values.has('actualclosedate')) values.set('actualclosedate', null);
  },
  beforeChange({ values, before }) {
    const state = CLOSING.get(stateAskedFor(values, before, STATES) ?? 0);
    if (state !== undefined)
      throw badRequest(
        `This message can not be used to set the state of opportunity to ${state}. In order to set state of opportunity to ${state}, use the ${state === 'Won' ? 'WinOpportunity' : 'LoseOpportunity'} message instead.`,
        '0x80100005',
      );
  },
};

function takeCustomer(values: Map<string, Stored>, before: Row | undefined): void {
  if (values.has('customerid') || before?.['customerid'] != null) return;
  for (const [parent, type] of [
    ['parentaccountid', 'account'],
    ['parentcontactid', 'contact'],
  ] as const) {
    const id = values.get(parent);
    if (id == null) continue;
    values.set('customerid', id);
    values.set('customerid_type', type);
    return;
  }
}
