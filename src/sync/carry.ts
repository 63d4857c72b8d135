import type { Queue } from '../api/queue.ts';
import type { NoteTried } from '../api/trial.ts';
import {
  asTried,
  mayBeQueued,
  type Change,
  type ChangeReason,
  type ChangeResult,
  type ChangeStatus,
  type Tried,
  type UntrackChange,
} from '../model/change.ts';
import { CrmError, mayPassByItself } from '../model/errors.ts';
import type { Store } from './store.ts';

/** How one try to carry a Change ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: ChangeResult }
  | { readonly kind: 'handed-over'; readonly status: ChangeStatus; readonly crmFailed: boolean }
  | { readonly kind: 'stopped'; readonly state: 'conflict' | 'refused'; readonly reason: ChangeReason }
  | { readonly kind: 'sign-in'; readonly reason: ChangeReason; readonly offered: boolean }
  | Later;

interface Later {
  readonly kind: 'later';
  readonly reason: ChangeReason;
  readonly retryAfter: number | undefined;
  /** The ledger may have it, although it did not say so. */
  readonly offered: boolean;
}

export interface CarryServices {
  readonly store: Pick<Store, 'attachment'>;
  readonly queue: Queue;
  /** @param check throws when the caller's turn is over; asked before each write to the CRM */
  readonly applyDirectly: (change: Change, note: NoteTried, check?: () => void) => Promise<ChangeResult>;
}

export interface CarryHints {
  /** See OutboxEntry. */
  readonly saved: boolean;
  readonly offered: boolean;
  /** A Change of this lane is on the server, as far as the device knows. */
  readonly laneOnServer: boolean;
  /** The CRM failed moments ago in this drain: do not make the next lane wait for the same time-out. */
  readonly crmAway: boolean;
  /** Writes down that the ledger is about to be offered it; resolves when that is on disk. */
  readonly offer: () => Promise<void>;
  readonly tried: () => Tried | null;
  readonly note: NoteTried;
}

/**
 * Three ways, one corridor:
 * 1. the CRM directly, unless the server has an unfinished Change of the lane (order across both paths) or keeps a mark of its
 *    own about the mail, or was offered this one before, or nothing on this device would survive the page;
 * 2. the server's ledger, when the CRM cannot or its outcome is unknown; the Change's id makes the repetition harmless;
 * 3. later, from this device: when the server cannot say whether it has the lane and the device remembers that it had, or
 *    when neither answers. A ledger that cannot even be asked is not offered anything, so that such a Change may still go
 *    directly once the CRM is back.
 */
export async function carry(change: Change, hints: CarryHints, services: CarryServices): Promise<Outcome> {
  if (!mayBeQueued(change)) return direct(change, hints, services);
  if (hints.offered || !hints.saved || isServersOwn(change)) return handOver(change, hints, services);
  const server = await askServer(change, services);
  if (server === 'has the lane') return handOver(change, hints, services);
  if (server !== 'free') return hints.laneOnServer ? server : direct(change, hints, services);
  const outcome = hints.crmAway ? null : await direct(change, hints, services);
  if (outcome?.kind === 'done' && change.kind === 'untrack') await tellUntracked(change, services);
  return outcome === null || outcome.kind === 'later' ? handOver(change, hints, services, outcome) : outcome;
}

/** "Untrack, keep the record" is a mark that only the server keeps. */
function isServersOwn(change: Change): boolean {
  return change.kind === 'untrack' && change.keepRecord;
}

async function askServer(change: Change, { queue }: CarryServices): Promise<'free' | 'has the lane' | Outcome> {
  if (change.kind === 'create') return 'free';
  try {
    const { items } = await queue.itemStates([change.mail], { askCrm: false });
    const [item] = items;
    return item !== undefined && (item.kept || item.pending.length > 0) ? 'has the lane' : 'free';
  } catch (error) {
    const outcome = outcomeOf(error);
    // It was only asked: whatever it has against the question is no verdict about the Change.
    return outcome.kind === 'stopped'
      ? { kind: 'later', reason: outcome.reason, retryAfter: undefined, offered: false }
      : outcome;
  }
}

async function direct(change: Change, { tried, note }: CarryHints, services: CarryServices): Promise<Outcome> {
  try {
    return { kind: 'done', result: await services.applyDirectly(asTried(change, tried()), note) };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** To a server that answered a moment ago. One that does not hear of it may track the mail by a rule once more, which is for its person to see and to undo. */
async function tellUntracked({ mail }: UntrackChange, { queue }: CarryServices): Promise<void> {
  try {
    await queue.untracked(mail);
  } catch (error) {
    if (!(error instanceof CrmError)) throw error;
  }
}

/** @param before how the direct way ended, to say why the Change is queued or waits */
async function handOver(
  change: Change,
  hints: CarryHints,
  services: CarryServices,
  before: Later | null = null,
): Promise<Outcome> {
  let { offered } = hints;
  try {
    await sendAttachments(change, services);
    if (!offered) await hints.offer();
    offered = true;
    const status = await services.queue.handOver(asTried(change, hints.tried()));
    // The ledger has not tried yet and has no reason of its own; why it was handed over is ours to say.
    const crmFailed = before !== null;
    return {
      kind: 'handed-over',
      status: before ? { ...status, reason: status.reason ?? before.reason } : status,
      crmFailed,
    };
  } catch (error) {
    const surelyNot = error instanceof CrmError && error.facts.outcomeUnknown !== true && !hints.offered;
    const outcome = outcomeOf(error, offered && !surelyNot);
    // A ledger that will not have it (too large for a proxy, an older server) is no verdict of the CRM, which is asked again.
    if (before !== null && outcome.kind === 'stopped') return before;
    return outcome.kind === 'later' && before !== null && outcome.reason.code === 'offline'
      ? { ...before, offered: outcome.offered }
      : outcome;
  }
}

async function sendAttachments(change: Change, { store, queue }: CarryServices): Promise<void> {
  if (change.kind !== 'track') return;
  for (const { index, leftOut } of change.mail.attachments) {
    const bytes = leftOut === null ? await store.attachment(change.id, index) : null;
    if (bytes !== null) await queue.putAttachment(change.id, index, bytes);
  }
}

/** Every failure of either way, sorted. What is no CrmError is a defect of ours and goes up. */
function outcomeOf(error: unknown, offered = false): Exclude<Outcome, { kind: 'done' | 'handed-over' }> {
  if (!(error instanceof CrmError)) throw error;
  const reason = { code: error.code, message: error.message };
  if (error.code === 'unauthorized') return { kind: 'sign-in', reason, offered };
  if (mayPassByItself(error.code)) return { kind: 'later', reason, retryAfter: error.facts.retryAfter, offered };
  return { kind: 'stopped', state: error.code === 'conflict' ? 'conflict' : 'refused', reason };
}
