import type { NoteTried } from '../../api/trial.ts';
import type { Change, ChangeReason, ChangeResult } from '../../model/change.ts';
import { CrmError, mayPassByItself } from '../../model/errors.ts';
import { isTimeout, isUnavailable, isWorthRepeating } from '../db/errors.ts';
import { ledgerDelay, ledgerLife } from '../../model/schedule.ts';
import type { Breaker } from './breaker.ts';
import { leaseTime, type Claim } from './claim.ts';
import type { Ledger } from './ledger.ts';
import type { Ramp } from './ramp.ts';
import type { End, PutOff } from './settle.ts';
import type { Timers } from './timers.ts';

export interface CarryOutServices {
  readonly ledger: Ledger;
  readonly breaker: Breaker;
  /**
   * Carries a Change into the CRM with the rights of its owner.
   * @param check rejects when another may have taken the claim over; called before each write to the CRM
   * @param note writes down what is tried there; rejects when the claim is lost
   */
  readonly apply: (change: Change, owner: string, check: () => Promise<void>, note: NoteTried) => Promise<ChangeResult>;
  /** Tells the CRM itself, if it wants to know, of a Change that was given up after five days; may fail. */
  readonly giveUp?: (claim: Claim) => Promise<void>;
  readonly random: () => number;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
}

export interface CarryOutOptions extends CarryOutServices {
  readonly ramp: Ramp;
  /** When the claim was asked for, by `timers.now`: its lease began no earlier. */
  readonly since: number;
  /** The end is known and on its way into the ledger: another Change may take this one's place. */
  readonly free: () => void;
  /** The worker takes nothing new and wants to end. */
  readonly stopping: AbortSignal;
}

/** Carries one claimed Change into the CRM, once `gate` is open, and writes its end. */
export async function carryOut(options: CarryOutOptions, claim: Claim, gate: Promise<unknown>): Promise<void> {
  const lease = keepLease(options, claim);
  try {
    await gate;
    const outcome = claim.age > ledgerLife ? expired : await attempt(options, claim, lease.check);
    const written = persist(options, claim, outcome);
    options.free();
    const stood = await written;
    if (stood && outcome === expired) await options.giveUp?.(claim);
  } finally {
    lease.stop();
  }
}

const expired: End = {
  state: 'refused',
  reason: { code: 'expired', message: 'It could not be carried out for five days.' },
};

/** Milliseconds between tries to write an end that the database did not take. */
const writeEvery = 2_000;

/**
 * The CRM has answered, so its answer must not be lost because our own database is away just now: it is written as soon as that
 * is back, if the claim still stands then. Otherwise the lease would run out, and the Change be suspected of having killed us.
 */
async function persist(options: CarryOutOptions, claim: Claim, outcome: End | PutOff): Promise<boolean> {
  for (;;) {
    try {
      return await write(options, claim, outcome);
    } catch (error) {
      options.report(error);
      if (options.stopping.aborted) throw error;
      if (!mayRecover(error)) return write(options, claim, failedHere(options, claim));
      await pause(options, writeEvery);
    }
  }
}

function mayRecover(error: unknown): boolean {
  return isUnavailable(error) || isTimeout(error) || isWorthRepeating(error);
}

/** Resolves after so many milliseconds, or as soon as the worker is to stop. */
function pause({ timers, stopping }: CarryOutOptions, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      stopping.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.after(milliseconds, end);
    stopping.addEventListener('abort', end);
    if (stopping.aborted) end();
  });
}

function write({ ledger }: CarryOutServices, claim: Claim, outcome: End | PutOff): Promise<boolean> {
  if (outcome.state !== 'queued') return ledger.finish(claim, outcome);
  return ledger.putOff(claim, outcome.delay, outcome.reason, outcome.outage);
}

/** This process was stopped for longer than its lease: somebody else may have carried the Change out, and the next ones. */
class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

interface Lease {
  /** @throws {ClaimLost} */
  readonly check: () => Promise<void>;
  readonly stop: () => void;
}

