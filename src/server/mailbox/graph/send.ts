import { SourceError, type MailSource } from '../source.ts';
import { fieldOf } from '../../../model/header-block.ts';
import { headOf } from '../mime/head.ts';
import type { MailboxParts } from './folders.ts';
import type { GraphRequest } from './graph-door.ts';
import { toSourceError, type GraphRefusal } from './graph-error.ts';

/** Of a request to Graph, bytes: the mail as base64. */
const largest = 4 * 1024 * 1024;
const sendWithin = 2 * 60_000;

/** sendMail with MIME: https://learn.microsoft.com/graph/api/user-sendmail. Graph itself forgets what it has sent already. */
export function createSend(parts: MailboxParts): MailSource['send'] {
  return async (mime) => {
    const body = encodeMime(mime);
    const messageId = messageIdOf(mime);
    if (messageId !== null && (await isSent(parts, messageId))) return;
    const refusal = await handOver(parts, '/sendMail', { headers: { 'content-type': 'text/plain' }, body });
    if (refusal !== null) throw toSourceError(refusal);
  };
}

/** A mail as the body of a request in MIME format. @throws {SourceError} too-large */
export function encodeMime(mime: Uint8Array): string {
  const body = Buffer.from(mime.buffer, mime.byteOffset, mime.byteLength).toString('base64');
  if (body.length > largest) throw new SourceError('too-large', 'Graph takes mails of about 3 MB.');
  return body;
}

export async function isSent({ door, home }: MailboxParts, messageId: string): Promise<boolean> {
  const found = await door.json(`${home}/mailFolders/sentitems/messages?$filter=${hasId(messageId)}&$select=id&$top=1`);
  return Array.isArray(found?.['value']) && found['value'].length > 0;
}

/** The condition of a `$filter`, encoded. */
export const hasId = (messageId: string): string =>
  encodeURIComponent(`internetMessageId eq '${messageId.replaceAll("'", "''")}'`);

/**
 * A POST after which a mail leaves. Rejects with `unknown-outcome` when it may have left without an answer that says so.
 * @returns null when it leaves; else why it surely does not
 */
export async function handOver(
  { door, home }: MailboxParts,
  path: string,
  request: Pick<GraphRequest, 'headers' | 'body'>,
): Promise<GraphRefusal | null> {
  let hasLeft = false;
  const leaves = () => {
    hasLeft = true;
  };
  const answer = await door
    .ask(`${home}${path}`, { ...request, method: 'POST', within: sendWithin, leaves })
    .catch((error: unknown) => {
      throw hasLeft && !wasNeverConnected(error) ? unknown(error) : error;
    });
  if ('bytes' in answer) return null;
  const { status } = answer.refusal;
  // A 5xx says that something went wrong, not at which step; only 4xx, and 509 for too much traffic, say that nothing was done.
  if (status < 400 || status === 408 || (status >= 500 && status !== 509)) throw unknown(toSourceError(answer.refusal));
  return answer.refusal;
}

const unknown = (cause: unknown) => new SourceError('unknown-outcome', 'The mail may have been sent.', { cause });

const connectionNeverMade = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Then nobody has the mail. */
function wasNeverConnected(error: unknown): boolean {
  const reason = error instanceof SourceError && error.cause instanceof TypeError ? error.cause.cause : undefined;
  return reason instanceof Error && 'code' in reason && connectionNeverMade.has(String(reason.code));
}

/** With its angle brackets. */
export function messageIdOf(mime: Uint8Array): string | null {
  const field = fieldOf(Buffer.from(headOf(mime)).toString('latin1'), 'message-id');
  return /<[^<>\s]+>/.exec(field ?? '')?.[0] ?? null;
}
