import type { RegardingRef } from './records.ts';
import type { Why } from './tracking-why.ts';

/** What the server tells people about the mailboxes it looks after (`/sync/v1/mailboxes`). Times are ISO 8601 in UTC. */
export interface MailboxReport {
  readonly id: string;
  readonly address: string;
  /** Whether it is the asker's own; others are shown to administrators only, without subjects. */
  readonly own: boolean;
  readonly kind: 'user' | 'queue';
  readonly source: 'graph' | 'imap' | 'folder';
  /** How an IMAP server is reached, without any secret; null for other sources. */
  readonly connection: MailboxConnection | null;
  readonly approved: boolean;
  readonly enabled: boolean;
  readonly state: MailboxState;
  /** Why it is stopped or throttled; null when nothing is wrong. */
  readonly reason: { readonly code: string; readonly message: string } | null;
  /** When it is read next; null when not by itself. */
  readonly nextAt: string | null;
  /** It is being read now. */
  readonly running: boolean;
  readonly startedAt: string | null;
  /** End of the last run without trouble. */
  readonly lastOkAt: string | null;
  /** When a mail was last found in it, and when one last became a change. */
  readonly lastSeenAt: string | null;
  readonly lastWrittenAt: string | null;
  /** Milliseconds between two looks, as it is busy or idle. */
  readonly period: number;
  /** How many mails, by what became of them. */
  readonly counts: { readonly [State in MailboxItemState]: number };
  /** The mailbox's settings by name (docs/operating.md); null for others' mailboxes. */
  readonly settings: Readonly<Record<string, unknown>> | null;
  /** Standing alerts about it, worst first. */
  readonly alerts: readonly MailboxAlert[];
}

export interface MailboxConnection {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user: string;
  /** Null: a password. */
  readonly oauth: { readonly tokenEndpoint: string; readonly clientId: string; readonly scope: string | null } | null;
}

export type MailboxState = 'untested' | 'ready' | 'stopped';

/** `new`: found, to be decided; `handed`: on its way into the CRM. */
export type MailboxItemState = 'new' | 'not-tracked' | 'handed' | 'tracked' | 'failed';

export interface MailboxItem {
  readonly seq: number;
  /** Null where it is not for the asker's eyes. */
  readonly subject: string | null;
  readonly receivedAt: string;
  readonly folder: string | null;
  readonly state: MailboxItemState;
  /** Null while nothing is decided. */
  readonly why: Why | null;
  /** What went wrong last. */
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly attempts: number;
  /** When it is tried next; null: not by itself. */
  readonly nextTryAt: string | null;
  /** The e-mail in the CRM. */
  readonly recordId: string | null;
  readonly changedAt: string;
}

export interface MailboxItems {
  readonly items: readonly MailboxItem[];
  /** To be asked for as `before`; null when these were the oldest. */
  readonly next: number | null;
}

export interface MailboxAlert {
  readonly seq: number;
  readonly level: 'error' | 'warning' | 'information';
  readonly scope: 'item' | 'mailbox' | 'server';
  readonly code: string;
  /** For people; without subjects and addresses of others. */
  readonly message: string;
  readonly at: string;
  readonly clearedAt: string | null;
}

export interface MailboxList {
  readonly mailboxes: readonly MailboxReport[];
  /** Whether the asker may approve mailboxes and sees those of others. */
  readonly administrator: boolean;
  /** Standing alerts about the server itself; empty for others than administrators. */
  readonly alerts: readonly MailboxAlert[];
}

/** A folder and the rule that tracks what is in it. */
export interface MailboxFolder {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
  readonly role: string | null;
  readonly rule: MailboxFolderRule | null;
  /** Why its rule does nothing, `folder-gone` for example; null: nothing is wrong. */
  readonly trouble: string | null;
}

export interface MailboxFolderRule {
  readonly includeSubfolders: boolean;
  readonly regarding: RegardingRef | null;
  readonly appliesTo: 'new' | 'all';
}

/** What became of the open mail without a click, in the asker's own mailboxes. */
export interface MailFound {
  /** Null: none of them has told of it. */
  readonly found: MailWhy | null;
  /** The moment from which on mail is looked for in one of them; null: none is looked through. */
  readonly since: string | null;
  /** The asker untracked the mail, which keeps rules from tracking it; whether it is tracked now is for the CRM to say. */
  readonly untracked: boolean;
}

export interface MailWhy {
  readonly state: MailboxItemState;
  readonly why: Why | null;
  readonly at: string;
}

/** What a rule would change of the mail that lies in a folder now. */
export interface RulePreview {
  readonly mails: number;
  /** By the record they are regarding now; `byHand` ones stay as they are. */
  readonly regardingNow: readonly {
    readonly regarding: RegardingRef | null;
    readonly mails: number;
    readonly byHand: boolean;
  }[];
}
