import type { Change, ChangeReason, ChangeStatus, Tried } from '../../model/change.ts';
import { askTogether } from '../../api/ask-together.ts';
import type { Database } from '../db/open.ts';
import { accepting, acceptStep, answerOf, type AcceptStep } from './accept.ts';
import { openAttachment, putAttachment, type StoredAttachment } from './attachments.ts';
import { blockedBy, listKept, listPending, listUntracked, noteRemoved, releaseOutage } from './ask.ts';
import { claiming, note, readClaims, release, renew, stand, untilDue, type Claim, type ClaimStep } from './claim.ts';
import type { Clock } from './clock.ts';
import { readEvents, readLastCursor, readNews, type LedgerEvent } from './events.ts';
import { breath, createGroupCommit } from './group-commit.ts';
import { mendHeads } from './lanes.ts';
import { drop, listOpen, listParked, retry, type OpenChanges, type OpenState } from './parked.ts';
import { purge } from './purge.ts';
import { asWriter, scopeOf, writeAll, type Scope, type Writer } from './scope.ts';
import { settling, type End, type PutOff, type SettleStep } from './settle.ts';
import type { Write } from './write.ts';

/**
 * The ledger: one row per Change the server has promised to carry out.
 *
 *   accept     nothing, or a repetition                         -> queued (committed before anybody is told)
 *   claim      queued, due, the head of its lane                -> queued with a lease; attempts and generation + 1
 *   finish     the lease's generation still stands              -> done | conflict | refused, its event in the same transaction
 *   put off    the same                                         -> queued with a later due_at and a reason, and the event
 *   lease over the worker froze or died                         -> anybody may claim it; the late worker's generation is old,
 *                                                                  so its writes change nothing. The fifth time: refused
 *   retry      conflict | refused                               -> queued, at the end of its lane
 *   drop       queued without a lease | conflict | refused      -> dropped
 *
 * The oldest queued row of a lane is its head; every step that takes one away names the next in the same transaction. Steps
 * are committed in groups (group-commit.ts) by one writer at a time (scope.ts).
 *
 * A row put off because the whole CRM was away (`outage`) becomes due at once when the CRM is back; a row that failed while the
 * CRM was well keeps its own schedule, so that one failing Change does not stand in front of all others.
 */
