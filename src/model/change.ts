import type { CrmErrorCode } from './errors.ts';
import type { MailIdentity } from './item-key.ts';
import type { MailMessage } from './message.ts';
import type { RegardingRef } from './records.ts';

/**
 * A Change is one wish, recorded before it is sent (ARCHITECTURE.md, "The one idea"). It is plain JSON: it lies in the
 * device's outbox, travels to the server's ledger and is carried into the CRM by `apply`, perhaps twice, with one effect.
 */
export type Change = TrackChange | RegardChange | UntrackChange | CreateChange;
export type ChangeKind = Change['kind'];

interface Gesture {
  /** UUIDv7 made at the gesture; the idempotency key everywhere. */
  readonly id: string;
  /** When, ISO 8601 in UTC. */
  readonly at: string;
  /** Mail address of the person whose wish it is; the server trusts its token instead. */
  readonly by: string;
  /** What is kept in order: the item key of a mail, or `table:id` of a record. */
  readonly lane: string;
  /** The previous Change of the same lane on this device, if any: it must be settled first. */
  readonly after: string | null;
  /** Do not carry out before this moment (ISO 8601): the ten seconds in which a removal can be taken back. */
  readonly holdUntil: string | null;
  /** Present where a try was made whose outcome nobody heard (api/trial). */
  readonly tried?: Tried;
}

/** What a try found in the CRM right before it wrote. */
export interface Tried {
  readonly recordId: string;
  readonly regarding: RegardingRef | null;
}

/** Everything the CRM needs of a mail, recorded at the gesture because Office.js reads only the open item. */
export interface RecordedMail
  extends
    MailIdentity,
    Pick<MailMessage, 'subject' | 'from' | 'to' | 'cc' | 'bcc' | 'sentAt' | 'receivedAt' | 'importance'> {
  /** HTML as the mail has it, unsanitised: sanitised wherever it is shown. */
  readonly bodyHtml: string;
  readonly attachments: readonly RecordedAttachment[];
  /** Those by which the CRM joins mails to threads, as lines of RFC 5322, where whoever recorded the mail could read them. */
  readonly headers?: string;
}

/** The bytes lie beside the Change as blob number `index`, unless `leftOut` says why not. */
export interface RecordedAttachment {
  readonly index: number;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly leftOut: LeftOutReason | null;
}

export type LeftOutReason =
  | 'too-large' // above the CRM's limit
  | 'unreadable' // the mail host did not hand it out
  | 'closed'; // the mail was closed before it could be read

export interface TrackChange extends Gesture {
  readonly kind: 'track';
  readonly mail: RecordedMail;
  readonly regarding: RegardingRef | null;
  /**
   * No person asked for this mail. `automatic`: somebody's filter accepted it, and the CRM notes whose. `folder-rule`: it lies in a
   * folder with a rule, whose regarding record never takes the place of another one.
   */
  readonly accepted?: 'automatic' | 'folder-rule';
}

export interface RegardChange extends Gesture {
  readonly kind: 'regard';
  readonly mail: MailIdentity;
  readonly regarding: RegardingRef | null;
  /** For an undo: only if the mail is still regarding this record. Absent: whatever it is now. */
  readonly onlyIfRegarding?: { readonly id: string | null };
}

export interface UntrackChange extends Gesture {
  readonly kind: 'untrack';
  readonly mail: MailIdentity;
  /** True: the e-mail stays in the CRM, only this person's mark goes. */
  readonly keepRecord: boolean;
  /** For the undo of a track: remove only the row it made, and only in the version it saw (null when not known yet). */
  readonly onlyIfUntouched?: { readonly recordId: string; readonly etag: string | null };
}

/** "Add contact" and "Add lead". The row id is made at the click, so a repetition finds it. */
export interface CreateChange extends Gesture {
  readonly kind: 'create';
  readonly table: 'contact' | 'lead';
  readonly recordId: string;
  /** Column name -> value, as the Web API takes it. */
  readonly values: Readonly<Record<string, string | null>>;
}

/** What carrying out a Change brought. Stored with it for 90 days and answered to every repetition. */
export interface ChangeResult {
  /** The row the Change is about; null when nothing is there any more. */
  readonly recordId: string | null;
  readonly etag: string | null;
  readonly regarding: RegardingRef | null;
  /** What the row was regarding before, for an undo. */
  readonly previousRegarding: RegardingRef | null;
  /** True when the row was there before this Change: somebody else tracked the mail first. */
  readonly already: boolean;
  readonly leftOut: readonly RecordedAttachment[];
}

/** The only six words a person is told. A parked, expired or failed Change is *refused*. */
export type ChangeState = 'sending' | 'done' | 'queued' | 'waiting' | 'conflict' | 'refused';

/** Why a Change is where it is, when it was not a call that said so. */
type ChangeReasonCode =
  | 'not-saved' // this browser keeps nothing and nobody answered
  | 'expired' // five days of trying
  | 'poison' // the server broke off again and again while carrying it out
  | 'unreadable' // written by another version, or damaged
  | 'blocked' // what it builds on was not carried out
  | 'dropped'; // its person gave it up

export interface ChangeReason {
  readonly code: CrmErrorCode | ChangeReasonCode;
  /** For people, in the language of whoever said it. */
  readonly message: string;
}

export interface ChangeStatus {
  readonly id: string;
  readonly lane: string;
  readonly kind: ChangeKind;
  readonly state: ChangeState;
  /** Since when, ISO 8601. */
  readonly at: string;
  readonly reason: ChangeReason | null;
  /** ISO 8601; null when nothing is planned. */
  readonly nextTryAt: string | null;
  /** Queued only: how many are before it, 0 = next. */
  readonly position: number | null;
  readonly result: ChangeResult | null;
}

/** Finished for good: nothing will happen to it without a human. */
export function isSettled(state: ChangeState): boolean {
  return state === 'done' || state === 'refused' || state === 'conflict';
}

/** The same Change with what is known of its tries. */
export function asTried<Kind extends Change>(change: Kind, tried: Tried | null): Kind {
  return tried === null ? change : { ...change, tried };
}

/** Only what needs no human goes to the server's queue; a form stays with the person who filled it in. */
export function mayBeQueued(change: Change): boolean {
  return change.kind !== 'create';
}
