import type { Change, ChangeReason } from '../model/change.ts';
import { MalformedChange, parseChange, parseReason } from '../model/parse-change.ts';

/**
 * Where a Change waits on the device. Two bodies: IndexedDB and memory; one contract (test/contracts/store.ts).
 *
 * An entry is
 * - `pending`: to be carried out by the next drain that finds it due;
 * - `handed-over`: the server's ledger has committed it; it stays as a shadow, without attachments, until its end is known,
 *   so that later Changes of its lane follow it to the server even if the server cannot be asked just then;
 * - `stopped`: refused or in conflict; only its person can let it go.
 */
export interface OutboxEntry {
  /** Order of arrival on this device, given by the store. */
  readonly seq: number;
  readonly change: Change;
  readonly state: 'pending' | 'handed-over' | 'stopped';
  /** False while attachment bytes are still being read from the open mail. */
  readonly captured: boolean;
  readonly attempts: number;
  /** ISO 8601; null = now. */
  readonly nextTryAt: string | null;
  readonly since: string;
  readonly reason: ChangeReason | null;
}

export interface Store {
  /** False when nothing here survives closing the page: then nothing may be called saved or waiting. */
  readonly durable: boolean;
  /** Resolves when the entry is on disk (`durability: 'strict'`): from then on a closed window loses nothing. */
  add(entry: Omit<OutboxEntry, 'seq'>): Promise<OutboxEntry>;
  /** In order of arrival. An entry that another version wrote and this one cannot read is counted and left alone. */
  all(): Promise<{ readonly entries: readonly OutboxEntry[]; readonly unreadable: number }>;
  /** Does nothing when the entry is gone: somebody finished or dropped it meanwhile. */
  replace(entry: OutboxEntry): Promise<void>;
  /** With its attachments. False when it was gone. */
  remove(changeId: string): Promise<boolean>;
  putAttachment(changeId: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  attachment(changeId: string, index: number): Promise<Uint8Array<ArrayBuffer> | null>;
  removeAttachments(changeId: string): Promise<void>;
  close(): void;
}

/** Reads what a store gave back; null for what does not fit. */
export function readEntry(value: unknown): OutboxEntry | null {
  try {
    return parseEntry(value);
  } catch (error) {
    if (error instanceof MalformedChange) return null;
    throw error;
  }
}

function parseEntry(value: unknown): OutboxEntry {
  if (typeof value !== 'object' || value === null) throw new MalformedChange('entry');
  const { seq, change, state, captured, attempts, nextTryAt, since, reason } = value as Record<string, unknown>;
  if (typeof seq !== 'number' || typeof attempts !== 'number' || typeof captured !== 'boolean')
    throw new MalformedChange('entry');
  if (state !== 'pending' && state !== 'handed-over' && state !== 'stopped') throw new MalformedChange('state');
  if (typeof since !== 'string' || (nextTryAt !== null && typeof nextTryAt !== 'string'))
    throw new MalformedChange('since');
  return {
    seq,
    change: parseChange(change),
    state,
    captured,
    attempts,
    nextTryAt,
    since,
    reason: reason === null ? null : parseReason(reason),
  };
}
