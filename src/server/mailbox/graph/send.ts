import { SourceError, type MailSource } from '../source.ts';
import { fieldOf } from '../../../model/header-block.ts';
import { headOf } from '../mime/head.ts';
import type { MailboxParts } from './folders.ts';
import { toSourceError } from './graph-error.ts';

/** Of a request to Graph, bytes: the mail as base64. */
const largest = 4 * 1024 * 1024;
const sendWithin = 2 * 60_000;

/** sendMail with MIME: https://learn.microsoft.com/graph/api/user-sendmail. Graph itself forgets what it has sent already. */
export function createSend({ door, home }: MailboxParts): MailSource['send'] {
  const isSent = async (messageId: string) => {
    const filter = encodeURIComponent(`internetMessageId eq '${messageId.replaceAll("'", "''")}'`);
    const found = await door.json(`${home}/mailFolders/sentitems/messages?$filter=${filter}&$select=id&$top=1`);
    return Array.isArray(found?.['value']) && found['value'].length > 0;
  };

  return async (mime) => {
    const body = Buffer.from(mime.buffer, mime.byteOffset, mime.byteLength).toString('base64');
    if (body.length > largest) throw new SourceError('too-large', 'Graph takes mails of about 3 MB.');
    const messageId = messageIdOf(mime);
    if (messageId !== null && (await isSent(messageId))) return;
    let hasLeft = false;
    const leaves = () => {
      hasLeft = true;
    };
    const headers = { 'content-type': 'text/plain' };
    const answer = await door
      .ask(`${home}/sendMail`, { method: 'POST', headers, body, within: sendWithin, leaves })
      .catch((error: unknown) => {
        throw hasLeft && !wasNeverConnected(error) ? unknown(error) : error;
      });
    if ('bytes' in answer) return;
    const { status } = answer.refusal;
    const error = toSourceError(answer.refusal);
    // A 5xx says that something went wrong, not at which step; only 4xx, and 509 for too much traffic, say that nothing was done.
    throw status < 400 || status === 408 || (status >= 500 && status !== 509) ? unknown(error) : error;
  };
}

const unknown = (cause: unknown) => new SourceError('unknown-outcome', 'The mail may have been sent.', { cause });

const connectionNeverMade = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Then nobody has the mail. */
function wasNeverConnected(error: unknown): boolean {
  const reason = error instanceof SourceError && error.cause instanceof TypeError ? error.cause.cause : undefined;
  return reason instanceof Error && 'code' in reason && connectionNeverMade.has(String(reason.code));
}

/** With its angle brackets. */
function messageIdOf(mime: Uint8Array): string | null {
  const field = fieldOf(Buffer.from(headOf(mime)).toString('latin1'), 'message-id');
  return /<[^<>\s]+>/.exec(field ?? '')?.[0] ?? null;
}
