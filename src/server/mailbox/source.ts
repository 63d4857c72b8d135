import type { MailAddress } from '../../model/message.ts';

/**
 * Where a mailbox is read: Microsoft Graph, IMAP, or a folder of mail on this machine. One contract suite runs for every body
 * (test/contracts/mail-source.ts).
 *
 * A source never deletes, moves or re-flags a mail: of all it can write, only our own category is asked of it (`mark`), and what
 * somebody sends from the CRM (`send`; a large one may lie among the drafts until it leaves, or is taken away again). Reading a mail
 * does not make it read.
 *
 * All calls reject with SourceError and nothing else.
 */
export interface MailSource {
  /** All folders, parents before their children. */
  folders(): Promise<readonly SourceFolder[]>;
  /**
   * What happened in one folder since `cursor`; null: all that was received at `since` or later. In no order, and an item may
   * come again, with nothing changed: whoever asks keeps track by `id`. An empty page with `more` is an ordinary page.
   * Rejects with `cursor-lost` when the server forgot the cursor: ask again with null and an earlier `since`.
   */
  changes(folderId: string, cursor: string | null, since: Date): Promise<ChangePage>;
  /** The whole mail as RFC 5322 bytes; null when it is not there any more. Rejects with `too-large` above `most` bytes. */
  mime(itemId: string, most: number): Promise<Uint8Array | null>;
  /** Sets or takes our category. False when the mail is not there any more, or the mailbox takes no categories of ours. */
  mark(itemId: string, tracked: boolean): Promise<boolean>;
  /**
   * How many mails a folder holds, as the server counts them: for noticing that a synchronisation silently missed some. A source whose
   * `changes` never tells of mail older than `since` leaves such mail out here as well.
   */
  count(folderId: string, since?: Date): Promise<number>;
  /**
   * Hands a mail over for delivery to everybody in To, Cc and Bcc; the Bcc lines leave with nobody's copy (Exchange takes them out,
   * for SMTP the source does). Its Message-ID decides what a repetition is. Rejects with `unknown-outcome` if it may have gone out,
   * with anything else only if it surely did not.
   */
  send(mime: Uint8Array): Promise<void>;
  /** Absent where `send` takes whatever the mailbox takes at all. */
  readonly large?: LargeMail;
  /**
   * Calls `hint` when something may have happened: a reason to look sooner, never news by itself. Absent where the mailbox tells
   * nothing by itself. Resolves once it listens; the answer stops it.
   */
  readonly watch?: (folderId: string, hint: () => void) => Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** A way for mails that are too large to be handed over with one request. */
export interface LargeMail {
  /** Bytes of text and files together from which on mails go this way. */
  readonly above: number;
  /** Bytes of files that are taken at most. */
  readonly most: number;
  /**
   * Brings a mail into the mailbox, so that only its leaving is left to be asked for. Nothing leaves yet, and nothing stays of it
   * when this rejects: with SourceError, never `unknown-outcome`, or with what reading a file rejects with.
   */
  prepare(mime: Uint8Array, files: readonly LetterFile[]): Promise<PreparedMail>;
  /** Takes away what is left of preparing the mail with this Message-ID, and nothing else; what was sent stays. */
  forget(messageId: string): Promise<void>;
}

export interface PreparedMail {
  /** As MailSource.send, which it is the second half of. */
  send(): Promise<void>;
  /** It is not to be sent after all. Never rejects: what stays is taken away by the next mail with this Message-ID, or `forget`. */
  discard(): Promise<void>;
}

/** A file that is read in pieces, while it is attached. */
export interface LetterFile {
  readonly name: string;
  readonly contentType: string;
  /** By which the text shows it, without angle brackets. */
  readonly contentId: string | null;
  /** Bytes. */
  readonly size: number;
  /** So many bytes from there; never more than 4 MB are asked for. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export type FolderRole = 'inbox' | 'sent' | 'drafts' | 'trash' | 'junk' | 'archive';

export interface SourceFolder {
  /** Stays the same when the folder is renamed or moved, where the server can say so (Graph; not IMAP). */
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
  readonly role: FolderRole | null;
}

/** What is known of a mail before it is read whole. Everything a mail may lack is nullable or empty. */
export interface SourceItem {
  /** Of this mailbox and for good, where the server can (Graph's immutable id); IMAP: folder, UIDVALIDITY and UID. */
  readonly id: string;
  readonly folderId: string;
  /** Changes whenever the mail's marks change. */
  readonly version: string;
  readonly internetMessageId: string | null;
  readonly subject: string;
  readonly from: MailAddress | null;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  /** Date header, ISO 8601 in UTC; null when absent or unreadable. */
  readonly sentAt: string | null;
  /** When this mailbox got it, ISO 8601 in UTC. */
  readonly receivedAt: string;
  readonly sensitivity: 'normal' | 'personal' | 'private' | 'confidential';
  readonly isDraft: boolean;
  /** Whether our category (IMAP: keyword) is on it. */
  readonly isMarked: boolean;
  /** Bytes, as the server states them. */
  readonly size: number;
  /**
   * In-Reply-To, References, Thread-Index and our stamp, those the mail has, as lines of RFC 5322, where they come with the
   * listing. Absent where they do not; the mail itself is read for them then, when something depends on them.
   */
  readonly headers?: string;
}

export interface ChangePage {
  readonly items: readonly SourceItem[];
  /** Ids of items that are not in this folder any more: moved or deleted. A hint only, until the id itself is asked for. */
  readonly gone: readonly string[];
  /** To be asked with next. */
  readonly cursor: string;
  /** True: there is more at once. */
  readonly more: boolean;
}

export type SourceErrorCode =
  | 'unavailable' // nobody answers, or with 5xx, or the line broke
  | 'throttled' // ask again after `retryAfter`
  | 'unauthorized' // wrong password, expired consent, licence gone: a person must do something
  | 'forbidden' // signed in, but not allowed into this mailbox
  | 'not-found' // no such mailbox or folder
  | 'cursor-lost' // UIDVALIDITY changed, delta token expired
  | 'too-large'
  | 'unknown-outcome' // sent perhaps
  | 'refused'; // the server understood and will not

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;
  /** Milliseconds; only with `throttled`. */
  readonly retryAfter: number | undefined;

  constructor(code: SourceErrorCode, message: string, facts: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: facts.cause });
    this.code = code;
    this.retryAfter = facts.retryAfter;
  }
}
