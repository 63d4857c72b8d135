import type { Claim } from '../../src/server/queue/claim.ts';
import type { Ledger } from '../../src/server/queue/ledger.ts';
import type { Program } from './program.ts';

/** Watches what the daemons do with their claims, for I6. */
export interface LeaseWatch {
  readonly violations: readonly string[];
  readonly watch: (program: Program, ledger: Ledger) => Ledger;
}

interface Held {
  readonly by: string;
  readonly claim: Claim;
  until: number;
  /** Its end is being written: who is killed meanwhile does not hear whether that was committed, and nor do we. */
  closing: boolean;
}

export function createLeaseWatch(now: () => number): LeaseWatch {
  const newest = new Map<string, Held>();
  const violations: string[] = [];
  const claimed = (by: string, claim: Claim): void => {
    const { lane } = claim.change;
    const before = newest.get(lane);
    if (before !== undefined && before.until > now() && !before.closing)
      violations.push(`${by} claimed ${claim.change.id} while ${before.by} had a live lease on its lane`);
    newest.set(lane, { by, claim, until: now() + 60_000, closing: false });
  };
  const closed = (by: string, claim: Claim, stood: boolean): void => {
    const held = newest.get(claim.change.lane);
    if (!stood || held === undefined) return;
    if (held.claim.change.id === claim.change.id && held.claim.generation !== claim.generation)
      violations.push(`${by} closed ${claim.change.id} under a claim that ${held.by} had taken over`);
    else newest.delete(claim.change.lane);
  };
  /** A try to close that failed was not committed; one that is never answered may have been. */
  const closing = async (by: string, claim: Claim, write: () => Promise<boolean>): Promise<boolean> => {
    const held = newest.get(claim.change.lane);
    const mine = held?.claim.generation === claim.generation ? held : undefined;
    if (mine) mine.closing = true;
    try {
      const stood = await write();
      closed(by, claim, stood);
      return stood;
    } finally {
      if (mine) mine.closing = false;
    }
  };
  return {
    violations,
    watch: (program, ledger) => ({
      ...ledger,
      async claim(most) {
        const claims = await ledger.claim(most);
        for (const claim of claims) claimed(program.name, claim);
        return claims;
      },
      async renew(claim) {
        const stands = await ledger.renew(claim);
        const held = newest.get(claim.change.lane);
        if (stands && held?.claim.generation === claim.generation) held.until = now() + 60_000;
        return stands;
      },
      finish: (claim, end) => closing(program.name, claim, () => ledger.finish(claim, end)),
      putOff: (claim, delay, reason, outage) =>
        closing(program.name, claim, () => ledger.putOff(claim, delay, reason, outage)),
    }),
  };
}
