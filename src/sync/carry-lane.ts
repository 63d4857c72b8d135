import type { ChangeReason } from '../model/change.ts';
import { MalformedChange } from '../model/parse-change.ts';
import { carry, type CarryServices, type Outcome } from './carry.ts';
import { isDue, type Lane } from './lanes.ts';
import type { Locks } from './locks.ts';
import { settle, type SettleServices } from './settle.ts';
import { LeaseLost, type OutboxEntry, type Store } from './store.ts';

export interface CarryOptions extends Omit<CarryServices, 'store'>, SettleServices {
  readonly store: Store;
  readonly locks: Locks;
  /** Distinguishes outboxes: the person's address. */
  readonly name: string;
  readonly report: (error: unknown) => void;
}

export interface PassState {
  /** Lanes in a row that nobody answered. */
  silence: number;
  crmAway: boolean;
  signIn: ChangeReason | null;
  readonly over: () => boolean;
}

interface Drain {
  readonly malformed: Set<string>;
  readonly now: number;
}

/** Carries what is due of a lane, one after the other, until something of it has to wait. */
export async function carryLane(options: CarryOptions, lane: Lane, state: PassState, drain: Drain): Promise<void> {
  let { onServer } = lane;
  for (const [index, listed] of lane.next.entries()) {
    if (index > 0 && (state.over() || !isDue(listed, drain.now, true))) return;
    const hints = { onServer, crmAway: state.crmAway };
    // Null: its person is taking it back, perhaps in another pane.
    const outcome = await options.locks.holdIfFree(carryLock(options.name, listed.id), () =>
      carryEntry(options, listed, hints, drain),
    );
    if (outcome === null || outcome === 'not now') return;
    if (outcome === 'gone') continue;
    state.silence = outcome.kind === 'later' && outcome.reason.code === 'offline' ? state.silence + 1 : 0;
    state.crmAway ||= outcome.kind === 'later' || (outcome.kind === 'handed-over' && outcome.crmFailed);
    if (outcome.kind === 'sign-in') state.signIn = outcome.reason;
    if (outcome.kind === 'later' || outcome.kind === 'sign-in') return;
    if (outcome.kind === 'stopped' && outcome.state === 'conflict') return;
    onServer ||= outcome.kind === 'handed-over';
  }
}

async function carryEntry(
  options: CarryOptions,
  listed: OutboxEntry,
  hints: { readonly onServer: boolean; readonly crmAway: boolean },
  { malformed }: Drain,
): Promise<Outcome | 'gone' | 'not now'> {
  const { store } = options;
  const found = await store.entry(listed.id);
  if (found?.state !== 'pending') return 'gone';
  const entry = found.captured ? found : await adopt(options, found);
  if (entry === null) return 'not now';
  const change = await store.change(entry.id).catch((error: unknown) => {
    if (!(error instanceof MalformedChange)) throw error;
    malformed.add(entry.id); // another version's: left alone, counted, exported
    return null;
  });
  if (change === null) return 'gone';
  let current = entry;
  const write = async (news: Partial<OutboxEntry>): Promise<void> => {
    current = { ...current, ...news };
    await store.replace(current);
  };
  const { saved, offered } = entry;
  const outcome = await carry(
    change,
    {
      saved,
      offered,
      laneOnServer: hints.onServer,
      crmAway: hints.crmAway,
      offer: () => write({ offered: true }),
      tried: () => current.tried,
      note: (tried) => write({ tried }),
    },
    options,
  ).catch((error: unknown): Outcome => {
    if (error instanceof LeaseLost || error instanceof DOMException) throw error;
    options.report(error); // a defect of ours stands in the way of this Change alone
    const message = 'Something went wrong on our side; it is tried again.';
    return { kind: 'later', reason: { code: 'unavailable', message }, retryAfter: undefined, offered: current.offered };
  });
  await settle(options, current, outcome);
  return outcome;
}

/** The pane that read the attachments is gone if its lock is free: what it stored goes along, the rest is left out. */
async function adopt({ locks, name, store }: CarryOptions, entry: OutboxEntry): Promise<OutboxEntry | null> {
  const orphan = { ...entry, captured: true };
  const there = await locks.holdIfFree(captureLock(name, entry.id), () => store.replace(orphan));
  return there === true ? orphan : null;
}

/** Held while a Change is on its way, and while it is taken back: one of the two, across all panes. */
export function carryLock(name: string, changeId: string): string {
  return `alongside.carry.${name}.${changeId}`;
}

export function captureLock(name: string, changeId: string): string {
  return `alongside.capture.${name}.${changeId}`;
}
