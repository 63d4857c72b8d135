import type { Change } from '../../../src/model/change.ts';
import { normalizeSubject } from '../../../src/model/item-key.ts';
import type { Effect } from '../crm.ts';
import type { Facts } from './facts.ts';

/** The rows of one mail in the CRM after each change of them: row id -> what it is regarding. */
export interface Moment {
  readonly at: number;
  readonly rows: ReadonlyMap<string, string | null>;
  readonly effect: Effect | null;
}

/** Whether an effect left something other than it found. */
export function changesSomething({ kind, before, after }: Effect): boolean {
  return kind !== 'regarding' || before !== after;
}

/** The history of a mail, named by its subject, beginning with nothing. */
export function historyOf({ effects }: Facts, subject: string): readonly Moment[] {
  const moments: Moment[] = [{ at: 0, rows: new Map(), effect: null }];
  const rows = new Map<string, string | null>();
  for (const effect of effects) {
    if (effect.subject === null || normalizeSubject(effect.subject) !== subject) continue;
    if (effect.kind === 'removed') rows.delete(effect.id);
    else rows.set(effect.id, effect.after);
    moments.push({ at: effect.at, rows: new Map(rows), effect });
  }
  return moments;
}

/** Whether what the Change wants was true in the CRM at some moment from its gesture until `until`. */
export function wasTrue(facts: Facts, change: Change, until: number): boolean {
  const since = Date.parse(change.at);
  if (change.kind === 'create')
    return facts.effects.some(({ kind, id, at }) => kind === 'created' && id === change.recordId && at <= until);
  // That somebody untracked a mail and its record stays is known to the server alone.
  if (change.kind === 'untrack' && change.keepRecord) return facts.ledger.get(change.id)?.state === 'done';
  const moments = historyOf(facts, change.mail.fingerprint.subject);
  const met = moments.some(
    (moment, index) =>
      moment.at <= until && (moments[index + 1]?.at ?? Infinity) >= since && isMet(change, moment.rows),
  );
  return met || isOvertaken(facts, change.id, moments, until);
}

/**
 * Whether others decided about the mail between a look at it and `until`, where that look was noted as the last one before a
 * write: nobody knows whether that write arrived, so it counts as having come first, and theirs stands (api/trial).
 */
function isOvertaken({ sent }: Facts, id: string, moments: readonly Moment[], until: number): boolean {
  const own = sent.filter(({ changeId, at }) => changeId === id && at <= until);
  return own.some(({ what, at }, index) => {
    if (what !== 'note') return false;
    const look = own.slice(0, index).findLast((other) => other.what === 'GET')?.at ?? at;
    return moments.some(
      ({ at: moved, effect }) =>
        effect !== null && effect.by.change !== id && changesSomething(effect) && moved >= look && moved <= until,
    );
  });
}

/** Whether what the Change wants is true of these rows of its mail. */
export function isMet(change: Exclude<Change, { kind: 'create' }>, rows: Moment['rows']): boolean {
  switch (change.kind) {
    case 'track':
      return rows.size > 0 && (change.regarding === null || [...rows.values()].includes(change.regarding.id));
    case 'regard':
      return [...rows.values()].includes(change.regarding?.id ?? null);
    case 'untrack':
      return change.onlyIfUntouched === undefined ? rows.size === 0 : !rows.has(change.onlyIfUntouched.recordId);
  }
}
