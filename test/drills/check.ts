import { isSettled, type Change, type ChangeStatus } from '../../src/model/change.ts';
import type { ItemState } from '../../src/model/item-state.ts';
import type { Lane, Told } from './load.ts';
import type { Effect } from './records.ts';

/** Everything that is known when it is quiet again; what the product said itself, and what its databases say. */
export interface Evidence {
  readonly lanes: readonly Lane[];
  readonly told: readonly Told[];
  /** Change id -> state, read before anything was asked again: a repost would put a lost Change back. */
  readonly ledger: ReadonlyMap<string, string>;
  /** In the order in which they happened. */
  readonly effects: readonly Effect[];
  /** The same after every Change was posted once more. */
  readonly effectsAfterReposts: readonly Effect[];
  /** What each Change's last repost was answered. */
  readonly reposts: ReadonlyMap<string, ChangeStatus>;
  /** Every event of every person since the beginning, in the order of the cursor. */
  readonly events: readonly ChangeStatus[];
  /** Item key -> what its person is told of the mail now. */
  readonly states: ReadonlyMap<string, ItemState>;
}

/** Compares all stores with what was promised. @returns one sentence for every promise that was broken */
export function check(evidence: Evidence): string[] {
  return [
    ...nothingLost(evidence),
    ...nothingDoubledOrOutOfOrder(evidence),
    ...repostsAnswerTheStoredResult(evidence),
    ...oneEventPerEnd(evidence),
    ...wordsEqualTheTruth(evidence),
  ];
}

function nothingLost({ told, ledger }: Evidence): string[] {
  const problems: string[] = [];
  for (const { change, status } of told) {
    const state = ledger.get(change.id);
    if (state === undefined)
      problems.push(`Lost: ${name(change)} was answered "${status.state}", the ledger has no row.`);
    else if (isSettled(status.state) && state !== status.state)
      problems.push(`Taken back: ${name(change)} was answered "${status.state}", the ledger says "${state}".`);
    else if (state !== 'done')
      problems.push(`Not done: ${name(change)} is "${state}" although nothing was wrong with it.`);
  }
  return [...new Set(problems)];
}

function nothingDoubledOrOutOfOrder({ lanes, effects, effectsAfterReposts }: Evidence): string[] {
  return lanes.flatMap((lane) => {
    const wanted = lane.changes.map(effectOf);
    const seen = effects.filter(({ messageId }) => messageId === lane.mail.messageId);
    const after = effectsAfterReposts.filter(({ messageId }) => messageId === lane.mail.messageId);
    const problems: string[] = [];
    if (!isSame(seen, wanted))
      problems.push(`Effects of ${lane.mail.messageId}: wanted ${write(wanted)}, happened ${write(seen)}.`);
    if (after.length !== seen.length)
      problems.push(`Done again: posting the changes of ${lane.mail.messageId} once more had effects.`);
    return problems;
  });
}

function repostsAnswerTheStoredResult({ lanes, told, reposts }: Evidence): string[] {
  const problems: string[] = [];
  for (const change of lanes.flatMap((lane) => lane.changes)) {
    const answer = reposts.get(change.id);
    if (answer === undefined || !isSettled(answer.state))
      problems.push(`A repost of ${name(change)} is answered "${answer?.state ?? 'nothing'}".`);
    for (const { status } of told.filter((each) => each.change.id === change.id && isSettled(each.status.state)))
      if (!isSame(status, answer))
        problems.push(`Reposts of ${name(change)} differ: ${JSON.stringify(status)}, then ${JSON.stringify(answer)}.`);
  }
  return problems;
}

/** Completion and event are one transaction, or a pane waits for ever, or is told of what did not last. */
function oneEventPerEnd({ lanes, ledger, events }: Evidence): string[] {
  return lanes
    .flatMap((lane) => lane.changes)
    .flatMap((change) => {
      const ends = events.filter((event) => event.id === change.id && isSettled(event.state));
      const settled = ledger.get(change.id) === 'done' ? 1 : 0;
      return ends.length === settled
        ? []
        : [`${name(change)} has ${ends.length} events of its end instead of ${settled}.`];
    });
}

function wordsEqualTheTruth({ lanes, states }: Evidence): string[] {
  return lanes.flatMap((lane) => {
    const last = lane.changes.map(effectOf).at(-1);
    const state = states.get(lane.mail.itemKey);
    const tracked = state?.tracked;
    const said =
      tracked === null || tracked === undefined
        ? 'not tracked'
        : tracked === 'unknown' || tracked.visibility !== 'full'
          ? 'unknown'
          : `regarding ${tracked.regarding?.id ?? 'nothing'}`;
    const wanted =
      last === undefined || last.what === 'untrack' ? 'not tracked' : `regarding ${last.regarding ?? 'nothing'}`;
    if (said === wanted && state?.pending.length === 0) return [];
    return [`${lane.mail.messageId} is ${wanted}; a pane says ${said} and ${state?.pending.length ?? 0} under way.`];
  });
}

function effectOf(change: Change, index: number, all: readonly Change[]): Effect {
  const messageId = change.kind === 'create' ? '' : change.mail.messageId;
  switch (change.kind) {
    case 'track':
      return { messageId, what: 'track', regarding: change.regarding?.id ?? null };
    case 'regard':
      return { messageId, what: 'regard', regarding: change.regarding?.id ?? null };
    case 'untrack':
      return { messageId, what: 'untrack', regarding: null };
    case 'create':
      throw new Error(`Drills post no forms, but number ${index} of ${all.length} is one.`);
  }
}

function name(change: Change): string {
  return `${change.kind} ${change.id}`;
}

function write(effects: readonly Effect[]): string {
  return effects
    .map(({ what, regarding }) => `${what}${regarding === null ? '' : ` ${regarding.slice(-4)}`}`)
    .join(', ');
}

/** By what is written: under jest, what a driver makes comes from another realm and is equal to nothing. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
