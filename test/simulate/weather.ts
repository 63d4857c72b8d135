import type { CallFate, Fates } from './program.ts';
import { randomFor } from './random.ts';
import type { Fault, Scenario } from './scenario.ts';
import { crmOrigin } from './places.ts';
import { aboutToWrite } from './server.ts';
import { troubleOf, type Trouble } from './trouble.ts';

/** The faults of a scenario as programs and messages meet them. After `calm` nothing fails any more. */
export interface Weather {
  readonly fates: Fates;
  readonly troubleOf: (from: string, origin: string, method: string) => Trouble | null;
  /** How far a program's clock is ahead. */
  readonly skewOf: (name: string) => number;
  /** Milliseconds until a killed program is started again. */
  readonly backOf: (name: string) => number;
  readonly calm: () => void;
  /** Messages so far, by who sent them. */
  readonly messages: ReadonlyMap<string, number>;
}

export function createWeather(
  { seed, faults }: Scenario,
  now: () => number,
  tell: (who: string, what: string) => void,
): Weather {
  const random = randomFor(seed, 'weather');
  const calls = faults.filter((fault) => fault.kind === 'call');
  const leases = faults.filter((fault) => fault.kind === 'under a lease');
  const met = new Set<Fault>();
  const skews = faults.filter((fault) => fault.kind === 'skew');
  const backs = new Map<string, number>();
  const messages = new Map<string, number>();
  let over = false;

  const active = (fault: { at: number; lasts: number }): boolean => now() >= fault.at && now() < fault.at + fault.lasts;
  return {
    fates(name, what, count) {
      if (over) return 'made';
      const lease =
        what === aboutToWrite
          ? leases.find((one) => one.program === name && now() >= one.at && !met.has(one))
          : undefined;
      if (lease !== undefined) met.add(lease);
      const fault =
        lease ??
        calls.find(({ program, nth, onwards = false }) => program === name && (onwards ? count >= nth : count === nth));
      if (fault === undefined) return 'made';
      backs.set(name, fault.back);
      tell(name, `${inWords(fault.fate)} (its call ${count}, ${what})`);
      return fault.fate;
    },
    troubleOf(from, origin, method) {
      const count = (messages.get(from) ?? 0) + 1;
      messages.set(from, count);
      if (over) return null;
      for (const fault of faults) {
        if (fault.kind === 'message' && fault.from === from && isMet(fault, count)) return troubleOf(fault.trouble, 0);
        if (fault.kind === 'outage' && origin === crmOrigin && active(fault))
          return troubleOf(fault.trouble, random.int(1000));
        if (fault.kind !== 'trouble' || fault.from !== from || fault.to !== origin || !active(fault)) continue;
        if (fault.writesOnly === true && method === 'GET') continue;
        if (random.chance(fault.chance)) return troubleOf(random.pick(fault.troubles), random.int(1000));
      }
      return null;
    },
    skewOf: (name) => skews.find(({ program }) => program === name)?.by ?? 0,
    backOf: (name) => backs.get(name) ?? 1_000,
    calm: () => void (over = true),
    messages,
  };
}

function isMet({ nth, onwards }: Extract<Fault, { kind: 'message' }>, count: number): boolean {
  return onwards ? count >= nth : count === nth;
}

function inWords(fate: CallFate): string {
  switch (fate) {
    case 'made':
      return 'goes on';
    case 'fails':
      return 'meets a failure';
    case 'killed-before':
      return 'is killed just before it calls';
    case 'killed-after':
      return 'is killed just after it called';
    case 'frozen':
      return 'sleeps for a hundred seconds before it hears the answer';
  }
}
