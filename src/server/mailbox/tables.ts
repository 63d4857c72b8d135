import type { Generated, Kysely } from 'kysely';
import type { MailboxItemState, MailboxState } from '../../model/mailbox-report.ts';
import type { Queries } from '../db/engine.ts';

/** The rows that migration 0014 makes. Times are milliseconds since 1970, flags 0 and 1. */
export type MailboxTables = {
  mailbox_account: {
    id: string;
    address: string;
    address_folded: string;
    /** Object id of the person with whose rights its mail is written; for a queue's mailbox the one who answers for it. */
    owner: string;
    kind: 'user' | 'queue';
    queue_id: string | null;
    /** SourceConfig as JSON (sources.ts), without its password. */
    source: string;
    /** The password, sealed (secrets.ts). */
    secret: string | null;
    /** MailboxSettings as JSON (settings.ts). */
    settings: string;
    /** `stopped`: it refused us; tried again less and less often, until a person tests it. */
    state: MailboxState;
    code: string | null;
    message: string | null;
    approved: number;
    enabled: number;
    rate: number;
    period: number;
    /** Null: not to be read. */
    next_at: number | null;
    /** A wish to be read that came since the last run began. */
    hint_at: number | null;
    started_at: number | null;
    /** When the run before began. */
    previous_at: number | null;
    lease_until: number | null;
    generation: number;
    failures: number;
    last_ok_at: number | null;
    /** When a mail was last found, and when one last became a Change. */
    last_seen_at: number | null;
    last_written_at: number | null;
    /** Older mail is left alone. */
    process_from: number;
    folders_at: number | null;
    created_at: number;
    changed_at: number;
  };
  mailbox_folder: {
    mailbox_id: string;
    folder_id: string;
    name: string;
    parent_id: string | null;
    role: string | null;
    cursor: string | null;
    /** From when on mail is asked for without a cursor. */
    since: number;
    /** How many mails more than we know of the server had when that was compared. */
    base: number | null;
    /** What the last comparison missed. */
    missing: number;
    counted_at: number | null;
    /** When it was first read to its end. */
    listed_at: number | null;
    polled_at: number | null;
    gone: number;
  };
  mailbox_rule: {
    id: string;
    mailbox_id: string;
    folder_id: string;
    subfolders: number;
    regarding_table: string | null;
    regarding_id: string | null;
    regarding_name: string | null;
    apply_to: 'new' | 'all';
    enabled: number;
    created_at: number;
    changed_at: number;
  };
  mailbox_item: {
    seq: Generated<number>;
    mailbox_id: string;
    /** One row per mailbox and mail, wherever in it the mail lies: the item key, or `content_key` where that is another mail's. */
    message_key: string;
    /** From whom, when and about what: tells two mails apart that carry one Message-ID. */
    content_key: string;
    /** The item key that panes and the ledger know the mail by. */
    item_key: string;
    /** The copy that was seen last. */
    source_id: string;
    folder_id: string;
    /** For its owner's eyes only. */
    subject: string | null;
    received_at: number;
    /** SourceItem as JSON, while it may still be needed. */
    facts: string | null;
    state: MailboxItemState;
    /** What its owner did since it was tracked. */
    wish: ItemWish | null;
    /** Why (decide.ts) as JSON, and its code. */
    why_code: string | null;
    why: string | null;
    /** Id of the regarding record that a folder rule gave it. */
    linked_by_rule: string | null;
    /** What went wrong last. */
    reason_code: string | null;
    reason_message: string | null;
    attempts: number;
    /** When something is to be done about it; null: nothing. */
    due_at: number | null;
    change_id: string | null;
    row_id: string | null;
    already: number;
    mark_wanted: number;
    created_at: number;
    changed_at: number;
  };
  /** Where in the mailbox a mail lies, and what its copy there was like. */
  mailbox_copy: {
    mailbox_id: string;
    folder_id: string;
    source_id: string;
    message_key: string;
    version: string;
    /** Whether our category was on it, and the last version without. */
    marked: number;
    unmarked_version: string | null;
    /** When it came into the folder; null: it was there when the folder was first looked through. */
    filed_at: number | null;
  };
  mailbox_alert: {
    seq: Generated<number>;
    /** Empty: the server; a mailbox's id; or that and an item. */
    about: string;
    mailbox_id: string | null;
    item_seq: number | null;
    scope: 'item' | 'mailbox' | 'server';
    level: 'error' | 'warning' | 'information';
    code: string;
    message: string;
    at: number;
    cleared_at: number | null;
  };
};

/** What its owner did with a mail since: set our category, took it off, put the mail into another folder. */
export type ItemWish = 'mark' | 'unmark' | 'move';

/** The same connection or transaction, with the tables of mailboxes named. */
export function withMailboxes(queries: Queries): Kysely<MailboxTables> {
  return queries.withTables<MailboxTables>();
}
