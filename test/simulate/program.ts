import type { Random } from '../fuzz/random.ts';
import type { Clock } from './clock.ts';
import { around } from './random.ts';

/**
 * One run of a program: a pane from its opening to its closing, a server from its start to its end. What it does outside of
 * itself (store, database, digest, mail host) goes through `call`, and each call is an event of the clock. A program that was
 * killed gets no more answers, so its code stays for ever at the await where it stood: that is what being killed means.
 */
export interface Program {
  /** Who, in the story: "Dana's pane 1". */
  readonly name: string;
  readonly alive: boolean;
  /** Frozen, and not heard of since. */
  readonly asleep: boolean;
  /** When the call was made whose answer it heard last, by the true clock: long ago if it slept before it heard. */
  readonly heardFrom: number;
  /** Milliseconds since 1970 by this program's own clock. */
  readonly now: () => number;
  readonly call: <Answer>(what: string, usual: number, work: () => Answer | Promise<Answer>) => Promise<Answer>;
  /** Calls `ring` later unless the program is dead by then; a frozen one rings when it goes on. */
  readonly after: (delay: number, ring: () => void) => () => void;
  readonly kill: () => void;
  readonly onKill: (listener: () => void) => void;
}

/** What becomes of a call: it is made; it fails; its program ends just before or just after it, or sleeps before it hears. */
export type CallFate = 'made' | 'fails' | 'killed-before' | 'killed-after' | 'frozen';

/** Decides the fate of a call; told the program's name, what is called, and the how-manieth of that name it is. */
export type Fates = (name: string, what: string, count: number) => CallFate;

/** A failure that the simulator made; whoever reports it has done nothing wrong. */
export class InjectedFailure extends Error {
  override readonly name = 'InjectedFailure';
}

export interface ProgramOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly fates: Fates;
  /** How far its clock is ahead of the true one. */
  readonly skew?: number;
  /** Calls so far of all programs of a name. */
  readonly counts: Map<string, number>;
}

/** Milliseconds: longer than a lease. */
const nap = 100_000;

export function startProgram(name: string, { clock, random, fates, skew = 0, counts }: ProgramOptions): Program {
  const listeners: (() => void)[] = [];
  let alive = true;
  let frozenUntil = 0;
  let heardFrom = clock.now();

  const after = (delay: number, ring: () => void): (() => void) => {
    let cancel = (): void => undefined;
    const attempt = () => {
      if (!alive) return;
      if (frozenUntil > clock.now()) cancel = clock.after(frozenUntil - clock.now(), attempt);
      else ring();
    };
    cancel = clock.after(delay, attempt);
    return () => cancel();
  };
  const kill = (): void => {
    if (!alive) return;
    alive = false;
    for (const listener of listeners) listener();
  };
  const perform = async <Answer>(what: string, work: () => Answer | Promise<Answer>): Promise<Answer> => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const fate = fates(name, what, count);
    if (fate === 'killed-before') {
      kill();
      return never();
    }
    if (fate === 'fails') throw new InjectedFailure(`${what} failed`);
    const answer = await clock.during(Promise.resolve(work()));
    const madeAt = clock.now();
    if (fate === 'killed-after') kill();
    if (fate === 'frozen') {
      frozenUntil = clock.now() + nap;
      await new Promise<void>((resolve) => void after(0, resolve));
    }
    heardFrom = madeAt;
    return alive ? answer : never();
  };
  return {
    name,
    get alive() {
      return alive;
    },
    get asleep() {
      return alive && frozenUntil > clock.now();
    },
    get heardFrom() {
      return heardFrom;
    },
    now: () => clock.now() + skew,
    call: (what, usual, work) =>
      new Promise((resolve, reject) => {
        after(around(random, usual), () => {
          perform(what, work).then(resolve, (error: unknown) => {
            if (alive) reject(asError(error));
          });
        });
      }),
    after,
    kill,
    onKill: (listener) => void listeners.push(listener),
  };
}

/** What rejects is an Error of some realm; it goes on as it is. */
export function asError(cause: unknown): Error {
  return cause as Error;
}

function never<Answer>(): Promise<Answer> {
  return new Promise(() => undefined);
}
