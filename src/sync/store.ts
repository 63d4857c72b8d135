import type { Change, ChangeKind, ChangeReason, Tried } from '../model/change.ts';
import { MalformedChange, parseReason, parseTried } from '../model/parse-change.ts';

/**
 * Where a Change waits on the device. Two bodies: IndexedDB and memory; one contract (test/contracts/store.ts).
 *
 * An entry is what a drain reads of a Change, without the mail's text, so that thousands are read in one breath. It is
 * - `pending`: to be carried out by the next drain that finds it due;
 * - `handed-over`: the server's ledger has committed it; it stays as a shadow, without attachments, until its end is known,
 *   so that later Changes of its lane follow it to the server even if the server cannot be asked just then;
 * - `stopped`: refused or in conflict; only its person can let it go.
 */
export interface OutboxEntry {
  /** The Change's id. */
  readonly id: string;
  /** Order of arrival on this device, given by the store. */
  readonly seq: number;
  readonly kind: ChangeKind;
  readonly lane: string;
  readonly holdUntil: string | null;
  readonly state: 'pending' | 'handed-over' | 'stopped';
  /**
   * The ledger was offered it and did not clearly refuse: it may have it, or get it late. From then on it goes no other way,
   * or the ledger could carry it out after a later Change of its lane.
   */
  readonly offered: boolean;
  /** What a try found in the CRM whose outcome nobody heard (api/trial); null: there is none. */
  readonly tried: Tried | null;
  /** False while attachment bytes are still being read from the open mail. */
  readonly captured: boolean;
  readonly attempts: number;
  /** ISO 8601; null = now. */
  readonly nextTryAt: string | null;
  readonly since: string;
  readonly reason: ChangeReason | null;
  /** False when only this page's memory has it: then nobody is told "waiting" or "saved", and the ledger comes first. */
  readonly saved: boolean;
}

/** Proof of holding a lease (see locks.ts): writes with an older generation are refused. */
export interface Fence {
  readonly name: string;
  readonly generation: number;
}

/** The lease ended while its holder slept, and somebody else has it: what the late one wanted to write is not written. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export interface Store {
  /** False when nothing here survives closing the page: then nothing may be called saved or waiting. */
  readonly durable: boolean;
  /** Resolves when the entry is on disk (`durability: 'strict'`): from then on a closed window loses nothing. */
  add(change: Change, options: { readonly captured: boolean; readonly since: string }): Promise<OutboxEntry>;
  /** In order of arrival. An entry that another version wrote and this one cannot read is counted and left alone. */
  entries(): Promise<{ readonly entries: readonly OutboxEntry[]; readonly unreadable: number }>;
  entry(changeId: string): Promise<OutboxEntry | null>;
  /** The entries of one lane, in order of arrival. */
  lane(lane: string): Promise<readonly OutboxEntry[]>;
  /** Null when it is gone. @throws MalformedChange when another version wrote it */
  change(changeId: string): Promise<Change | null>;
  /** False, and nothing is written, when the entry is gone: somebody finished or dropped it meanwhile. */
  replace(entry: OutboxEntry): Promise<boolean>;
  /** With its attachments. False when it was gone. */
  remove(changeId: string): Promise<boolean>;
  /** Does nothing when the entry is gone or no longer being captured. */
  putAttachment(changeId: string, index: number, bytes: Blob): Promise<void>;
  attachment(changeId: string, index: number): Promise<Blob | null>;
  removeAttachments(changeId: string): Promise<void>;
  /** Everything as it lies there, readable or not, for an export: one at a time, oldest first. */
  raw(): AsyncGenerator<RawEntry, void>;
  /** Takes or renews a lease until the given moment (milliseconds since 1970); null while another holder's has not ended. */
  takeLease(name: string, holder: string, now: number, until: number): Promise<Fence | null>;
  endLease(fence: Fence): Promise<void>;
  /** The same store, whose entries are changed only while the fence's lease is still the newest. @throws LeaseLost */
  fenced(fence: Fence): Store;
  close(): void;
}

/** One entry as it was found, and the bytes of its attachments by their index. */
export interface RawEntry {
  readonly entry: unknown;
  readonly change: unknown;
  readonly attachments: ReadonlyMap<number, Blob>;
}

export function newEntry(
  change: Change,
  seq: number,
  options: { readonly captured: boolean; readonly since: string; readonly saved: boolean },
): OutboxEntry {
  const { id, kind, lane, holdUntil } = change;
  const begin = { state: 'pending', offered: false, tried: null, attempts: 0, nextTryAt: null, reason: null } as const;
  return { id, seq, kind, lane, holdUntil, ...begin, ...options };
}

const kinds: readonly unknown[] = ['track', 'regard', 'untrack', 'create'] satisfies ChangeKind[];

/** Reads what a store gave back; null for what does not fit. */
export function readEntry(value: unknown): OutboxEntry | null {
  if (typeof value !== 'object' || value === null) return null;
  const entry = value as Partial<Record<keyof OutboxEntry, unknown>>;
  const { id, seq, kind, lane, holdUntil, state, offered, captured, attempts, nextTryAt, since } = entry;
  const fits =
    typeof id === 'string' &&
    typeof lane === 'string' &&
    typeof seq === 'number' &&
    typeof attempts === 'number' &&
    typeof captured === 'boolean' &&
    typeof offered === 'boolean' &&
    typeof since === 'string' &&
    kinds.includes(kind) &&
    (state === 'pending' || state === 'handed-over' || state === 'stopped') &&
    isMomentOrNull(holdUntil) &&
    isMomentOrNull(nextTryAt);
  const reason = fits ? readOrNull(entry.reason, parseReason) : undefined;
  // Written by a version that knew no tries: there is none.
  const tried = readOrNull(entry.tried ?? null, parseTried);
  if (!fits || reason === undefined || tried === undefined) return null;
  const facts = { id, seq, lane, holdUntil, offered, tried, captured, attempts, nextTryAt, since };
  return { ...facts, kind: kind as ChangeKind, state: state, reason, saved: true };
}

function isMomentOrNull(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
}

/** Undefined: it does not fit. */
function readOrNull<Value>(value: unknown, parse: (value: unknown) => Value): Value | null | undefined {
  try {
    return value === null ? null : parse(value);
  } catch (error) {
    if (error instanceof MalformedChange) return undefined;
    throw error;
  }
}
