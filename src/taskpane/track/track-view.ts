import type { ChangeStatus, RecordedAttachment } from '../../model/change.ts';
import type { ItemState } from '../../model/item-state.ts';
import type { RegardingRef } from '../../model/records.ts';

/** What is settled about a mail, as far as this person may know. */
export type Settled =
  | { readonly is: 'loading' }
  /** The CRM could not be asked. */
  | { readonly is: 'unknown' }
  | { readonly is: 'untracked' }
  /** Untracked by this person; the row stayed. */
  | { readonly is: 'kept' }
  | { readonly is: 'colleague' }
  | {
      readonly is: 'tracked';
      /** Null until the CRM told the row of a track just done. */
      readonly activityId: string | null;
      readonly regarding: RegardingRef | null;
      readonly at: string;
      /** Null: this person, just now. */
      readonly by: string | null;
      readonly leftOut: readonly RecordedAttachment[];
    };

export interface TrackView {
  readonly settled: Settled;
  /** The Change to tell about: the first that is not finished, else the newest that needs its person. */
  readonly change: ChangeStatus | null;
  /** Unfinished Changes after that one. */
  readonly behind: number;
}

/** The CRM's answer, with the done Changes it already knew when it was asked for. */
export interface KnownState {
  readonly state: ItemState | 'unknown';
  readonly seen: ReadonlySet<string>;
}

/** Ids are UUIDv7: in order of the gestures. */
const inOrder = (a: ChangeStatus, b: ChangeStatus): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** What this device knows of the lane, and what only the server told; the device is nearer when both know. */
function together(local: readonly ChangeStatus[], known: KnownState | null): readonly ChangeStatus[] {
  const pending = known === null || known.state === 'unknown' ? [] : known.state.pending;
  const ids = new Set(local.map(({ id }) => id));
  return [...local, ...pending.filter(({ id }) => !ids.has(id))].sort(inOrder);
}

function answered(known: KnownState | null): Settled {
  if (known === null) return { is: 'loading' };
  if (known.state === 'unknown' || known.state.tracked === 'unknown') return { is: 'unknown' };
  const { tracked, kept } = known.state;
  if (tracked === null) return { is: 'untracked' };
  if (kept) return { is: 'kept' };
  if (tracked.visibility === 'colleague') return { is: 'colleague' };
  const { activityId, regarding, trackedAt, trackedBy } = tracked;
  return { is: 'tracked', activityId, regarding, at: trackedAt, by: trackedBy, leftOut: [] };
}

/** What a done Change makes of what was known before it. */
function after(settled: Settled, { kind, result, at }: ChangeStatus): Settled {
  if (kind === 'untrack') return result?.recordId == null ? { is: 'untracked' } : { is: 'kept' };
  if (kind === 'regard') {
    return settled.is === 'tracked' ? { ...settled, regarding: result?.regarding ?? null } : settled;
  }
  if (kind !== 'track' || (result?.already === true && settled.is === 'tracked')) return settled;
  const [activityId, regarding] = [result?.recordId ?? null, result?.regarding ?? null];
  return { is: 'tracked', activityId, regarding, at, by: null, leftOut: [] };
}

/** The attachments missing in the CRM: the CRM's answer does not tell them, the Change that tracked the mail does. */
function leftOutOf(statuses: readonly ChangeStatus[]): readonly RecordedAttachment[] {
  const done = statuses.filter(({ state, kind }) => state === 'done' && (kind === 'track' || kind === 'untrack'));
  const last = done.at(-1);
  return last?.kind === 'track' ? (last.result?.leftOut ?? []) : [];
}

/**
 * One picture out of two sources that arrive in any order: the CRM's answer and this device's Changes. A Change that was
 * done after the CRM was asked counts on top of the answer; one that it already knew does not.
 */
export function trackView(local: readonly ChangeStatus[], known: KnownState | null): TrackView {
  const statuses = together(local, known);
  const fresh = statuses.filter(({ id, state }) => state === 'done' && known?.seen.has(id) !== true);
  const folded = fresh.reduce(after, answered(known));
  const settled = folded.is === 'tracked' ? { ...folded, leftOut: leftOutOf(statuses) } : folded;

  const unfinished = statuses.filter(({ state }) => state === 'sending' || state === 'queued' || state === 'waiting');
  const lastDone = statuses.findLast(({ state }) => state === 'done')?.id ?? '';
  // What was refused before something else succeeded is history.
  const stopped = statuses.findLast(({ id, state }) => (state === 'refused' || state === 'conflict') && id > lastDone);
  const change = stopped ?? unfinished[0] ?? null;
  const behind = change === null ? 0 : unfinished.filter(({ id }) => id > change.id).length;
  return { settled, change, behind };
}
