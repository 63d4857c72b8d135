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
}

export function createLeaseWatch(now: () => number): LeaseWatch {
  const newest = new Map<string, Held>();
  const violations: string[] = [];
  const claimed = (by: string, claim: Claim): void => {
    const { lane } = claim.change;
    const before = newest.get(lane);
    if (before !== undefined && before.until > now())
      violations.push(`${by} claimed ${claim.change.id} while ${before.by} had a live lease on its lane`);
    newest.set(lane, { by, claim, until: now() + 60_000 });
  };
  const closed = (by: string, claim: Claim, stood: boolean): void => {
    const held = newest.get(claim.change.lane);
    if (!stood || held === undefined) return;
    if (held.claim.change.id === claim.change.id && held.claim.generation !== claim.generation)
      violations.push(`${by} closed ${claim.change.id} under a claim that ${held.by} had taken over`);
    else newest.delete(claim.change.lane);
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
      async finish(claim, end) {
        const stood = await ledger.finish(claim, end);
        closed(program.name, claim, stood);
        return stood;
      },
      async putOff(claim, delay, reason, outage) {
        const stood = await ledger.putOff(claim, delay, reason, outage);
        closed(program.name, claim, stood);
        return stood;
      },
    }),
  };
}
