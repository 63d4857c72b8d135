import type { MailAddress, MailMessage } from '../model/message.ts';

/** A mail whose every part can be read, as long as it stays open. Same shape as sync's OpenMail. */
export interface ReadableMail {
  readonly message: MailMessage;
  readBodyHtml(): Promise<string>;
  /** Rejects when the mail host refuses, hands out nothing, or another item is open meanwhile. */
  readAttachment(id: string): Promise<Blob>;
  /** This person wanted the mail tracked while it was a draft, and nothing has come of it yet. */
  readonly wish?: Wish;
}

export interface Wish {
  /** The id of the Change that was wanted. */
  readonly stamp: string;
  /** It is recorded: the mailbox need not remember it any longer. Never rejects. */
  settle(): Promise<void>;
}

/** The wish to track a draft once it is sent; it lies in the draft itself. */
export interface DraftWish {
  isMade(): Promise<boolean>;
  make(): Promise<void>;
  takeBack(): Promise<void>;
}

/** What the mailbox itself shows about a mail: a display for people, never the truth, which is the CRM's. */
export interface Marks {
  /** Whether this add-in marked the mail as tracked earlier; false when it cannot be told. */
  lastKnown(): Promise<boolean>;
  /** Never rejects: a mark that cannot be made must not fail the change it tells about. */
  show(tracked: boolean): Promise<void>;
}

/** One opening of one item. Opened again, the same item is another OpenItem. */
export interface OpenItem {
  /** Counts openings; a draft whose recipients change keeps its number. */
  readonly turn: number;
  readonly kind: 'mail' | 'draft' | 'appointment';
  /**
   * What the host tells at once: everything but the Date header. A draft's recipients follow as a new OpenItem of the same
   * turn; an appointment's organizer stands as `from`, its attendees as `to` and `cc`.
   */
  readonly message: MailMessage;
  /** The mail with its Date header. Rejects with `ItemClosed` when another item is open meanwhile. */
  read(): Promise<ReadableMail>;
  readonly marks: Marks;
  /** Null for what is no draft of a mail, and where Outlook keeps no headers (Mailbox before 1.8, appointments). */
  readonly wish: DraftWish | null;
  /** A line above the mail, at most 150 characters; replaces our last one. Never rejects. */
  notify(text: string, tone: 'information' | 'error'): Promise<void>;
}

/** The mailbox the program runs beside: Outlook's, or one in memory. */
export interface Mailbox {
  readonly user: MailAddress;
  /** BCP 47, of the mail host's own surface. */
  readonly language: string;
  /** The open item; null when none or several are selected. The same object until something changes. */
  readonly current: () => OpenItem | null;
  /** Called when `current()` changes. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Looks whether another item is open than the host announced: pinned panes miss events (office-js #6833). */
  recheck(): void;
}

const closedName = 'ItemClosed';

/** A read that came too late: another item is open now. Nobody needs to be told. */
export function itemClosed(): Error {
  const error = new Error('Another item is open now.');
  error.name = closedName;
  return error;
}

export function isItemClosed(error: unknown): boolean {
  return error instanceof Error && error.name === closedName;
}