/**
 * Milliseconds after a lease was asked for in which nobody can have taken the claim over, so that nobody need be asked: the lease
 * is sixty times as long by the database's clock, and what is leased is neither parked nor dropped nor purged. Were that clock set
 * a minute forward in this very second, what is written would still carry the Change's id or the version that was read.
 */
const surelyOurs = 1_000;

/** Tries again where the database did not answer: it may be back before the lease is over. */
function keepLease({ ledger, timers, since, report }: CarryOutOptions, claim: Claim): Lease {
  let cancel = (): void => undefined;
  let over = false;
  let asked = since;
  const schedule = (): void => {
    if (over) return;
    cancel = timers.after(leaseTime / 3, () => {
      const now = timers.now();
      void ledger.renew(claim).then(
        (stands) => {
          if (!stands) return;
          asked = now;
          schedule();
        },
        (error: unknown) => {
          report(error);
          schedule();
        },
      );
    });
  };
  schedule();
  return {
    // The ledger knows whether somebody has taken over, whatever the clocks say; this clock, whether we slept over its answer.
    async check() {
      if (timers.now() - asked < surelyOurs) return;
      const stands = await ledger.stands(claim);
      if (!stands || timers.now() - asked >= leaseTime) throw new ClaimLost('The lease is over.');
    },
    stop() {
      over = true;
      cancel();
    },
  };
}

async function attempt(options: CarryOutOptions, claim: Claim, check: () => Promise<void>): Promise<End | PutOff> {
  try {
    const note: NoteTried = async (tried) => {
      if (!(await options.ledger.note(claim, tried))) throw new ClaimLost('The claim was taken over.');
    };
    const result = await options.apply(claim.change, claim.owner, check, note);
    options.ramp.succeeded();
    return { state: 'done', result };
  } catch (error) {
    return outcomeOf(options, claim, error);
  }
}

const interrupted: ChangeReason = { code: 'unavailable', message: 'The server was interrupted; it is tried again.' };

/**
 * What may pass is put off: by the outage if the CRM as a whole is away, by its own schedule if only this Change fails. What
 * cannot pass goes back to its person. A defect of ours (no CrmError) is treated as the Change's own failure: its schedule
 * spreads the tries, and after five days it is handed back.
 */
async function outcomeOf(options: CarryOutOptions, claim: Claim, error: unknown): Promise<End | PutOff> {
  if (error instanceof ClaimLost) return { state: 'queued', delay: 0, reason: interrupted, outage: false };
  if (!(error instanceof CrmError)) {
    options.report(error);
    return failedHere(options, claim);
  }
  const reason = { code: error.code, message: error.message };
  if (!mayPassByItself(error.code) && error.code !== 'unauthorized') {
    if (error.code === 'conflict') return { state: 'conflict', reason };
    return { state: 'refused', reason: error.code === 'not-found' ? await missing(options, claim, reason) : reason };
  }
  options.ramp.failed();
  const outage = await options.breaker.failed(error);
  return { state: 'queued', delay: delayOf(options, claim, error.facts.retryAfter), reason, outage };
}

function failedHere(options: CarryOutOptions, claim: Claim): PutOff {
  const reason = { code: 'unavailable', message: 'Something went wrong on our side; it is tried again.' } as const;
  return { state: 'queued', delay: delayOf(options, claim), reason, outage: false };
}

function delayOf({ random }: CarryOutServices, claim: Claim, retryAfter?: number): number {
  return ledgerDelay(claim.attempts, claim.age, random(), retryAfter);
}

/** The CRM does not know the mail: perhaps because the track that this Change builds on never came there. */
async function missing({ ledger }: CarryOutServices, claim: Claim, reason: ChangeReason): Promise<ChangeReason> {
  const before = await ledger.blockedBy(claim);
  if (before === null) return reason;
  const why = before.reason === null || before.reason.message === '' ? '' : `: ${before.reason.message}`;
  return { code: 'blocked', message: `Tracking this e-mail was not carried out${why}` };
}
