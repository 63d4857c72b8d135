import { SourceError, type MailSource, type PreparedMail } from '../source.ts';
import { compose } from './compose.ts';
import { endOf, type End, type Told } from './ends.ts';
import { Unsendable, type OutgoingMail } from './outgoing-mail.ts';
import type { ReadOutgoing } from './read-outgoing.ts';

/** What became of a mail, and the mailbox's own words for it. */
export interface Done {
  readonly end: End;
  readonly error?: unknown;
}

/** A mail that only has to leave. */
export interface WrittenOut {
  readonly mail: OutgoingMail;
  readonly letter: PreparedMail;
}

/** It surely did not leave. */
export type NotSent = Done & { readonly end: Exclude<Told, { kind: 'sent' }> };

/**
 * Makes a mail of a row: as bytes, or, where it is large, within the mailbox. Rejects with CrmError when the CRM does not answer;
 * nothing is left of it then.
 * @param now milliseconds
 */
export async function writeOut(
  source: MailSource,
  read: ReadOutgoing,
  now: () => number,
): Promise<WrittenOut | NotSent> {
  try {
    const { files, ...mail } = await read.mail();
    const bytes = await compose(mail, new Date(now()));
    if (files.length > 0 && source.large !== undefined)
      return { mail, letter: await source.large.prepare(bytes, files) };
    return { mail, letter: { send: () => source.send(bytes), discard: async () => undefined } };
  } catch (error) {
    if (error instanceof Unsendable) return { end: { kind: 'failed', code: error.code, reason: error.message } };
    const end = error instanceof SourceError ? endOf(error, read.attempts + 1, now()) : null;
    if (end?.kind !== 'put-off' && end?.kind !== 'failed') throw error;
    return { end, error };
  }
}