export interface Ledger {
  /** @throws {HttpError} 403 when the Change is somebody else's */
  accept(owner: string, change: Change): Promise<ChangeStatus>;
  /** Accepts Changes with their attachments, and does in the same transaction what belongs to them: all happens, or nothing. */
  acceptWith(owner: string, given: readonly Given[], alongside: (writer: Writer) => Promise<void>): Promise<void>;
  /** @throws {HttpError} 403 when the Change is somebody else's */
  putAttachment(
    owner: string,
    changeId: string,
    part: number,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void>;
  attachment(changeId: string, part: number): Promise<StoredAttachment | null>;
  /** The heads of up to `most` lanes, those due longest first; a function is asked when the transaction begins. */
  claim(most: number | (() => number)): Promise<readonly Claim[]>;
  renew(claim: Claim): Promise<boolean>;
  /** Gives claims back that were not begun. */
  release(claims: readonly Claim[]): Promise<void>;
  /** False once somebody else has claimed it: whoever asks was silent for too long. */
  stands(claim: Claim): Promise<boolean>;
  /** Writes down what a try found, or null when its outcome is known; false when the claim is lost. */
  note(claim: Claim, tried: Tried | null): Promise<boolean>;
  finish(claim: Claim, end: End): Promise<boolean>;
  putOff(claim: Claim, delay: number, reason: ChangeReason, outage: boolean): Promise<boolean>;
  /** The Change that this one builds on and that ended without effect, if there is one. */
  blockedBy(claim: Claim): Promise<ChangeStatus | null>;
  /** Everything that waited for the CRM alone becomes due. */
  releaseOutage(): Promise<void>;
  /** Milliseconds until a row becomes due; null when nothing is queued. */
  untilDue(): Promise<number | null>;
  /** Unfinished Changes of these lanes, oldest first. */
  pending(lanes: readonly string[]): Promise<readonly ChangeStatus[]>;
  /** This person's Changes of these lanes that were refused and neither dropped nor tried again. */
  parked(owner: string, lanes: readonly string[]): Promise<readonly ChangeStatus[]>;
  /** This person's unfinished and refused Changes, a page of them. */
  list(owner: string, states: readonly OpenState[], after: number, limit: number): Promise<OpenChanges>;
  /** @throws {HttpError} 404, 409 */
  retry(owner: string, changeId: string): Promise<ChangeStatus>;
  /** @throws {HttpError} 404, 409 */
  drop(owner: string, changeId: string): Promise<void>;
  /** Remembers that this person untracked a mail and removed its record. */
  noteRemoved(owner: string, itemKey: string): Promise<void>;
  /** Item keys whose mail this person untracked, its record kept or not: no rule is to track it again. */
  untracked(owner: string, itemKeys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Item keys whose mail this person untracked while keeping the record. */
  kept(owner: string, itemKeys: readonly string[]): Promise<ReadonlySet<string>>;
  events(owner: string, after: number, limit: number): Promise<readonly LedgerEvent[]>;
  lastCursor(): Promise<number>;
  /** Called after a commit that wrote events, with those they are for. */
  subscribe(listener: NewsListener): () => void;
  /** Looks for what other processes on the same database have written, and tells of it. */
  lookForNews(): Promise<void>;
  /** Forgets what need not be kept, and repairs what another version left behind. */
  purge(): Promise<void>;
}

/** A Change with the bytes of its attachments. */
export interface Given {
  readonly change: Change;
  readonly attachments: readonly { readonly part: number; readonly bytes: Uint8Array }[];
}

export type NewsListener = (owners: ReadonlySet<string>) => void;

/** Rows looked at for one claim that turn out to be none: the rest is for the next. */
const mostRounds = 3;

type Step = AcceptStep | ClaimStep | SettleStep;

export function createLedger(database: Database, clock: Clock): Ledger {
  const scope = scopeOf(database, clock);
  const listeners = new Set<NewsListener>();
  const tell = (owners: ReadonlySet<string>): void => {
    for (const listener of listeners) listener(owners);
  };
  const write = createGroupCommit<Step>({
    run: (steps) => writeAll(database, clock, writesOf(scope, steps)),
    weigh: (step) => (step.kind === 'accept' ? step.body.length : 0),
  });
  const settle = async (step: SettleStep): Promise<boolean> => {
    await write(step);
    if (step.owner === null) return false;
    tell(new Set([step.owner]));
    return true;
  };
  const end = ({ seq, generation, change }: Claim, outcome: End | PutOff): Promise<boolean> =>
    settle({ kind: 'settle', seq, generation, change, outcome, owner: null });
  const stands = askTogether((claims: readonly Claim[]) => stand(scope, claims), breath);
  let lookedAt: number | null = null;

  return {
    async accept(owner, change) {
      const step = acceptStep(owner, change);
      await write(step);
      const status = await answerOf(scope, step);
      tell(new Set([owner]));
      return status;
    },

    async claim(most) {
      const limit = typeof most === 'number' ? () => most : most;
      const found: Claim[] = [];
      for (let round = 0; round < mostRounds; round += 1) {
        const step: ClaimStep = { kind: 'claim', most: () => limit() - found.length, rows: [] };
        await write(step);
        const { claims, parked } = readClaims(step.rows);
        found.push(...claims);
        if (parked.length === 0) break;
        // What is not parked now is claimed once more when its lease is over, and must not keep the others from being carried out.
        await Promise.allSettled(parked.map(settle));
      }
      return found;
    },

    async acceptWith(owner, given, alongside) {
      await asWriter(database, clock, async (writer, scope) => {
        await alongside(writer);
        for (const { change, attachments } of given)
          for (const { part, bytes } of attachments) await putAttachment(scope, owner, change.id, part, once(bytes));
        const steps = given.map(({ change }) => acceptStep(owner, change));
        await writer.write(accepting(writer, steps));
      });
      tell(new Set([owner]));
    },

    finish: end,
    putOff: (claim, delay, reason, outage) => end(claim, { state: 'queued', delay, reason, outage }),
    renew: (claim) => renew(scope, claim),
    release: (claims) => release(scope, claims),
    stands,
    note: (claim, tried) => note(scope, claim, tried),
    untilDue: () => untilDue(scope),
    releaseOutage: () => releaseOutage(scope),
    blockedBy: (claim) => blockedBy(scope, claim),

    putAttachment: (owner, changeId, part, bytes) =>
      putAttachment(scope, owner, changeId, part, bytes instanceof Uint8Array ? once(bytes) : bytes),
    attachment: (changeId, part) => openAttachment(scope, changeId, part),

    pending: (lanes) => listPending(scope, lanes),
    parked: (owner, lanes) => listParked(scope, owner, lanes),
    list: (owner, states, after, limit) => listOpen(scope, owner, states, after, limit),
    noteRemoved: (owner, itemKey) => noteRemoved(scope, owner, itemKey),
    untracked: (owner, itemKeys) => listUntracked(scope, owner, itemKeys),
    kept: (owner, itemKeys) => listKept(scope, owner, itemKeys),

    async retry(owner, changeId) {
      const status = await asWriter(database, clock, (writer) => retry(writer, owner, changeId));
      tell(new Set([owner]));
      return status;
    },

    async drop(owner, changeId) {
      await asWriter(database, clock, (writer) => drop(writer, owner, changeId));
      tell(new Set([owner]));
    },

    events: (owner, after, limit) => readEvents(scope, owner, after, limit),
    lastCursor: () => readLastCursor(scope),

    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    async lookForNews() {
      if (lookedAt === null) lookedAt = await readLastCursor(scope);
      const { owners, cursor } = await readNews(scope, lookedAt);
      lookedAt = cursor;
      if (owners.size > 0) tell(owners);
    },

    async purge() {
      if (database.engine === 'postgres') await asWriter(database, clock, mendHeads);
      await purge(scope);
    },
  };
}

/** Ends first: they name the heads that may be claimed. */
function writesOf(scope: Scope, steps: readonly Step[]): readonly Write[] {
  const [settles, accepts] = [ofKind(steps, 'settle'), ofKind(steps, 'accept')];
  return [
    ...(settles.length > 0 ? [settling(scope, settles)] : []),
    ...(accepts.length > 0 ? [accepting(scope, accepts)] : []),
    ...ofKind(steps, 'claim').map((step) => claiming(scope, step)),
  ];
}

function ofKind<Kind extends Step['kind']>(steps: readonly Step[], kind: Kind): Extract<Step, { kind: Kind }>[] {
  return steps.filter((step): step is Extract<Step, { kind: Kind }> => step.kind === kind);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
