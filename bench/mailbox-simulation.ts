import { firstPace, paceAfter, waitOf, type Pace } from '../src/server/mailbox/interval.ts';
import { createRamp } from '../src/server/queue/ramp.ts';
import { createRandom } from '../test/fuzz/random.ts';
import { createHeap } from './heap.ts';

/** A model of the daemon in simulated time: its own pace, order and ramp; mails and the answers of mail servers are drawn. */
export interface Simulation {
  readonly mailboxes: number;
  /** Polls at once. */
  readonly slots: number;
  readonly hours: number;
  readonly seed: number;
  /** The daemon was away for so long that all mailboxes are due. */
  readonly isRestart: boolean;
}

/** Times in seconds. */
export interface Simulated {
  /** Of starts after they were due, in the hours after the first. */
  readonly lateness: number[];
  /** The longest time a mailbox was alone. */
  readonly longestGap: number;
  readonly pollsPerSecond: number;
  readonly mailsPerSecond: number;
  /** Share of the slots that were busy. */
  readonly used: number;
  /** Until each mailbox was read once. */
  readonly allReadAfter: number;
  /** Polls begun in the busiest second. */
  readonly peak: number;
}

/** Share of the mailboxes, mails on a day; in office hours 1.8 times as many. */
const kinds = [
  [0.6, 15],
  [0.3, 60],
  [0.09, 250],
  [0.01, 2_000],
] as const;
const officeHours = 1.8;
const day = 86_400;
/** Ends that come close to each other are followed by one claim (daemon.ts). */
const gathering = 0.025;
const warmUp = 3_600;

interface Mailbox {
  /** Mails per second. */
  readonly rate: number;
  pace: Pace;
  startedAt: number;
  nextAt: number;
}

export function simulate({ mailboxes, slots, hours, seed, isRestart }: Simulation): Simulated {
  const random = createRandom(seed);
  const uniform = () => (random.int(2 ** 30) + 0.5) / 2 ** 30;
  const end = hours * 3_600;
  const due = createHeap<Mailbox>(({ nextAt }) => nextAt);
  for (let number = 0; number < mailboxes; number += 1) due.push(newMailbox(number / mailboxes, uniform(), isRestart));
  const running = createHeap<{ mailbox: Mailbox; endsAt: number; found: number; gap: number }>(({ endsAt }) => endsAt);
  const ramp = createRamp(slots);
  ramp.restart();
  const seen = { lateness: [] as number[], longestGap: 0, polls: 0, mails: 0, busy: 0, allReadAfter: 0, peak: 0 };
  const inSecond = { second: 0, polls: 0 };
  let unread = mailboxes;

  const start = (mailbox: Mailbox, now: number): void => {
    const gap = now - mailbox.startedAt;
    const found = poisson(mailbox.rate * gap, uniform);
    const lasts = 0.05 - 0.25 * Math.log(uniform()) + (uniform() < 0.01 ? 5 : 0) + 0.02 * found;
    if (mailbox.startedAt < 0 && (unread -= 1) === 0) seen.allReadAfter = now;
    inSecond.polls = Math.floor(now) === inSecond.second ? inSecond.polls + 1 : 1;
    inSecond.second = Math.floor(now);
    seen.peak = Math.max(seen.peak, inSecond.polls);
    if (now >= warmUp) {
      seen.lateness.push(now - mailbox.nextAt);
      seen.longestGap = Math.max(seen.longestGap, gap);
      seen.polls += 1;
      seen.mails += found;
      seen.busy += lasts;
    }
    mailbox.startedAt = now;
    running.push({ mailbox, endsAt: now + lasts, found, gap });
  };
  const finish = ({ mailbox, found, gap }: { mailbox: Mailbox; found: number; gap: number }): void => {
    ramp.succeeded();
    mailbox.pace = paceAfter(mailbox.pace, { gap: gap * 1_000, found });
    mailbox.nextAt = mailbox.startedAt + waitOf(mailbox.pace, uniform()) / 1_000;
    due.push(mailbox);
  };

  for (let now = 0; now < end;) {
    while (running.size() < Math.min(slots, ramp.width)) {
      const next = due.first();
      if (next === undefined || next.nextAt > now) break;
      due.pop();
      start(next, now);
    }
    const ends = running.first()?.endsAt ?? Infinity;
    const wakes = running.size() < Math.min(slots, ramp.width) ? (due.first()?.nextAt ?? Infinity) : Infinity;
    now = Math.max(now, Math.min(ends + gathering, wakes));
    for (let ended = running.first(); ended !== undefined && ended.endsAt <= now; ended = running.first()) {
      running.pop();
      finish(ended);
    }
  }
  const { lateness, longestGap, allReadAfter, peak } = seen;
  const measured = end - warmUp;
  return {
    ...{ lateness, longestGap, allReadAfter, peak },
    ...{ pollsPerSecond: seen.polls / measured, mailsPerSecond: seen.mails / measured },
    used: seen.busy / measured / slots,
  };
}

/** @param place from 0 to 1 among all, and `random` within its period */
function newMailbox(place: number, random: number, isRestart: boolean): Mailbox {
  let share = 0;
  const perDay = kinds.find(([part]) => place < (share += part))?.[1] ?? 0;
  const period = firstPace.period / 1_000;
  // Of those that are all due, each has been so for a time of its own.
  const nextAt = isRestart ? -random * period : random * period;
  return {
    rate: (perDay * officeHours) / day,
    pace: firstPace,
    startedAt: nextAt - period - (isRestart ? 720 : 0),
    nextAt,
  };
}

/** How many of events that come at random when so many are expected (Knuth). */
function poisson(expected: number, uniform: () => number): number {
  if (expected > 500) return Math.round(expected);
  const limit = Math.exp(-expected);
  let count = 0;
  for (let product = uniform(); product > limit; product *= uniform()) count += 1;
  return count;
}
