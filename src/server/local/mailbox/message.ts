// What a mail says, read from all of its bytes.
import { bytesOf, isInvitation, parseMime, partsOf } from '../../mailbox/mime/parse-mime.ts';
import { readInvitation } from './invitation.ts';
import type { Invitation } from './invitation.ts';

interface Part {
  name: string;
  contentType: string;
  /** Without angle brackets. */
  contentId: string | null;
  inline: boolean;
  bytes: Uint8Array;
}

export interface Content {
  headers: { name: string; value: string }[];
  html: string | null;
  text: string | null;
  attachments: Part[];
  invitation: Invitation | null;
}

export const readContent = async (raw: Uint8Array): Promise<Content> => {
  const { mail } = await parseMime(raw);
  const calendar = mail.attachments.find(isInvitation);
  return {
    headers: mail.headers.map((each) => ({ name: each.originalKey, value: each.value })),
    html: mail.html ?? null,
    text: mail.text ?? null,
    attachments: partsOf(mail).map(({ isInline, ...part }) => ({ ...part, inline: isInline })),
    invitation: calendar ? readInvitation(Buffer.from(bytesOf(calendar)).toString('utf8'), calendar.method) : null,
  };
};
