import type { MailReasons } from '../api/mail-why.ts';
import type { People } from '../api/people.ts';
import type { RegardingSearch } from '../api/regarding.ts';
import type { Change, ChangeStatus } from '../model/change.ts';
import type { MailIdentity } from '../model/item-key.ts';
import type { ItemState } from '../model/item-state.ts';
import type { Device } from '../sync/device.ts';
import type { Gestures } from '../sync/gestures.ts';

/** What is known of Changes, for a screen to subscribe to. */
export interface ChangeBoard {
  /** Oldest first; the same array until something in the lane changes. */
  readonly of: (lane: string) => readonly ChangeStatus[];
  readonly all: () => readonly ChangeStatus[];
  readonly subscribe: (listener: () => void) => () => void;
}

/** The writing half: gestures and what becomes of them. */
export interface Tracking {
  readonly gestures: Gestures;
  readonly changes: ChangeBoard;
  /** This device as a place where Changes wait. */
  readonly device: Device;
  /** Everything that waits here, in one JSON file. */
  readonly exportOutbox: () => Promise<Blob>;
  readonly itemState: (mail: MailIdentity, signal: AbortSignal) => Promise<ItemState>;
  /** What the CRM itself says of the mail, to this person. */
  readonly glance: (mail: MailIdentity, signal: AbortSignal) => Promise<ItemState['tracked']>;
  /** Why the mail is or is not tracked. */
  readonly reasons: (itemKey: string, activityId: string | null) => Promise<MailReasons>;
  readonly drop: (changeId: string) => Promise<boolean>;
  readonly retryNow: () => void;
}

/** The reading half. */
export interface Crm {
  readonly people: People;
  readonly regarding: RegardingSearch;
  /** Where "Open in CRM" leads. */
  readonly link: (record: { table: string; id: string }) => string;
}

export interface Services {
  readonly crm: Crm;
  readonly tracking: Tracking;
  /** Inside a click only. */
  readonly signIn: () => Promise<void>;
}

/** A gesture of this session that can still be taken back; by lane. */
export type UndoMemory = Map<string, { readonly change: Change; readonly turn: number }>;
