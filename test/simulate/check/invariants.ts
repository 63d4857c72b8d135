import { isSettled, type Change } from '../../../src/model/change.ts';
import { InjectedFailure } from '../program.ts';
import { clockTime, short } from '../story.ts';
import { changesSomething, historyOf, isMet, wasTrue } from './effects.ts';
import type { Effect } from '../crm.ts';
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

/**
 * I2: one effect per Change, however often it was carried. What nobody can tell from a try that never arrived is one whose effect
 * others took back to exactly what had been there before, as long as its answer was not heard: it is carried out again. So is
 * a track that had joined an e-mail which others removed: it wants one to be there.
 */
export const oneEffectPerChange: Invariant = (facts) =>
  facts.wishes.flatMap((wish) => {
    const own = facts.effects.filter((effect) => effect.by.change === wish.id && changesSomething(effect));
    const counted = own.filter(
      (effect, index) => index === 0 || !isAsIfNeverTried(facts, wish, own[index - 1], effect),
    );
    return counted.length > 1
      ? [
          `${name(wish)} had ${own.length} effects: ${own.map(({ kind, at }) => `${kind} at ${clockTime(at)}`).join(', ')}`,
        ]
      : [];
  });

function isAsIfNeverTried(facts: Facts, { id, change }: Wish, first: Effect | undefined, again: Effect): boolean {
  if (first === undefined || change.kind === 'create') return false;
  const moments = historyOf(facts, change.mail.fingerprint.subject);
  const before = (effect: Effect) =>
    JSON.stringify([...(moments[moments.findIndex((moment) => moment.effect === effect) - 1]?.rows ?? [])]);
  const heard = facts.shown.some(({ status, at }) => status.id === id && status.state === 'done' && at < again.at);
  const anew = change.kind === 'track' && again.kind === 'promoted' && first.kind === 'regarding';
  return !heard && (anew || before(first) === before(again));
}

/** I3: of one device and one lane, no effect comes after that of a later gesture. */
export const orderIsKept: Invariant = (facts) => {
  const place = new Map(facts.wishes.map((wish, index) => [wish.id, { wish, index }]));
  const last = new Map<string, { wish: Wish; index: number }>();
  return facts.effects.flatMap((effect) => {
    const mine = place.get(effect.by.change ?? '');
    if (mine === undefined || !changesSomething(effect)) return [];
    const lane = laneOf(mine.wish);
    const before = last.get(lane);
    if (before !== undefined && before.index > mine.index)
      return [`${name(mine.wish)} took effect at ${clockTime(effect.at)}, after the later ${name(before.wish)}`];
    last.set(lane, mine);
    return [];
  });
};

/** I3: nothing is refused for want of something that its person had said before, and that came later. */
export const nothingIsTriedTooEarly: Invariant = (facts) =>
  facts.wishes.flatMap((wish, index) => {
    const since = refusedAt(facts, wish);
    if (since === null) return [];
    const earlier = facts.wishes.slice(0, index).filter((other) => laneOf(other) === laneOf(wish));
    return earlier.flatMap((other) =>
      facts.effects.some(({ by, at }) => by.change === other.id && at > since)
        ? [`${name(wish)} was refused at ${clockTime(since)}, before the earlier ${name(other)} took effect`]
        : [],
    );
  });

/** I3: where one device alone has to do with a mail, its last wish is what is true in the end. */
export const theLastWishStands: Invariant = (facts) =>
  subjects(facts).flatMap((subject) => {
    const moments = historyOf(facts, subject);
    const about = facts.wishes.filter(isAboutRows).filter(({ change }) => change.mail.fingerprint.subject === subject);
    const own = new Set(about.map(({ id }) => id));
    const byOthers = moments.some(({ effect }) => effect !== null && !own.has(effect.by.change ?? ''));
    const isOpen = about.some(
      ({ id }) => facts.undone.has(id) || (facts.waiting.get(id)?.state ?? 'stopped') !== 'stopped',
    );
    const last = about.findLast((wish) => refusedAt(facts, wish) === null);
    if (last === undefined || byOthers || isOpen || new Set(about.map(laneOf)).size !== 1) return [];
    const rows = moments.at(-1)?.rows ?? new Map<string, string | null>();
    return isMet(last.change, rows)
      ? []
      : [`${name(last)} was the last word about "${subject}", and is not true in the end`];
  });

function laneOf({ device, change }: Wish): string {
  return `${device} ${change.lane}`;
}

/** That somebody untracked a mail whose record stays is no matter of the CRM. */
function isAboutRows(wish: Wish): wish is Wish & { readonly change: Exclude<Change, { kind: 'create' }> } {
  return wish.change.kind !== 'create' && !(wish.change.kind === 'untrack' && wish.change.keepRecord);
}

function refusedAt({ ledger, waiting }: Facts, { id }: Wish): number | null {
  const row = ledger.get(id);
  if (row?.state === 'refused' || row?.state === 'conflict') return row.changedAt;
  const entry = waiting.get(id);
  return entry?.state === 'stopped' ? Date.parse(entry.since) : null;
}

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
