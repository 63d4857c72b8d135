import { CrmError } from '../../model/errors.ts';
import type { AskCrm } from './rules/ask-crm.ts';
import type { FolderRule } from './rules.ts';
import type { PollServices } from './poll.ts';

/** After a failure the CRM is not asked again for so long: mailboxes are read all the same, and none waits for it. */
const rest = 15_000;

/**
 * What is asked of the CRM during a run. While it does not answer, mail is found and remembered, and decided about later.
 * @param readRules rejects with CrmError
 */
export function createCrmDoor(
  {
    ask,
    readRules,
  }: { ask: AskCrm; readRules: (mailbox: { id: string; address: string }) => Promise<readonly FolderRule[]> },
  now: () => number,
): Pick<PollServices, 'ask' | 'rulesOf'> {
  let away = Number.NEGATIVE_INFINITY;
  const isAway = () => now() - away < rest;
  return {
    async ask(mailbox, mails) {
      if (isAway()) return null;
      const answers = await ask(mailbox, mails);
      if (answers === null) away = now();
      return answers;
    },
    async rulesOf(mailbox) {
      if (isAway()) return null;
      try {
        return await readRules(mailbox);
      } catch (error) {
        if (!(error instanceof CrmError)) throw error;
        away = now();
        return null;
      }
    },
  };
}
