import type { MailboxClaim } from './claim.ts';
import type { Decision } from './decide.ts';
import type { FolderRow } from './folders.ts';
import type { HandOverServices } from './hand-over.ts';
import type { AskCrm } from './rules/ask-crm.ts';
import type { FolderRule } from './rules.ts';
import type { OpenItem } from './settle-items.ts';
import type { MailboxSettings } from './settings.ts';
import type { MailSource, SourceItem } from './source.ts';
import type { MailboxStore } from './store.ts';

export interface WorkServices extends HandOverServices {
  readonly store: MailboxStore;
  /** Whether anybody wants these mails; null: the CRM does not answer now. */
  readonly ask: AskCrm;
  readonly report: (error: unknown) => void;
}

export interface MailboxAtWork {
  readonly claim: MailboxClaim;
  readonly source: MailSource;
  readonly settings: MailboxSettings;
  readonly folders: readonly FolderRow[];
  readonly rules: readonly FolderRule[];
  readonly own: ReadonlySet<string>;
  readonly ours: ReadonlySet<string>;
}

/** An item and what is to be done about it. */
export interface Work {
  readonly item: OpenItem;
  readonly facts: SourceItem;
  readonly decision: Decision;
}
