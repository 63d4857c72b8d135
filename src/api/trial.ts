import type { Change, ChangeResult, Tried } from '../model/change.ts';
import { CrmError } from '../model/errors.ts';
import type { PromotedMail } from './tracked-mail.ts';

/**
 * A Change whose outcome nobody heard (the answer was lost, the program ended) is carried out again, and meanwhile a colleague
 * may have set something else. A CRM does not keep whose wish it carried out, so the repetition cannot ask whether the first
 * try arrived. It asks what others did since: before a try writes over a row, what it found there is written down with the
 * Change (`Tried`), on the device as in the ledger, and handed over with it.
 *
 * - The row still says what the try found: nobody took anything back, so the wish is said again. The values are compared, not
 *   the versions: a version also moves when somebody edits another column, and the click would be lost.
 * - The row says what the Change wants: it arrived.
 * - The row says something else, or another row took its place: somebody decided after the try had looked. Had its answer been
 *   heard, theirs would have come later, and the later one wins: the Change is *overtaken*, which is done, and theirs stands.
 *
 * What cannot be told apart is a try that never arrived and one whose value somebody set back to exactly what it had found.
 */
export interface Trial {
  /** What an earlier try found whose outcome nobody heard; null: there is none. */
  readonly unheard: Tried | null;
  /** Writes over the row of a mail, with what was found there written down before. */
  write<Answer>(found: PromotedMail, work: () => Promise<Answer>): Promise<Answer>;
}

/** Writes down durably what is tried, or with null that its outcome is known. */
export type NoteTried = (tried: Tried | null) => Promise<void>;

export function createTrial({ tried }: Change, note: NoteTried): Trial {
  const unheard = tried ?? null;
  return {
    unheard,
    async write(found, work) {
      // What is tried again is what was tried before; an earlier try, stuck on its way, may yet arrive.
      if (unheard !== null) return work();
      await note({ recordId: found.activityId, regarding: found.regarding });
      try {
        return await work();
      } catch (error) {
        if (error instanceof CrmError && error.facts.outcomeUnknown !== true) await note(null);
        throw error;
      }
    },
  };
}

/** Whether others have decided about the mail since the try that nobody heard of, to something other than what is wanted. */
export function isOvertaken({ unheard }: Trial, found: PromotedMail | null, wanted: string | null): boolean {
  if (unheard === null) return false;
  if (found?.activityId !== unheard.recordId) return true;
  const current = idOf(found);
  return current !== wanted && current !== (unheard.regarding?.id ?? null);
}

/** What the row was regarding before this Change. */
export function previousOf({ unheard }: Trial, found: PromotedMail): ChangeResult['previousRegarding'] {
  return unheard === null ? found.regarding : unheard.regarding;
}

function idOf({ regarding }: PromotedMail): string | null {
  return regarding?.id ?? null;
}
