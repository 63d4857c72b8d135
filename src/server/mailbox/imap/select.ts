import type { ImapFlow, MailboxObject } from 'imapflow';
import { SourceError } from '../source.ts';
import { isAlive, refusalOf } from './connection.ts';
import { toSourceError } from './errors.ts';
import { uidSet, type UidSet } from './uid-set.ts';

/** What the server said of a folder when it was opened; imapflow goes on changing its own object. */
export interface OpenFolder {
  readonly path: string;
  readonly validity: string;
  readonly next: number;
  readonly exists: number;
  /** Null where the server keeps none, or does not offer to answer by it. */
  readonly modseq: string | null;
  readonly mailbox: MailboxObject;
}

/**
 * Looks into a folder anew. EXAMINE, not SELECT: what is opened for reading only cannot be changed, not even \Recent.
 * @param readOnly false: to set our category
 */
export async function openFolder(client: ImapFlow, path: string, readOnly = true): Promise<OpenFolder> {
  let mailbox: MailboxObject | undefined;
  try {
    mailbox = await client.mailboxOpen(path, { readOnly });
  } catch (error) {
    throw isAlive(client) ? toSourceError(error, 'not-found') : error;
  }
  const { uidValidity, uidNext, exists, highestModseq, noModseq } = mailbox ?? {};
  if (uidValidity === undefined || uidNext === undefined) {
    throw new SourceError('refused', 'IMAP: the server does not number the mails of this folder for good.');
  }
  const hasModseq = client.enabled.has('CONDSTORE') && noModseq !== true && highestModseq !== undefined;
  return {
    path,
    validity: String(uidValidity),
    next: uidNext,
    exists: exists ?? 0,
    modseq: hasModseq ? String(highestModseq) : null,
    mailbox,
  };
}

/** Has the folder open, without asking what is new in it. Answers its UIDVALIDITY. */
export async function stayInFolder(client: ImapFlow, path: string): Promise<string> {
  if (client.mailbox !== false && client.mailbox.path === path) return String(client.mailbox.uidValidity);
  return (await openFolder(client, path)).validity;
}

/** @param range UIDs, inclusive */
export async function searchUids(
  client: ImapFlow,
  range: readonly [first: number, last: number],
  more: { readonly since?: Date; readonly keyword?: string } = {},
): Promise<UidSet> {
  const [first, last] = range;
  if (last < first) return [];
  const found = await client.search({ uid: `${String(first)}:${String(last)}`, ...more }, { uid: true });
  if (found === false) throw toSourceError(refusalOf(client));
  // A server that answers what was not asked must not lead the walk back to where it has been.
  return uidSet(found.filter((uid) => first <= uid && uid <= last));
}
