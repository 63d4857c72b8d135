import { createHash } from 'node:crypto';
import type { SourceItem } from '../source.ts';

/**
 * What is known of mail that the delta query of a folder leaves out by its `$filter`, because it is older than where the folder began:
 * it is looked at now and then, by when it was last changed, for our category alone.
 */
export interface OldMail {
  /** What was changed before this was looked at; ISO 8601. */
  readonly looked: string;
  /** Where a look stands that did not come to its end: what is still to be looked at, and when the look began. Null: none is under way. */
  readonly at: { readonly link: string | null; readonly since: string; readonly began: string } | null;
  /** Short names of those that were told as marked: only of them it is told that the category was taken off. */
  readonly marked: readonly string[];
}

/** A cursor must stay small; of older ones it is not noticed when the category goes. */
const mostMarked = 500;

const nameOf = (id: string) => createHash('sha256').update(id).digest('base64url').slice(0, 10);

/** Of what was changed, what is worth telling: mails with our category, and those that had it. */
export function tellOld(items: readonly SourceItem[], marked: readonly string[]) {
  const known = new Set(marked);
  const told = items.filter(({ id, isMarked }) => isMarked || known.has(nameOf(id)));
  for (const { id, isMarked } of told)
    if (isMarked) known.add(nameOf(id));
    else known.delete(nameOf(id));
  return { told, marked: [...known].slice(-mostMarked) };
}
