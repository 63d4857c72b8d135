import { badRequest } from '../../odata/bad-request.ts';
import type { TableRule } from '../../odata/session.ts';
import { stampCompletion } from '../completion.ts';
import { forgetReferences } from './correlation.ts';
import { safeHtml } from './safe-html.ts';
import { completeStep, isStepOnItsWay, refuseUnsent } from './send/on-its-way.ts';

/** What an e-mail may still change once it was sent or received: what it is about, and whose row it is. */
const openOnCompleted = new Set([
  'regardingobjectid',
  'regardingobjectid_type',
  'modifiedon',
  'modifiedby',
  'ownerid',
  'ownerid_type',
  'owningbusinessunit',
]);

export const emailRule: TableRule = {
  async beforeWrite({ values, before, session }) {
    if (before === undefined) refuseUnsent(values);
    if (before !== undefined && isStepOnItsWay(session, before, values)) return completeStep(session, values);
    const frozen = before !== undefined && Number(before['statecode']) !== 0;
    const changed = frozen ? [...values.keys()].find((name) => !openOnCompleted.has(name)) : undefined;
    if (changed !== undefined) {
      throw badRequest(
        `A completed or canceled e-mail is read-only: '${changed}' cannot be changed, only its regarding record and its parties.`,
        '0x80040203',
      );
    }
    if (!frozen) stampCompletion(values, session.now());
    // A thread begins with every mail; joining it to others is correlation's.
    if (before === undefined && values.get('conversationtrackingid') == null)
      values.set('conversationtrackingid', values.get('activityid') ?? null);
  },
  beforeChange({ before, values }) {
    if (Number(before['statecode']) === 0) refuseUnsent(values);
  },
  beforeReplace({ before, navigation }) {
    if (Number(before['statecode']) !== 0 && navigation !== 'email_activity_parties') {
      throw badRequest(`A completed or canceled e-mail is read-only: '${navigation}' cannot be changed.`, '0x80040203');
    }
  },
  afterDelete: forgetReferences,
  computed: new Map([['safedescription', (stored: unknown) => (typeof stored === 'string' ? safeHtml(stored) : null)]]),
};
