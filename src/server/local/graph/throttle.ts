// Limits of the Outlook service for one application and one mailbox: 4 requests at once, 10,000 in 10 minutes.
// https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits
import { GraphError } from './errors.ts';

const mostAtOnce = 4;
const mostInWindow = 10_000;
const windowLength = 10 * 60 * 1000;

interface Use {
  open: number;
  windowStart: number;
  inWindow: number;
}

const refusal = (limit: string, seconds: number) =>
  new GraphError(429, 'ApplicationThrottled', `Application is over its ${limit} limit.`, {
    'retry-after': String(Math.max(1, Math.ceil(seconds))),
  });

export const createThrottle = (now: () => number) => {
  const uses = new Map<string, Use>();

  const currentUse = (mailbox: string): Use => {
    const known = uses.get(mailbox);
    if (known && now() - known.windowStart < windowLength) return known;
    const fresh = { open: known?.open ?? 0, windowStart: now(), inWindow: 0 };
    uses.set(mailbox, fresh);
    return fresh;
  };

  /** Answers what ends the request's turn; safe to call twice. @throws GraphError 429. */
  const enter = (mailbox: string): (() => void) => {
    const use = currentUse(mailbox);
    if (use.open >= mostAtOnce) throw refusal('MailboxConcurrency', 1);
    if (use.inWindow >= mostInWindow) throw refusal('MailboxRequests', (use.windowStart + windowLength - now()) / 1000);
    use.open += 1;
    use.inWindow += 1;
    let isOpen = true;
    return () => {
      if (isOpen) {
        const current = uses.get(mailbox);
        if (current) current.open -= 1;
      }
      isOpen = false;
    };
  };

  return { enter };
};
