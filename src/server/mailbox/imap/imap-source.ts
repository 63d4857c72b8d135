import type { ImapFlow } from 'imapflow';
import { SourceError, type MailSource } from '../source.ts';
import { isGmail, readPage } from './changes.ts';
import { createImapConnection, refusalOf, type ImapAccount } from './connection.ts';
import { toSourceError } from './errors.ts';
import { gmailPlaces, listFolders } from './folders.ts';
import { hasFlag, isMarked, readItemId, trackedKeyword } from './item.ts';
import { openFolder, stayInFolder } from './select.ts';
import { createSubmission, type SubmissionServer } from './submission.ts';
import { watchFolder } from './watch.ts';

export interface ImapSourceOptions extends ImapAccount {
  readonly now: () => Date;
  /** For what fails beside any call. */
  readonly report: (error: unknown) => void;
  /** Where mail is handed in for delivery; without it the source sends nothing. */
  readonly submission?: SubmissionServer;
  /** Most mails on one page of changes. */
  readonly pageSize?: number;
}

/** A mailbox read by IMAP4rev1 and whatever of its extensions the server offers; sent from by SMTP. */
export function createImapSource(options: ImapSourceOptions): MailSource {
  const connection = createImapConnection(options);
  const { now, pageSize = 200 } = options;
  const watches = new Set<() => Promise<void>>();
  let isClosed = false;
  const submission = options.submission && createSubmission(options, options.submission);

  return {
    folders: () => connection.run(listFolders),
    changes: (folderId, cursor, since) =>
      connection.run((client) => readPage(client, { folderId, cursor, since, pageSize, now: now() })),
    mime: (itemId, most) => connection.run((client) => readMime(client, itemId, most)),
    mark: (itemId, tracked) => connection.run((client) => setMark(client, itemId, tracked)),
    count: (folderId) => connection.run(async (client) => (await openFolder(client, folderId)).exists),
    async send(mime) {
      if (submission === undefined) throw new SourceError('refused', 'No server for outgoing mail is known.');
      await submission(mime);
    },
    async watch(folderId, hint) {
      const stop = await watchFolder(options, folderId, hint);
      if (isClosed) {
        await stop();
        throw new SourceError('unavailable', 'The source was closed.');
      }
      watches.add(stop);
      return async () => {
        watches.delete(stop);
        await stop();
      };
    },
    async close() {
      isClosed = true;
      await Promise.all([...watches].map((stop) => stop()));
      await connection.close();
    },
  };
}

async function readMime(client: ImapFlow, itemId: string, most: number): Promise<Uint8Array | null> {
  const uid = await findItem(client, itemId);
  if (uid === undefined) return null;
  const { size } = (await client.fetchOne(uid, { size: true }, { uid: true })) || {};
  if (size === undefined) return null;
  if (size > most) throw tooLarge(size, most);
  // The stated size is an estimate on some servers (Exchange): a byte more than allowed is asked for, and tells.
  const mail = await client.fetchOne(uid, { source: { start: 0, maxLength: most + 1 } }, { uid: true });
  if (mail === false) return null;
  if (mail.source === undefined) throw new SourceError('unavailable', 'IMAP: the server did not send the mail.');
  if (mail.source.length > most) throw tooLarge(mail.source.length, most);
  return mail.source;
}

const tooLarge = (size: number, most: number) =>
  new SourceError('too-large', `The mail has ${String(size)} bytes; at most ${String(most)} are read.`);

async function setMark(client: ImapFlow, itemId: string, tracked: boolean): Promise<boolean> {
  const uid = await findItem(client, itemId, false);
  if (uid === undefined) return false;
  if (tracked && !mayKeep(client)) return false;
  const change = { uid: true, silent: true };
  const isDone = tracked
    ? await client.messageFlagsAdd(uid, [trackedKeyword], change)
    : await client.messageFlagsRemove(uid, [trackedKeyword], change);
  if (!isDone) {
    const refusal = toSourceError(refusalOf(client));
    // A server that takes no more keywords in this folder says so by LIMIT (RFC 5530) or plainly refuses.
    if (refusal.code === 'refused' || /\bLIMIT\b/.test(refusal.message)) return false;
    throw refusal;
  }
  const mail = await client.fetchOne(uid, { flags: true }, { uid: true });
  return mail !== false && isMarked(mail.flags) === tracked;
}

/** Without `\*` the server would take the keyword and forget it (RFC 3501, 7.1). */
function mayKeep({ mailbox }: ImapFlow): boolean {
  if (mailbox === false || mailbox.readOnly === true) return false;
  return hasFlag(mailbox.permanentFlags, '\\*') || hasFlag(mailbox.permanentFlags, trackedKeyword);
}

/**
 * Has the folder open in which a mail lies, and answers its UID; undefined when it is not there any more.
 * @param readOnly false opens the folder for writing
 */
async function findItem(client: ImapFlow, itemId: string, readOnly = true): Promise<string | undefined> {
  const place = readItemId(itemId);
  if (place === undefined) return undefined;
  if (place.kind === 'uid') {
    const validity = await ifThere(async () =>
      readOnly ? stayInFolder(client, place.folderId) : (await openFolder(client, place.folderId, false)).validity,
    );
    return validity === place.validity ? String(place.uid) : undefined;
  }
  if (!isGmail(client)) return undefined;
  for (const path of await gmailPlaces(client)) {
    await openFolder(client, path, readOnly);
    const found = await client.search({ emailId: place.messageNumber }, { uid: true });
    if (found === false) throw toSourceError(refusalOf(client));
    if (found[0] !== undefined) return String(found[0]);
  }
  return undefined;
}

async function ifThere(validity: () => Promise<string>): Promise<string | undefined> {
  try {
    return await validity();
  } catch (error) {
    if (error instanceof SourceError && error.code === 'not-found') return undefined;
    throw error;
  }
}
