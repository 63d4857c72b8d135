import { CrmError } from '../../model/errors.ts';
import type { Timers } from './timers.ts';

/**
 * Whether the CRM as a whole is there.
 *
 *   closed    a Change failed in a way that may pass -> the CRM is probed once. It answers: only that Change is at fault, stay
 *             closed. It does not, or it throttled us: open.
 *   open      nothing is claimed; the CRM is probed every `probeEvery`, not before the Retry-After it asked for. It answers:
 *             what the outage held back is released, closed.
 *
 * The probe is one cheap read, so the pane sees "done" within seconds of the CRM's return while a thousand waiting Changes do
 * not each knock on its door.
 */
export interface Breaker {
  isClosed(): boolean;
  /** Tells of a failure; answers true when the CRM is away. */
  failed(error: CrmError): Promise<boolean>;
  onClose(listener: () => void): void;
  stop(): void;
}

export interface BreakerOptions {
  /** Resolves when the CRM answers sensibly, rejects with a CrmError when not. */
  readonly probe: () => Promise<void>;
  readonly release: () => Promise<void>;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
}

/** Milliseconds between probes of a CRM that is away. */
const probeEvery = 1_500;
/** A Retry-After is believed up to here; then we ask once. */
const longestWait = 5 * 60 * 1000;

export function createBreaker(options: BreakerOptions): Breaker {
  const listeners: (() => void)[] = [];
  let open = false;
  let stopped = false;
  let cancel = (): void => undefined;

  const answers = async (): Promise<CrmError | null> => {
    try {
      await options.probe();
      return null;
    } catch (error) {
      if (error instanceof CrmError) return error;
      throw error;
    }
  };

  const tryAgain = async (): Promise<void> => {
    const error = await answers();
    if (stopped) return;
    if (error !== null) return plan(error);
    await options.release();
    open = false;
    for (const listener of listeners) listener();
  };

  const plan = (error: CrmError): void => {
    const delay = Math.max(probeEvery, Math.min(error.facts.retryAfter ?? 0, longestWait));
    cancel = options.timers.after(delay, () => {
      void tryAgain().catch((cause: unknown) => {
        options.report(cause);
        if (!stopped) plan(error);
      });
    });
  };

  return {
    isClosed: () => !open,
    async failed(error) {
      if (open) return true;
      const away = error.code === 'throttled' ? error : await answers();
      if (away === null) return false;
      if (!open && !stopped) {
        open = true;
        plan(away);
      }
      return true;
    },
    onClose: (listener) => void listeners.push(listener),
    stop() {
      stopped = true;
      cancel();
    },
  };
}
