import { isSettled } from '../../../src/model/change.ts';
import { InjectedFailure } from '../program.ts';
import { clockTime, short } from '../story.ts';
import { changesSomething, historyOf, wasTrue } from './effects.ts';
import type { Facts, Wish } from './facts.ts';

/** Each says in sentences what it found wrong; none when all is well (sync-and-reliability 2.5). */
export type Invariant = (facts: Facts) => readonly string[];

const name = ({ id, change, by }: Wish): string => `${change.kind} ${short(id)} of ${by}`;

/** I1: whatever was accepted has its effect in the CRM, or is seen as refused or in conflict, or is seen to wait. */
export const nothingIsLost: Invariant = (facts) =>
  facts.wishes.flatMap((wish) => {
    const entry = facts.waiting.get(wish.id);
    if (entry !== undefined) return [];
    if (wasTrue(facts, wish.change, facts.now)) return [];
    // Its person took it back: before it left the device, or after reading that the ledger's try was refused.
    const end = facts.ledger.get(wish.id)?.state ?? 'never left';
    if (facts.undone.has(wish.id) && ['never left', 'refused', 'conflict'].includes(end)) return [];
    return [`${name(wish)} was recorded at ${clockTime(wish.at)}; it has no effect, and nobody sees it`];
  });

/** I1: nobody is told that it failed when it happened. */
export const whatIsRefusedDidNotHappen: Invariant = (facts) =>
  facts.wishes.flatMap((wish) => {
    const { id } = wish;
    const refused =
      facts.waiting.get(id)?.state === 'stopped' || ['refused', 'conflict'].includes(facts.ledger.get(id)?.state ?? '');
    const happened = facts.effects.some((effect) => effect.by.change === id && changesSomething(effect));
    return refused && happened ? [`${name(wish)} was refused, but its effect is in the CRM`] : [];
  });

/** I1: nothing is on a screen that is not recorded. */
export const nothingIsMerelyShown: Invariant = ({ shown, wishes }) => {
  const known = new Set(wishes.map(({ id }) => id));
  const unknown = shown.filter(({ status }) => !known.has(status.id));
  return unknown.map(
    ({ who, status }) => `${who} showed ${short(status.id)} as ${status.state}, which no device had recorded`,
  );
};

/** I2: one activity per mail. */
export const oneActivityPerMail: Invariant = (facts) =>
  subjects(facts).flatMap((subject) => {
    const twice = historyOf(facts, subject).find(({ rows }) => rows.size > 1);
    return twice === undefined ? [] : [`"${subject}" is in the CRM twice at ${clockTime(twice.at)}`];
  });

/** I2: one effect per Change, however often it was carried. */
export const oneEffectPerChange: Invariant = (facts) =>
  facts.wishes.flatMap((wish) => {
    const own = facts.effects.filter((effect) => effect.by.change === wish.id && changesSomething(effect));
    return own.length > 1
      ? [
          `${name(wish)} had ${own.length} effects: ${own.map(({ kind, at }) => `${kind} at ${clockTime(at)}`).join(', ')}`,
        ]
      : [];
  });

/** I3: of one device and one lane, no effect comes after that of a later gesture. */
export const orderIsKept: Invariant = (facts) => {
  const place = new Map(facts.wishes.map((wish, index) => [wish.id, { wish, index }]));
  const last = new Map<string, { wish: Wish; index: number }>();
  return facts.effects.flatMap((effect) => {
    const mine = place.get(effect.by.change ?? '');
    if (mine === undefined || !changesSomething(effect)) return [];
    const lane = `${mine.wish.device} ${mine.wish.change.lane}`;
    const before = last.get(lane);
    if (before !== undefined && before.index > mine.index)
      return [`${name(mine.wish)} took effect at ${clockTime(effect.at)}, after the later ${name(before.wish)}`];
    last.set(lane, mine);
    return [];
  });
};

/** I6: one live lease per lane, and no write under one that is over. */
export const leasesAreRespected: Invariant = ({ leases }) => leases;

/** I8: "done" is said of what is done, and no sooner. */
export const doneIsTrue: Invariant = (facts) => {
  const wishes = new Map(facts.wishes.map((wish) => [wish.id, wish]));
  return facts.shown.flatMap(({ who, at, status }) => {
    const wish = wishes.get(status.id);
    if (status.state !== 'done' || wish === undefined || wasTrue(facts, wish.change, at)) return [];
    return [`${who} said at ${clockTime(at)} that ${name(wish)} is done, which it was not`];
  });
};

/** I8: online, a screen tells of an end within five seconds. */
export const endsAreTold: Invariant = (facts) =>
  facts.screens.flatMap(({ who, says }) =>
    facts.wishes.flatMap((wish) => {
      const state = says.get(wish.id);
      if (state === undefined || isSettled(state)) return [];
      const truth = truthOf(facts, wish);
      return truth === null || truth.since > facts.now - 5_000
        ? []
        : [`${who} still says ${state} of ${name(wish)}, which is ${truth.state} since ${clockTime(truth.since)}`];
    }),
  );

/** I8: what one pane says is done, the others of its browser know within five seconds. */
export const panesAgree: Invariant = ({ untold }) => untold;

/** I9: when nothing fails any more, nothing waits for longer than fifteen minutes. */
export const everythingEnds: Invariant = (facts) => {
  const inConflict = new Set(
    [...facts.waiting.values()].filter(({ reason }) => reason?.code === 'conflict').map(({ lane }) => lane),
  );
  const waits = [...facts.waiting.values()].filter(({ state, lane }) => state !== 'stopped' && !inConflict.has(lane));
  const queued = [...facts.ledger.values()].filter(({ state }) => state === 'queued');
  return [
    ...waits.map(({ kind, id, state }) => `${kind} ${short(id)} is still ${state} on its device`),
    ...queued.map(({ id }) => `${short(id)} is still queued in the ledger`),
  ];
};

/** I10: nothing went wrong in a way that nobody expected. */
export const nothingIsUnhandled: Invariant = ({ errors }) =>
  errors
    .filter(({ error }) => !isExpected(error))
    .map(({ who, error }) => `${who}: ${error instanceof Error ? (error.stack ?? String(error)) : String(error)}`);

function isExpected(error: unknown): boolean {
  return error instanceof InjectedFailure || (error instanceof DOMException && error.name === 'QuotaExceededError');
}

function subjects({ effects }: Facts): readonly string[] {
  return [...new Set(effects.flatMap(({ subject }) => (subject === null ? [] : [subject.toLowerCase()])))];
}

function truthOf({ ledger, waiting, now }: Facts, { id }: Wish): { state: string; since: number } | null {
  const row = ledger.get(id);
  if (row !== undefined) return row.state === 'queued' ? null : { state: row.state, since: row.changedAt };
  const entry = waiting.get(id);
  if (entry === undefined) return { state: 'gone from its device', since: now - 60_000 };
  return entry.state === 'stopped' ? { state: 'stopped', since: Date.parse(entry.since) } : null;
}
