import type { TableRule } from '../../odata/session.ts';
import { demandOpen } from '../closing.ts';

/** A closed opportunity is read-only; one that is reopened has no result any more. */
export const opportunityRule: TableRule = {
  async beforeWrite({ values, before }) {
    if (!demandOpen(values, before, { label: 'The opportunity', openStatuses: new Set([1, 2]) })) return;
    if (!values.has('actualvalue')) values.set('actualvalue', null);
    if (!values.has('actualclosedate')) values.set('actualclosedate', null);
  },
};
