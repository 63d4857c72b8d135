// A draft that some program hands over as RFC 5322 bytes: what it says, as the mailbox keeps drafts.
import { readSummary } from '../../mailbox/folder/summary.ts';
import { isKeptHeader, type OutgoingPart } from './compose.ts';
import type { Draft } from './drafts.ts';
import { readContent } from './message.ts';

const idsIn = (text: string | undefined): string[] => text?.match(/<[^<>\s]+>/g) ?? [];

/** Fields that the mail does not have are left out. */
export const readMimeDraft = async (raw: Buffer): Promise<{ fields: Partial<Draft>; parts: OutgoingPart[] }> => {
  const [summary, content] = [await readSummary(raw), await readContent(raw)];
  const header = (wanted: string) => content.headers.find(({ name }) => name.toLowerCase() === wanted)?.value;
  const [inReplyTo] = idsIn(header('in-reply-to'));
  const references = idsIn(header('references'));
  const fields: Partial<Draft> = {
    ...(summary.from === null ? {} : { author: summary.from.address.toLowerCase() }),
    to: summary.to,
    cc: summary.cc,
    bcc: summary.bcc,
    replyTo: summary.replyTo,
    subject: summary.subject,
    body:
      content.html === null
        ? { contentType: 'text', content: content.text ?? '' }
        : { contentType: 'html', content: content.html },
    ...(summary.messageId === null ? {} : { messageId: summary.messageId }),
    inReplyTo: inReplyTo ?? null,
    references,
    importance: summary.importance,
    headers: content.headers.filter(({ name }) => isKeptHeader(name)),
    ...(inReplyTo === undefined && references.length === 0 ? {} : { conversation: summary.conversation }),
  };
  return { fields, parts: content.attachments };
};
