import type { Claim } from '../../src/server/queue/claim.ts';
import type { Ledger } from '../../src/server/queue/ledger.ts';
import type { Program } from './program.ts';

type Daemon = Pick<Program, 'name' | 'heardFrom'>;

/** Watches what the daemons do with their claims, for I6. */
export interface LeaseWatch {
  readonly violations: readonly string[];
  readonly watch: (program: Daemon, ledger: Ledger) => Ledger;
}

interface Held {
  readonly by: string;
  readonly claim: Claim;
  readonly from: number;
  until: number;
  /** Its end is being written: who is killed meanwhile does not hear whether that was committed, and nor do we. */
  closing: boolean;
}

/** Milliseconds, as promised: not taken from the product, which is what is checked. */
const leaseTime = 60_000;

/** A lease counts from the commit that gave it; who slept before hearing of it may have lost it by then, and to whom we know. */
export function createLeaseWatch(): LeaseWatch {
  /** Of each lane, the claim committed last. */
  const newest = new Map<string, Held>();
  /** Of each row, the claim with the highest fencing number. */
  const highest = new Map<number, Held>();
  const violations: string[] = [];
  const claimed = ({ name: by, heardFrom: from }: Daemon, claim: Claim): void => {
    const { lane } = claim.change;
    const other = newest.get(lane);
    const held: Held = { by, claim, from, until: from + leaseTime, closing: false };
    if ((highest.get(claim.seq)?.claim.generation ?? 0) < claim.generation) highest.set(claim.seq, held);
    const isLate = other !== undefined && other.from > from;
    const [before, after] = isLate ? [held, other] : [other, held];
    if (before !== undefined && before.until > after.from && !before.closing)
      violations.push(`${after.by} claimed ${after.claim.change.id} while ${before.by} had a live lease on its lane`);
    newest.set(lane, after);
  };
  const heldBy = (claim: Claim): Held | undefined => {
    const held = newest.get(claim.change.lane);
    return held !== undefined && isSame(held.claim, claim) ? held : undefined;
  };
  const closed = ({ name: by, heardFrom: at }: Daemon, claim: Claim, stood: boolean): void => {
    if (!stood) return;
    if (heldBy(claim)) newest.delete(claim.change.lane);
    const last = highest.get(claim.seq);
    if (last !== undefined && last.claim.generation > claim.generation && last.from < at)
      violations.push(`${by} closed ${claim.change.id} under a claim that ${last.by} had taken over`);
  };
  /** A try to close that failed was not committed; one that is never answered may have been. */
  const closing = async (program: Daemon, claim: Claim, write: () => Promise<boolean>): Promise<boolean> => {
    const mine = heldBy(claim);
    if (mine) mine.closing = true;
    try {
      const stood = await write();
      closed(program, claim, stood);
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
        for (const claim of claims) claimed(program, claim);
        return claims;
      },
      async renew(claim) {
        const stands = await ledger.renew(claim);
        const held = heldBy(claim);
        if (stands && held !== undefined) held.until = program.heardFrom + leaseTime;
        return stands;
      },
      async release(claims) {
        const mine = claims.map(heldBy).filter((held) => held !== undefined);
        for (const held of mine) held.closing = true;
        await ledger.release(claims).catch((error: unknown) => {
          for (const held of mine) held.closing = false;
          throw error;
        });
      },
      finish: (claim, end) => closing(program, claim, () => ledger.finish(claim, end)),
      putOff: (claim, delay, reason, outage) =>
        closing(program, claim, () => ledger.putOff(claim, delay, reason, outage)),
    }),
  };
}

function isSame(one: Claim, other: Claim): boolean {
  return one.seq === other.seq && one.generation === other.generation;
}
