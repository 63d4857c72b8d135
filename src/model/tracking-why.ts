/**
 * Why a mail was tracked without a click, or was not: what a daemon says of each mail it has looked at, and the pane and the admin
 * page say in words. A code is for good, it is stored; what belongs to it may be absent in what an older version wrote.
 */

/** Whether it arrived or was sent. */
export type Question = 'incoming' | 'sent';

/** incomingemailfilteringmethod in words, by its number. */
export const filters = ['all', 'replies', 'from-customers', 'from-anybody-known', 'none'] as const;
export type Filter = (typeof filters)[number];

/** Whoever let a mail in: a user or queue, with the filter that did. */
export interface Acceptor {
  readonly table: 'systemuser' | 'queue';
  readonly id: string;
  readonly address: string | null;
  readonly filter: Filter;
}

/** What a mail was accepted by: the e-mail it answers, or the row that its sender (of sent mail: a recipient) is. */
export interface Match {
  readonly by: 'in-reply-to' | 'references' | 'token' | 'sender' | 'recipient';
  readonly table: string;
  readonly id: string;
}

export type TrackedWhy =
  | { readonly code: 'category' }
  | { readonly code: 'folder-rule'; readonly rule: string; readonly folder: string; readonly origin: 'own' | 'crm' }
  /** `by` and `match` are null where a CRM only says yes. */
  | {
      readonly code: 'accepted';
      readonly question: Question;
      readonly by: Acceptor | null;
      readonly match: Match | null;
    }
  | { readonly code: 'already-there' }
  /** A folder rule named a record, and a person had chosen otherwise. */
  | { readonly code: 'kept-by-hand' };

export interface UntrackedWhy {
  readonly code: 'category-removed';
}

export type NotTrackedWhy =
  | { readonly code: 'draft' }
  /** Deleted before it could be read. */
  | { readonly code: 'gone' }
  | { readonly code: 'untracked-by-owner' }
  /** Its e-mail was deleted in the CRM. */
  | { readonly code: 'removed-from-crm' }
  | { readonly code: 'folder-not-watched' }
  | { readonly code: 'before-rule'; readonly rule: string }
  | { readonly code: 'automatic-off' }
  | { readonly code: 'before-start'; readonly start: string }
  | { readonly code: 'no-sender' }
  | { readonly code: 'never-list'; readonly entry: string; readonly address: string }
  | { readonly code: 'internal' }
  | { readonly code: 'private'; readonly sensitivity: 'normal' | 'personal' | 'private' | 'confidential' }
  | { readonly code: 'encrypted' }
  /** The CRM's answers. `asked` is everybody who might have accepted it, with their filters; empty where a CRM does not say. */
  | { readonly code: 'no-recipient-match' }
  | { readonly code: 'no-correlation-match'; readonly asked: readonly Acceptor[] }
  | { readonly code: 'filter-none'; readonly asked: readonly Acceptor[] }
  | { readonly code: 'sent-not-tracked' }
  | { readonly code: 'refused-by-crm'; readonly reason: number | null };

export type Why = TrackedWhy | UntrackedWhy | NotTrackedWhy;
