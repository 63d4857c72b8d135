import type { MailWhy } from './mailbox-report.ts';
import type { Acceptor, Filter, Match, Why } from './tracking-why.ts';

/** Only the code is sure: the rest is not for everybody to read, and is forgotten after a while. */
type Told<Reason> = Reason extends { readonly code: infer Code }
  ? { readonly code: Code } & Partial<Omit<Reason, 'code'>>
  : never;

/**
 * Why a mail was tracked without a click, or was not, in English sentences for whoever owns the mailbox. A code that a newer
 * server says is told as it is: a strange word is better than a wrong sentence.
 */
export function explainWhy(why: Told<Why>): string {
  switch (why.code) {
    case 'category':
      return 'It carries the tracking category.';
    case 'folder-rule':
      return 'It lies in a tracked folder.';
    case 'accepted':
      return `${acceptedBy(why.by ?? null)}${becauseOf(why.match ?? null)}`;
    case 'already-there':
      return 'Somebody else had tracked it already.';
    case 'kept-by-hand':
      return 'It lies in a tracked folder. What it is regarding was set by hand, and stays as it is.';
    case 'removed-from-crm':
      return 'It was removed from the CRM, and no rule brings it back.';
    case 'category-removed':
      return 'The tracking category was taken off it.';
    case 'draft':
      return 'It is a draft.';
    case 'gone':
      return 'It was moved or deleted before it could be read.';
    case 'untracked-by-owner':
      return 'You untracked it, and no rule overrules that.';
    case 'folder-not-watched':
      return 'Its folder is not looked through.';
    case 'before-rule':
      return 'It was in its folder before the folder was tracked, and the rule is for new mail.';
    case 'automatic-off':
      return 'Automatic tracking is switched off for this mailbox.';
    case 'before-start':
      return 'It is older than the day from which this mailbox is tracked.';
    case 'no-sender':
      return 'It names no sender.';
    case 'never-list':
      return why.address === undefined
        ? 'Somebody on it is on the list of what is never tracked.'
        : `${why.address} is on the list of what is never tracked (${why.entry ?? why.address}).`;
    case 'internal':
      return 'It is mail among colleagues.';
    case 'private':
      return 'Its author marked it as private.';
    case 'encrypted':
      return 'It is encrypted.';
    case 'no-recipient-match':
      return 'Nobody it is addressed to is a user or a queue of the CRM.';
    case 'no-correlation-match':
      return `It does not fit what is to be tracked automatically${filtersOf(why.asked ?? [])}.`;
    case 'filter-none':
      return 'Everybody it is addressed to has automatic tracking switched off.';
    case 'sent-not-tracked':
      return 'Sent mail is not tracked automatically in this organization.';
    case 'refused-by-crm':
      return 'The CRM did not accept it.';
    default:
      return (why satisfies never as { code: string }).code;
  }
}

const filterWords: Record<Filter, string> = {
  all: 'all mail',
  replies: 'replies to tracked mail',
  'from-customers': 'mail from contacts, leads and accounts',
  'from-anybody-known': 'mail from anybody known',
  none: 'no mail',
};

function acceptedBy(by: Acceptor | null): string {
  if (by === null) return 'The CRM accepted it automatically';
  const who = by.address ?? (by.table === 'queue' ? 'A queue' : 'A user');
  return `${who} takes ${filterWords[by.filter]} automatically`;
}

function becauseOf(match: Match | null): string {
  switch (match?.by) {
    case undefined:
      return '.';
    case 'in-reply-to':
    case 'references':
      return ', and it answers a tracked e-mail.';
    case 'token':
      return ', and its subject carries the token of a tracked e-mail.';
    case 'sender':
      return ', and its sender is known.';
    case 'recipient':
      return ', and somebody it was sent to is known.';
  }
}

function filtersOf(asked: readonly Acceptor[]): string {
  const words = [...new Set(asked.map(({ filter }) => filterWords[filter]))];
  return words.length === 0 ? '' : ` (${words.join('; ')})`;
}

/** What the daemon did with the mail, in one sentence. */
export function explainState({ state, why }: MailWhy): string {
  switch (state) {
    case 'new':
      return 'Found in your mailbox; it is decided at the next look.';
    case 'handed':
      return 'On its way into the CRM.';
    case 'tracked':
      return why?.code === 'already-there' ? 'Found in your mailbox.' : 'Tracked without a click.';
    case 'not-tracked':
      return why?.code === 'category-removed' ? 'Untracked.' : 'Not tracked automatically.';
    case 'failed':
      return 'It could not be read or handed over.';
  }
}
