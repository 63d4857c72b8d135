import { isObject } from '../../../model/is-object.ts';
import { SourceError, type LargeMail, type LetterFile, type PreparedMail } from '../source.ts';
import { attach, countFiles, rest, type AttachParts } from './attach.ts';
import type { MailboxParts } from './folders.ts';
import { isMissingItem, toSourceError } from './graph-error.ts';
import { immutableIds } from './immutable-ids.ts';
import { encodeMime, handOver, hasId, isSent, messageIdOf } from './send.ts';

/** A mail of so many bytes still fits into a request, being base64 within base64. */
const above = 2 * 2 ** 20;
/** Of Exchange Online, which the mailbox's own limit may stay below: it is 35 MB unless an administrator chose. */
const most = 150 * 2 ** 20;
const prepareWithin = 10 * 60_000;
/** Whoever claimed a mail may be judged after a quarter of an hour: by then it must not leave any more. */
const leaveWithin = 5 * 60_000;
const mostTries = 4;

export type LargeMailParts = MailboxParts & Pick<AttachParts, 'pause'>;

/**
 * A mail that does not fit into one request: a draft with its text, to which its files are attached one by one, and which is then
 * sent. The draft has the mail's Message-ID: by that it is known, as what it is and after it left.
 * Of what Outlook shows, only drafts with such an id are ever touched.
 */
export function createLargeMail(parts: LargeMailParts): LargeMail {
  return {
    above,
    most,
    prepare: (mime, files) => prepare(parts, mime, files),
    forget: (messageId) => forget(parts, messageId),
  };
}

async function prepare(parts: LargeMailParts, mime: Uint8Array, files: readonly LetterFile[]): Promise<PreparedMail> {
  const messageId = messageIdOf(mime);
  if (messageId === null) throw new SourceError('refused', 'A mail without Message-ID cannot be sent once.');
  const body = encodeMime(mime);
  if (await isSent(parts, messageId)) return { send: async () => undefined, discard: async () => undefined };
  const id = await createDraft(parts, body, messageId);
  const draft = { id, path: `/messages/${encodeURIComponent(id)}`, messageId };
  const discard = () => remove(parts, draft.path).catch(() => undefined);
  try {
    const deadline = parts.now() + prepareWithin;
    for (const [before, file] of files.entries()) await attach({ ...parts, deadline }, draft.path, file, before);
    if ((await countFiles(parts, draft.path)) !== files.length)
      throw new SourceError('unavailable', 'The draft does not have the files that it was given.');
  } catch (error) {
    await discard();
    throw error instanceof SourceError && error.code === 'not-found' ? takenAway(error) : error;
  }
  return { send: () => sendDraft(parts, draft), discard };
}

/** @returns its immutable id, which the mail keeps when it is sent */
async function createDraft({ door, home }: MailboxParts, body: string, messageId: string): Promise<string> {
  const headers = { prefer: immutableIds, 'content-type': 'text/plain' };
  const draft = await door.json(`${home}/messages`, { method: 'POST', headers, body });
  const id = draft?.['id'];
  if (typeof id !== 'string') throw new SourceError('unavailable', 'Graph does not say the id of the draft.');
  if (draft?.['internetMessageId'] !== messageId)
    await door.json(`${home}/messages/${encodeURIComponent(id)}`, {
      method: 'PATCH',
      headers: { prefer: immutableIds, 'content-type': 'application/json' },
      body: JSON.stringify({ internetMessageId: messageId }),
    });
  return id;
}

interface Draft {
  readonly id: string;
  readonly path: string;
  readonly messageId: string;
}

async function sendDraft(parts: LargeMailParts, { id, path, messageId }: Draft): Promise<void> {
  const latest = parts.now() + leaveWithin;
  // Whoever found the draft in Outlook may have sent it.
  if (await isSent(parts, messageId)) return;
  // What an earlier try left would only confuse its author.
  await forget(parts, messageId, id).catch(() => undefined);
  for (let tried = 1; ; tried += 1) {
    if (parts.now() > latest) throw new SourceError('unavailable', 'The mail could not leave in time.');
    const refusal = await handOver(parts, `${path}/send`, {});
    if (refusal === null) return;
    const error = toSourceError(refusal);
    if (isMissingItem(refusal)) {
      if (await isSent(parts, messageId)) return;
      throw takenAway(error);
    }
    if (error.code !== 'throttled' || tried === mostTries) throw error;
    await rest(parts, error, tried);
  }
}

const takenAway = (cause: SourceError) =>
  new SourceError('unavailable', 'Somebody took the draft of this mail away before it left.', { cause });

/** @param keep the id of a draft that stays */
async function forget(parts: MailboxParts, messageId: string, keep?: string): Promise<void> {
  const { door, home } = parts;
  const query = `$filter=${hasId(messageId)}&$select=id&$top=25`;
  const found = await door.json(`${home}/mailFolders/drafts/messages?${query}`, { headers: { prefer: immutableIds } });
  for (const each of Array.isArray(found?.['value']) ? (found['value'] as unknown[]) : []) {
    const id = isObject(each) ? each['id'] : undefined;
    if (typeof id === 'string' && id !== keep) await remove(parts, `/messages/${encodeURIComponent(id)}`);
  }
}

/** A mail keeps its id when it is sent, also by a person who found the draft: only while it is a draft does it go. */
async function remove({ door, home }: MailboxParts, path: string): Promise<void> {
  const headers = { prefer: immutableIds };
  const draft = await door.json(`${home}${path}?$select=isDraft`, { headers }, isMissingItem);
  const etag = draft?.['@odata.etag'];
  if (draft?.['isDraft'] !== true || typeof etag !== 'string') return;
  const answer = await door.ask(`${home}${path}`, { method: 'DELETE', headers: { ...headers, 'if-match': etag } });
  if ('refusal' in answer && !isMissingItem(answer.refusal)) throw toSourceError(answer.refusal);
}
