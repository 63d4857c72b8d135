import PostalMime from 'postal-mime';
import type { Address, Attachment, Email } from 'postal-mime';
import type { MailAddress } from '../../../model/message.ts';
import { headOf } from './head.ts';

/** Before any recursion. Header bytes are those of all parts together: 10,000 attachments have more of them than one mail. */
const limits = { maxNestingDepth: 100, maxHeadersSize: 4 * 1024 * 1024, maxRfc822NestingDepth: 0 };

/**
 * A mail as far as it can be read; never throws. `isWhole` is false when its parts are nested or its headers swollen beyond the
 * limits: then only what stands in the beginning of its header is known.
 */
export async function parseMime(raw: Uint8Array): Promise<{ mail: Email; isWhole: boolean }> {
  try {
    return { mail: await PostalMime.parse(wholeOf(raw), limits), isWhole: true };
  } catch {
    const mail = await PostalMime.parse(headOf(raw, 64 * 1024), limits).catch(() => ({
      headers: [],
      headerLines: [],
      attachments: [],
    }));
    return { mail, isWhole: false };
  }
}

/** The parser copies what is but a view. */
function wholeOf(raw: Uint8Array): Uint8Array | ArrayBuffer {
  const { buffer, byteLength } = raw;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : raw;
}

/** Everybody in an address field, groups unfolded. */
export function peopleIn(addresses: readonly Address[] | undefined): MailAddress[] {
  return (addresses ?? [])
    .flatMap((each) => each.group ?? [each])
    .filter((each) => each.address || each.name)
    .map((each) => ({ name: each.name || each.address || '', address: each.address ?? '' }));
}

export interface MailPart {
  readonly name: string;
  readonly contentType: string;
  /** Without angle brackets. */
  readonly contentId: string | null;
  /** Shown within the body. */
  readonly isInline: boolean;
  readonly bytes: Uint8Array;
}

/** The calendar text of an invitation travels as an alternative body, not as something a person attached. */
export function isInvitation(part: Attachment): boolean {
  return part.mimeType === 'text/calendar' && part.disposition !== 'attachment';
}

/** What a person attached, or the body shows. An attached mail is an attachment, not opened. */
export function partsOf(mail: Email): MailPart[] {
  return mail.attachments
    .filter((part) => !isInvitation(part))
    .map((part, index) => ({
      name: nameOf(part, index),
      contentType: part.mimeType || 'application/octet-stream',
      contentId: part.contentId?.replace(/^<|>$/g, '') ?? null,
      isInline: part.disposition === 'inline' || part.related === true,
      bytes: bytesOf(part),
    }));
}

function nameOf(part: Attachment, index: number): string {
  return part.filename ?? (part.mimeType === 'message/rfc822' ? `Message ${index + 1}.eml` : `Attachment ${index + 1}`);
}

export function bytesOf({ content }: Attachment): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}
