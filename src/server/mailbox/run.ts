import { clearAlerts, raiseAlert, type AlertLevel } from './alerts.ts';
import { LostClaim, type MailboxClaim } from './claim.ts';
import type { Completion } from './complete.ts';
import { isUnavailable } from '../db/errors.ts';
import { paceAfter, waitAfterFailure, waitOf } from './interval.ts';
import { poll, type Look, type PollServices } from './poll.ts';
import { SourceError, type MailSource, type SourceErrorCode } from './source.ts';

export interface RunServices extends PollServices {
  /** @throws {SourceError} */
  readonly open: (claim: MailboxClaim) => Promise<MailSource>;
  /** The mailbox refused us, or the line broke: what is open to it is not used again. */
  readonly drop: (claim: MailboxClaim) => Promise<void>;
  readonly random: () => number;
  /** Milliseconds for which the CRM has not answered; 0 while it does. */
  readonly awayFor: () => number;
  /** Sends what its owner wrote in the CRM. @throws {SourceError | LostClaim} */
  readonly send: (claim: MailboxClaim, source: MailSource) => Promise<void>;
}

/** One run of one mailbox, and when the next is: what the source does wrong is this mailbox's trouble and nobody else's. */
export async function runMailbox(services: RunServices, claim: MailboxClaim): Promise<Completion | null> {
  try {
    const source = await services.open(claim);
    const look = await poll(services, claim, source);
    await services.send(claim, source);
    if (claim.failures > 0) await clearAlerts(services.store, { scope: 'mailbox', mailboxId: claim.id }, troubles);
    return succeeded(services, claim, look);
  } catch (error) {
    if (error instanceof LostClaim) return null;
    // The database is away: the lease ends by itself, and nothing could be written now anyway.
    if (isUnavailable(error)) throw error;
    await services.drop(claim);
    if (!(error instanceof SourceError)) services.report(error);
    return failed(services, claim, error instanceof SourceError ? error : unexpected);
  }
}

const unexpected = new SourceError('unavailable', 'An unexpected error occurred with this mailbox. It was logged.');

/** How soon a mailbox is looked at again whose mail could not be decided about; later, the longer the CRM is away. */
const untilCrm = 30_000;

function succeeded({ random, awayFor }: RunServices, claim: MailboxClaim, look: Look): Completion {
  const { found, again, undecided, cursors } = look;
  const pace = claim.gap === 0 ? claim.pace : paceAfter(claim.pace, { gap: claim.gap, found });
  const usual = waitOf(pace, random());
  const wait = undecided ? Math.min(usual, Math.max(untilCrm, awayFor())) : usual;
  return { claim, pace, wait, again, state: 'ready', trouble: null, failures: 0, cursors };
}

async function failed(
  { random, store }: RunServices,
  claim: MailboxClaim,
  { code, message, retryAfter }: SourceError,
): Promise<Completion> {
  const failures = claim.failures + 1;
  const { pace } = claim;
  const wait = waitAfterFailure(code, {
    failures,
    pace,
    random: random(),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  const level = levelOf(code, failures);
  if (level !== null) await raiseAlert(store, { scope: 'mailbox', mailboxId: claim.id }, level, { code, message });
  const state = isRefusal(code) ? 'stopped' : claim.state;
  return { claim, pace, wait, again: false, state, trouble: { code, message }, failures, cursors: [] };
}

const troubles: readonly SourceErrorCode[] = [
  'unavailable',
  'throttled',
  'unauthorized',
  'forbidden',
  'not-found',
  'refused',
];

/** What passes by itself within a few runs is nobody's concern. */
const patience = 3;

function levelOf(code: SourceErrorCode, failures: number): AlertLevel | null {
  if (isRefusal(code)) return 'error';
  if (failures < patience) return null;
  return code === 'throttled' ? 'information' : 'warning';
}

/** Somebody has to do something about it. */
function isRefusal(code: SourceErrorCode): boolean {
  return code === 'unauthorized' || code === 'forbidden' || code === 'not-found' || code === 'refused';
}
