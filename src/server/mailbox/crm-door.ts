import { CrmError } from '../../model/errors.ts';
import { foldAddress } from '../../model/message.ts';
import type { AskCrm } from './rules/ask-crm.ts';
import type { FolderRule } from './rules.ts';
import type { PollServices } from './poll.ts';

/** After a failure the CRM is not asked again for so long: mailboxes are read all the same, and none waits for it. */
const rest = 15_000;

export interface CrmDoor extends Pick<PollServices, 'ask' | 'rulesOf'> {
  /** Milliseconds since it began not to answer; 0 while it answers. */
  readonly awayFor: () => number;
  /** It answers again. @returns addresses, folded, of the mailboxes whose mail could not be decided about meanwhile */
  readonly isBack: () => readonly string[];
}

export interface CrmDoorServices {
  readonly ask: AskCrm;
  /** Rejects with CrmError. */
  readonly readRules: (mailbox: { id: string; address: string }) => Promise<readonly FolderRule[]>;
  /** It did not answer: somebody looks until it does. */
  readonly failed?: (error: CrmError) => void;
}

/** What is asked of the CRM during a run. While it does not answer, mail is found and remembered, and decided about later. */
export function createCrmDoor({ ask, readRules, failed }: CrmDoorServices, now: () => number): CrmDoor {
  let last = Number.NEGATIVE_INFINITY;
  let since: number | null = null;
  const waiting = new Set<string>();
  const isAway = ({ address }: { readonly address: string }) => {
    const away = now() - last < rest;
    if (away) waiting.add(foldAddress(address));
    return away;
  };
  const fail = ({ address }: { readonly address: string }, error: CrmError) => {
    last = now();
    since ??= last;
    waiting.add(foldAddress(address));
    failed?.(error);
    return null;
  };
  return {
    async ask(mailbox, mails) {
      if (isAway(mailbox)) return null;
      const answers = await ask(mailbox, mails);
      if (answers === null) return fail(mailbox, new CrmError('unavailable', 'The CRM could not be asked.'));
      since = null;
      return answers;
    },
    async rulesOf(mailbox) {
      if (isAway(mailbox)) return null;
      try {
        return await readRules(mailbox);
      } catch (error) {
        if (!(error instanceof CrmError)) throw error;
        return fail(mailbox, error);
      }
    },
    awayFor: () => (since === null ? 0 : now() - since),
    isBack() {
      last = Number.NEGATIVE_INFINITY;
      since = null;
      const addresses = [...waiting];
      waiting.clear();
      return addresses;
    },
  };
}
