import { mayBeQueued, type Change, type ChangeReason, type ChangeResult, type ChangeStatus } from '../model/change.ts';
import { CrmError, mayPassByItself } from '../model/errors.ts';
import type { Queue } from '../api/queue.ts';
import type { Store } from './store.ts';

/** How one try to carry a Change ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: ChangeResult }
  | { readonly kind: 'handed-over'; readonly status: ChangeStatus; readonly crmFailed: boolean }
  | { readonly kind: 'stopped'; readonly state: 'conflict' | 'refused'; readonly reason: ChangeReason }
  | { readonly kind: 'sign-in'; readonly reason: ChangeReason }
  | { readonly kind: 'later'; readonly reason: ChangeReason; readonly retryAfter: number | undefined };

export interface CarryServices {
  readonly store: Store;
  readonly queue: Queue;
  readonly applyDirectly: (change: Change) => Promise<ChangeResult>;
}

export interface CarryHints {
  /** A Change of this lane is on the server, as far as the device knows. */
  readonly laneOnServer: boolean;
  /** The CRM failed moments ago in this drain: do not make the next lane wait for the same time-out. */
  readonly crmAway: boolean;
}

/**
 * Three ways, one corridor:
 * 1. the CRM directly, unless the server has an unfinished Change of the lane (order across both paths) or keeps a mark of its
 *    own about the mail, or nothing on this device would survive the page (then the ledger first: ARCHITECTURE.md, decision 6);
 * 2. the server's ledger, when the CRM cannot or its outcome is unknown; the Change's id makes the repetition harmless;
 * 3. later, from this device.
 */
export async function carry(change: Change, hints: CarryHints, services: CarryServices): Promise<Outcome> {
  if (!mayBeQueued(change)) return direct(change, services);
  if (await belongsToServer(change, hints, services)) return handOver(change, services);
  const outcome = hints.crmAway ? null : await direct(change, services);
  return outcome === null || outcome.kind === 'later' ? handOver(change, services, outcome) : outcome;
}

async function belongsToServer(change: Change, hints: CarryHints, { queue, store }: CarryServices): Promise<boolean> {
  if (!store.durable || change.kind === 'create') return true;
  if (change.kind === 'untrack' && change.keepRecord) return true;
  try {
    const { items } = await queue.itemStates([change.mail], { askCrm: false });
    const [item] = items;
    return item !== undefined && (item.kept || item.pending.some(({ id }) => id !== change.id));
  } catch (error) {
    if (!(error instanceof CrmError)) throw error;
    return hints.laneOnServer; // the server cannot say: what this device remembers decides
  }
}

async function direct(change: Change, services: CarryServices): Promise<Outcome> {
  try {
    return { kind: 'done', result: await services.applyDirectly(change) };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** @param before how the direct way ended, to say why the Change is queued or waits */
async function handOver(change: Change, services: CarryServices, before?: Outcome | null): Promise<Outcome> {
  try {
    await sendAttachments(change, services);
    const status = await services.queue.handOver(change);
    const crmFailed = before?.kind === 'later';
    // The ledger has not tried yet and has no reason of its own; why it was handed over is ours to say.
    return {
      kind: 'handed-over',
      status: crmFailed ? { ...status, reason: status.reason ?? before.reason } : status,
      crmFailed,
    };
  } catch (error) {
    const outcome = outcomeOf(error);
    return outcome.kind === 'later' && before?.kind === 'later' && outcome.reason.code === 'offline' ? before : outcome;
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
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CrmError)) throw error;
  const reason = { code: error.code, message: error.message };
  if (error.code === 'unauthorized') return { kind: 'sign-in', reason };
  if (mayPassByItself(error.code)) return { kind: 'later', reason, retryAfter: error.facts.retryAfter };
  return { kind: 'stopped', state: error.code === 'conflict' ? 'conflict' : 'refused', reason };
}
