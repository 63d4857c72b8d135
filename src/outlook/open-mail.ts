import { dateIn, importanceIn, stampIn, threadLines } from '../model/header-block.ts';
import type { MailMessage } from '../model/message.ts';
import { itemClosed, type ReadableMail } from './mailbox.ts';
import { ask, has } from './office.ts';
import { wishOf } from './stamp.ts';

/** Characters of base64 decoded at once: of an attachment of 50 MB nothing else lies in memory beside the text itself. */
const piece = 1024 * 1024;

/** Bytes per millisecond that Outlook gets from its server at least: 1 MB a second. */
const slowLine = 1_000;

function blobOfBase64(text: string): Blob {
  const pieces: Blob[] = [];
  const bytes = new Uint8Array(piece);
  let rest = '';
  for (let at = 0; at < text.length; at += piece) {
    const next = rest + text.slice(at, at + piece).replace(/\s+/g, '');
    const whole = at + piece < text.length ? next.length - (next.length % 4) : next.length;
    pieces.push(new Blob([bytes.subarray(0, decode(next.slice(0, whole), bytes))]));
    rest = next.slice(whole);
  }
  return new Blob(pieces);
}

/** @returns how many bytes there are */
function decode(base64: string, bytes: Uint8Array): number {
  const binary = atob(base64);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return binary.length;
}

function blobOf({ content, format }: Office.AttachmentContent): Blob {
  // Values of Office.MailboxEnums.AttachmentContentFormat.
  switch (String(format)) {
    case 'base64':
      return blobOfBase64(content);
    case 'eml':
    case 'iCalendar':
      return new Blob([content]);
    default:
      // A link to a file in a cloud: its bytes are not in the mail.
      throw new Error('The attachment is a link.');
  }
}

/**
 * Reads the rest of an open mail. Every answer is dropped with `ItemClosed` unless `stillOpen()` holds when it arrives: the
 * callbacks of the item before still come, and some hosts answer them with the item of now.
 */
export async function readMail(
  item: Office.MessageRead,
  message: MailMessage,
  stillOpen: () => boolean,
): Promise<ReadableMail> {
  const whileOpen = async <T>(answer: Promise<T>): Promise<T> => {
    const value = await answer;
    if (!stillOpen()) throw itemClosed();
    return value;
  };
  if (!stillOpen()) throw itemClosed();

  // Without headers (Mailbox before 1.8, phones) the mail is known by its Message-ID alone.
  const headers = has(item, 'getAllInternetHeadersAsync')
    ? await whileOpen(ask<string>((answer) => item.getAllInternetHeadersAsync(answer)).catch(() => ''))
    : '';

  const stamp = stampIn(headers);
  const thread = threadLines(headers);
  const wish = stamp === undefined ? undefined : await whileOpen(wishOf(item, stamp));

  return {
    message: {
      ...message,
      sentAt: dateIn(headers),
      importance: importanceIn(headers),
      ...(stamp === undefined ? {} : { stamp }),
      ...(thread === '' ? {} : { headers: thread }),
    },
    ...(wish === undefined ? {} : { wish }),
    async readBodyHtml() {
      if (!stillOpen()) throw itemClosed();
      return whileOpen(ask<string>((answer) => item.body.getAsync(Office.CoercionType.Html, answer)));
    },
    async readAttachment(id) {
      if (!stillOpen()) throw itemClosed();
      if (!has(item, 'getAttachmentContentAsync')) throw new Error('This Outlook does not hand out attachments.');
      const stated = message.attachments.find((attachment) => attachment.id === id)?.size ?? 0;
      const content = await whileOpen(
        ask<Office.AttachmentContent>((answer) => item.getAttachmentContentAsync(id, answer), stated / slowLine),
      );
      const bytes = blobOf(content);
      // Outlook at times says "succeeded" and gives nothing (office-js #6098).
      if (bytes.size === 0 && stated > 0) throw new Error('Outlook gave an empty attachment.');
      return bytes;
    },
  };
}
